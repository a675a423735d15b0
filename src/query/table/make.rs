//! The kinds of fields there are.

use super::{Field, Indexed, Kept, Kind, Place};

/// A keyword in a column.
pub const fn keyword(name: &'static str, column: &'static str) -> Field {
    Field::new(name, Kind::Keyword, Place::Column(column), Kept::Text)
}

/// A keyword that is one of a few words, in a column.
pub const fn choice(name: &'static str, column: &'static str, words: &'static [&'static str]) -> Field {
    let mut field = Field::new(name, Kind::Keyword, Place::Column(column), Kept::Folded);
    field.words = words;
    field
}

/// An identifier in a column.
pub const fn id(name: &'static str, column: &'static str) -> Field {
    Field::new(name, Kind::Keyword, Place::Column(column), Kept::Id)
}

/// Text; the words of the row are stored under this key.
pub const fn text(name: &'static str, key: &'static str) -> Field {
    Field::new(name, Kind::Text, Place::Words(key), Kept::Text)
}

/// Text of the full-text index: of the object itself.
pub const fn searched(name: &'static str, kind: &'static str) -> Field {
    Field::new(name, Kind::Text, Place::Search(Indexed { kind, is_private: false, by_parent: false }), Kept::Text)
}

/// Text of the full-text index: of what has the object for its parent, public or private.
pub const fn searched_below(name: &'static str, kind: &'static str, is_private: bool) -> Field {
    let place = Place::Search(Indexed { kind, is_private, by_parent: true });
    Field::new(name, Kind::Text, place, Kept::Text)
}

/// A whole number in a column.
pub const fn number(name: &'static str, column: &'static str) -> Field {
    Field::new(name, Kind::Number, Place::Column(column), Kept::Whole(1))
}

/// An instant in a column.
pub const fn timestamp(name: &'static str, column: &'static str) -> Field {
    Field::new(name, Kind::Timestamp, Place::Column(column), Kept::Instant)
}

/// A boolean in a column.
pub const fn boolean(name: &'static str, column: &'static str) -> Field {
    Field::new(name, Kind::Boolean, Place::Column(column), Kept::Bool)
}

/// A list of texts in a JSON column.
pub const fn list(name: &'static str, column: &'static str) -> Field {
    Field::new(name, Kind::List, Place::Column(column), Kept::Texts)
}

/// A list of identifiers in a JSON column.
pub const fn ids(name: &'static str, column: &'static str) -> Field {
    Field::new(name, Kind::List, Place::Column(column), Kept::FoldedTexts)
}

/// A list of texts, one in each of the rows that belong to the object: see [`Field::through`].
pub const fn each(name: &'static str, column: &'static str) -> Field {
    Field::new(name, Kind::List, Place::Column(column), Kept::Text)
}

/// A list of identifiers, one in each of the rows that belong to the object: see [`Field::through`].
pub const fn each_id(name: &'static str, column: &'static str) -> Field {
    Field::new(name, Kind::List, Place::Column(column), Kept::Id)
}

/// A document in a JSON column, of which any part can be asked for.
pub const fn open(name: &'static str, column: &'static str) -> Field {
    Field::new(name, Kind::Open, Place::Document(column), Kept::Json)
}
