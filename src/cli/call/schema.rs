//! What the schema of a method's arguments says about one of them.

use serde_json::Value;

/// The schema of one value, within the schema of all arguments.
#[derive(Clone, Copy)]
pub struct Shape<'a> {
    root: &'a Value,
    at: &'a Value,
}

/// One argument, or a field of one.
pub struct Property<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it may be.
    pub shape: Shape<'a>,
    /// Whether it must be there.
    pub is_required: bool,
}

impl<'a> Shape<'a> {
    /// What all arguments together may be.
    pub fn of(arguments: &'a Value) -> Self {
        Self { root: arguments, at: arguments }
    }

    /// What it may be, each way by itself; references are followed.
    fn ways(self) -> Vec<Self> {
        let alternatives = ["anyOf", "oneOf"].iter().find_map(|name| self.at[*name].as_array());
        if let Some(path) = self.at["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
            return self.root.pointer(path).map_or(Vec::new(), |at| Self { at, ..self }.ways());
        }
        match alternatives {
            Some(ways) => ways.iter().flat_map(|at| Self { at, ..self }.ways()).collect(),
            None => vec![self],
        }
    }

    /// Whether it may be of this type, as JSON Schema calls it.
    pub fn takes(self, kind: &str) -> bool {
        self.ways().iter().any(|way| match &way.at["type"] {
            Value::String(only) => only == kind,
            Value::Array(kinds) => kinds.iter().any(|one| one == kind),
            _ => false,
        })
    }

    /// Whether nothing is said about its type.
    pub fn is_free(self) -> bool {
        self.ways().iter().all(|way| way.at["type"].is_null())
    }

    /// The words it is one of; none if it may be other texts.
    pub fn words(self) -> Vec<&'a str> {
        let ways = self.ways();
        let words = ways.iter().flat_map(|way| match (&way.at["const"], &way.at["enum"]) {
            (Value::String(word), _) => vec![word.as_str()],
            (_, Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        });
        words.collect()
    }

    /// The fields it may have.
    pub fn properties(self) -> Vec<Property<'a>> {
        let mut found = Vec::new();
        for way in self.ways() {
            let required = way.at["required"].as_array().map_or(&[][..], |names| names);
            for (name, at) in way.at["properties"].as_object().into_iter().flatten() {
                let is_required = required.iter().any(|one| one == name);
                found.push(Property { name, shape: Self { at, ..self }, is_required });
            }
        }
        found
    }

    /// What a field may be; `None` if nothing is known of it.
    pub fn property(self, name: &str) -> Option<Self> {
        self.ways()
            .iter()
            .find_map(|way| match &way.at["properties"][name] {
                Value::Null => Some(&way.at["additionalProperties"]).filter(|at| at.is_object()),
                at => Some(at),
            })
            .map(|at| Self { at, ..self })
    }

    /// What the items of a list may be.
    pub fn items(self) -> Option<Self> {
        let ways = self.ways();
        ways.iter().map(|way| &way.at["items"]).find(|at| at.is_object()).map(|at| Self { at, ..self })
    }

    /// Whether it is bytes, sent as base64.
    pub fn is_base64(self) -> bool {
        self.ways().iter().any(|way| way.at["contentEncoding"] == "base64")
    }

    /// The most characters it may have.
    pub fn most_characters(self) -> Option<u64> {
        self.ways().iter().find_map(|way| way.at["maxLength"].as_u64())
    }

    /// What it means.
    pub fn description(self) -> &'a str {
        self.at["description"].as_str().unwrap_or_default()
    }

    /// What it may be, in a few words.
    pub fn in_words(self) -> String {
        let words = self.words();
        if !words.is_empty() {
            return words.join("|");
        }
        let limit = |name: &str| self.ways().iter().find_map(|way| way.at[name].as_i64());
        if self.is_base64() {
            return "bytes, as base64 or from a file with =@".into();
        }
        if self.takes("array") {
            return match self.items() {
                Some(items) => format!("list of {}", items.in_words()),
                None => "list".into(),
            };
        }
        let kind = ["string", "integer", "number", "boolean", "object"].into_iter().find(|kind| self.takes(kind));
        match (kind, limit("minimum"), limit("maximum")) {
            (Some("string"), ..) => {
                let format = self.ways().iter().find_map(|way| way.at["format"].as_str());
                format.map_or("text".into(), |format| if format == "uuid" { "id".into() } else { format.to_owned() })
            }
            (Some("integer"), Some(least), Some(most)) => format!("integer from {least} to {most}"),
            (Some("boolean"), ..) => "true|false".into(),
            (Some(kind), ..) => kind.into(),
            (None, ..) => "anything".into(),
        }
    }
}
