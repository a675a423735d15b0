//! What is wrong with a query, and where.

use crate::method::{Code, Error, FieldError};

/// A query that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// Where, counted in characters from 1.
    pub column: usize,
    /// What is wrong, in words.
    pub message: String,
    /// What may have been meant, best first.
    pub suggestions: Vec<String>,
}

impl QueryError {
    pub(super) fn new(column: usize, message: impl Into<String>) -> Self {
        Self { column, message: message.into(), suggestions: Vec::new() }
    }

    pub(super) fn suggesting(mut self, suggestions: Vec<String>) -> Self {
        if let [best, ..] = &suggestions[..] {
            self.message.push_str(&format!("; did you mean '{best}'?"));
        }
        self.suggestions = suggestions;
        self
    }

    /// The error of the argument at `pointer`, which holds the query.
    pub fn at(self, pointer: impl Into<String>) -> FieldError {
        let message = format!("{} (column {})", self.message, self.column);
        let error = FieldError::new(pointer, "invalid_query", message).with("column", self.column);
        if self.suggestions.is_empty() { error } else { error.with("suggestions", self.suggestions) }
    }

    /// The error of a call whose argument at `pointer` holds the query.
    #[track_caller]
    pub fn of_argument(self, pointer: impl Into<String>) -> Error {
        let field = self.at(pointer);
        Error::of_fields(Code::InvalidQuery, format!("The query is not understood: {}", field.message), vec![field])
    }
}

/// At most so many characters of what was sent, for a message.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
