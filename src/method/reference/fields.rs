//! Schemas in words: `string or null, 1 to 120 characters, required`.

use serde_json::Value;

use super::Section;

/// Where shared schemas are in the document.
const COMPONENTS: &str = "#/components/schemas/";

/// Writes one piece of the reference, and remembers the objects that it speaks of.
#[derive(Default)]
pub(super) struct Writer {
    text: String,
    names: Vec<String>,
}

impl Writer {
    pub fn finish(self) -> Section {
        Section { text: self.text, names: self.names }
    }

    /// Words that stand for themselves.
    pub fn paragraph(&mut self, words: &str) {
        if !words.is_empty() {
            self.text.push_str(&format!("{words}\n\n"));
        }
    }

    pub fn line(&mut self, words: &str) {
        self.text.push_str(&format!("{words}\n"));
    }

    /// A list of words that stand for themselves; nothing if there are none.
    pub fn words<'a>(&mut self, title: &str, words: impl Iterator<Item = &'a str>) {
        let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
        if !words.is_empty() {
            self.line(&format!("{title}: {}", words.join(" ")));
        }
    }

    /// What a method takes.
    pub fn arguments(&mut self, schema: &Value) {
        match schema["properties"].as_object().is_some_and(|properties| !properties.is_empty()) {
            true => {
                self.line("Arguments:");
                self.fields(schema, 0);
            }
            false if schema["additionalProperties"] == false => self.line("Arguments: none."),
            false => self.line("Arguments: any."),
        }
    }

    /// What a method answers.
    pub fn result(&mut self, status: &str, response: &Value) {
        let content = response["content"].as_object().and_then(|content| content.iter().next());
        match content {
            None => self.line(&format!("Answers {status}: nothing.")),
            Some((kind, content)) => {
                let what = self.kind(&content["schema"]);
                let form = if kind == "application/json" { String::new() } else { format!(" as `{kind}`") };
                self.line(&format!("Answers {status}: {what}{form}"));
            }
        }
    }

    /// What an object holds; or, if it is none, what it is.
    pub fn object(&mut self, schema: &Value) {
        match schema["properties"].is_object() {
            true => self.fields(schema, 0),
            false => {
                let kind = self.kind(schema);
                self.line(&kind);
            }
        }
    }

    fn fields(&mut self, schema: &Value, depth: usize) {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let indent = "  ".repeat(depth);
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let kind = self.kind(field);
            let must = if required.contains(&name.as_str()) { ", required" } else { "" };
            let default = match field.get("default") {
                Some(value) if !value.is_null() => format!(", default `{value}`"),
                _ => String::new(),
            };
            // What belongs to the field stays below it.
            let about = field["description"].as_str().unwrap_or_default().replace("\n\n", "\n");
            let about = about.replace('\n', &format!("\n{indent}  "));
            self.line(&format!("{indent}- `{name}` ({kind}{must}{default}): {about}"));
            if field["properties"].is_object() {
                self.fields(field, depth + 1);
            }
        }
    }

    /// What a value may be.
    fn kind(&mut self, schema: &Value) -> String {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix(COMPONENTS)) {
            self.names.push(name.to_owned());
            return name.to_owned();
        }
        if let Some(branches) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            return branches.iter().map(|branch| self.kind(branch)).collect::<Vec<_>>().join(" or ");
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => return "any value".to_owned(),
        };
        let words: Vec<String> = types.iter().map(|one| self.one(one, schema)).collect();
        words.join(" or ") + &limits(schema)
    }

    fn one(&mut self, kind: &str, schema: &Value) -> String {
        match (kind, schema["format"].as_str()) {
            ("array", _) if schema["items"].is_object() => format!("list of {}", self.kind(&schema["items"])),
            ("array", _) => "list".to_owned(),
            ("object", _) if schema["additionalProperties"].is_object() => {
                format!("object of {}", self.kind(&schema["additionalProperties"]))
            }
            ("string", Some(format)) => format.to_owned(),
            _ => kind.to_owned(),
        }
    }
}

/// The limits of a schema, in words: `, 1 to 120 characters`.
fn limits(schema: &Value) -> String {
    let range = |least: &str, most: &str, unit: &str| match (schema[least].as_i64(), schema[most].as_i64()) {
        (Some(least), Some(most)) => format!(", {least} to {most}{unit}"),
        (Some(least), None) if least != 0 => format!(", {least}{unit} or more"),
        (None, Some(most)) => format!(", at most {most}{unit}"),
        _ => String::new(),
    };
    range("minLength", "maxLength", " characters")
        + &range("minItems", "maxItems", " items")
        + &range("minimum", "maximum", "")
}
