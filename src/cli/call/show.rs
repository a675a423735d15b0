//! Answers on standard output, for people in colour and for programs as they are.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use crate::cli::Failure;
use crate::client::Reply;

/// The codes that colour a terminal (ECMA-48).
const NAME: &str = "\x1b[34m";
const TEXT: &str = "\x1b[32m";
const WORD: &str = "\x1b[36m";
const FAINT: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// Writes to standard output.
pub struct Printer {
    coloured: bool,
}

impl Printer {
    /// In colour on a terminal, unless `NO_COLOR` is set (no-color.org).
    pub fn new() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { coloured: io::stdout().is_terminal() && !refused }
    }

    /// An answer: as a whole, or a list object by object.
    pub fn answer(&self, body: &Value, jsonl: bool) -> Result<(), Failure> {
        if !jsonl {
            let mut text = String::new();
            self.pretty(&mut text, body, 0);
            return self.line(&text);
        }
        match body.get("data").and_then(Value::as_array) {
            Some(items) => items.iter().try_for_each(|item| self.line(&harmless(item.to_string()))),
            None => self.line(&harmless(body.to_string())),
        }
    }

    /// Status and headers.
    pub fn head(&self, reply: &Reply) -> Result<(), Failure> {
        let mut text = format!("HTTP {}\n", reply.status);
        for (name, value) in &reply.headers {
            let _ = writeln!(text, "{name}: {}", plain(&String::from_utf8_lossy(value.as_bytes())));
        }
        self.line(&text)
    }

    /// One line, at once.
    pub fn line(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let written = writeln!(out, "{text}").and_then(|()| out.flush());
        written.map_err(|error| match error.kind() {
            // Whoever reads has read enough.
            io::ErrorKind::BrokenPipe => Failure::Ended(0, String::new()),
            _ => Failure::because(error),
        })
    }

    fn pretty(&self, text: &mut String, value: &Value, depth: usize) {
        let (open, close, length) = match value {
            Value::Array(items) => ('[', ']', items.len()),
            Value::Object(fields) => ('{', '}', fields.len()),
            Value::String(_) => return self.coloured(text, TEXT, &harmless(value.to_string())),
            Value::Null => return self.coloured(text, FAINT, "null"),
            other => return self.coloured(text, WORD, &other.to_string()),
        };
        text.push(open);
        let begin = |text: &mut String, index: usize| {
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            text.push_str(&"  ".repeat(depth + 1));
        };
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    begin(text, index);
                    self.pretty(text, item, depth + 1);
                }
            }
            Value::Object(fields) => {
                for (index, (name, field)) in fields.iter().enumerate() {
                    begin(text, index);
                    self.coloured(text, NAME, &harmless(Value::from(name.as_str()).to_string()));
                    text.push_str(": ");
                    self.pretty(text, field, depth + 1);
                }
            }
            _ => {}
        }
        if length > 0 {
            text.push('\n');
            text.push_str(&"  ".repeat(depth));
        }
        text.push(close);
    }

    fn coloured(&self, text: &mut String, colour: &str, word: &str) {
        match self.coloured {
            true => {
                let _ = write!(text, "{colour}{word}{PLAIN}");
            }
            false => text.push_str(word),
        }
    }
}

/// JSON in one line, with those characters escaped that a terminal may take for commands; JSON itself does not ask for that.
pub fn harmless(text: String) -> String {
    if !text.chars().any(char::is_control) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(c));
            }
            false => escaped.push(c),
        }
    }
    escaped
}

/// A text from elsewhere without characters that a terminal may take for commands.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Says something to a person, on standard error.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{}", plain(text));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn without_colour_it_is_plain_json() {
        let value = json!({"a": [1, "x\u{9b}2J\n", null, true], "b": {}, "c": [], "d": {"e": 0.5}});
        let mut text = String::new();
        Printer { coloured: false }.pretty(&mut text, &value, 0);
        assert_eq!(text.replace("\\u009b", "\u{9b}"), serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.contains('\u{9b}'));
        let mut coloured = String::new();
        Printer { coloured: true }.pretty(&mut coloured, &value, 0);
        let without =
            [NAME, TEXT, WORD, FAINT, PLAIN].iter().fold(coloured.clone(), |text, code| text.replace(code, ""));
        assert!(coloured.contains(NAME) && without == text);
    }
}
