//! How arguments are written on the command line: `name=value`, `name:=JSON`, `name=@file`, `name:=@file`, `a.b=value`.

use std::io::{self, Read};

/// One argument as it was written.
#[derive(Debug, PartialEq)]
pub struct Argument {
    /// The names that lead to it: `query.conversations` is two.
    pub path: Vec<String>,
    /// What it is to be.
    pub value: Written,
}

/// A value as it was written.
#[derive(Debug, PartialEq)]
pub enum Written {
    /// `name=value`: what it is depends on what the method takes.
    Text(String),
    /// `name:=value`: JSON.
    Json(String),
    /// `name=@path`: what is in a file, which may be bytes.
    File(String),
    /// `name:=@path`: the JSON in a file.
    JsonFile(String),
}

impl Argument {
    /// Reads one; a backslash takes the meaning from the character after it, as in `metadata.a\.b=1`.
    pub fn parse(word: &str) -> Result<Self, String> {
        let mut path = vec![String::new()];
        let mut rest = word.chars();
        let is_json = loop {
            let Some(c) = rest.next() else {
                return Err(format!("{word:?} is no argument: write name=value, name:=JSON or name=@file"));
            };
            match c {
                '=' => break false,
                ':' if rest.as_str().starts_with('=') => {
                    rest.next();
                    break true;
                }
                '.' => path.push(String::new()),
                c => {
                    let c = if c == '\\' { rest.next().unwrap_or(c) } else { c };
                    if let Some(name) = path.last_mut() {
                        name.push(c);
                    }
                }
            }
        };
        if path.iter().any(String::is_empty) {
            return Err(format!("{word:?} is no argument: a name is missing"));
        }
        let value = rest.as_str().to_owned();
        let value = match (value.strip_prefix('@'), is_json) {
            (Some(file), false) => Written::File(file.to_owned()),
            (Some(file), true) => Written::JsonFile(file.to_owned()),
            (None, false) => Written::Text(value),
            (None, true) => Written::Json(value),
        };
        Ok(Self { path, value })
    }

    /// The name as it was written.
    pub fn name(&self) -> String {
        self.path.join(".")
    }
}

/// What is in a file; `-` is standard input.
pub fn read(path: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let outcome = match path {
        "-" => io::stdin().read_to_end(&mut bytes).map(|_| bytes),
        path => std::fs::read(path),
    };
    outcome.map_err(|error| format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_as_they_are_written() {
        use Written::{File, Json, JsonFile, Text};
        for (word, path, value) in [
            ("name=Sms", &["name"][..], Text("Sms".into())),
            ("name=", &["name"], Text(String::new())),
            ("name=a=b:=c@d", &["name"], Text("a=b:=c@d".into())),
            ("query.conversations=source:*sms", &["query", "conversations"], Text("source:*sms".into())),
            ("user_ids:=[\"a\"]", &["user_ids"], Json("[\"a\"]".into())),
            ("content_base64=@photo.jpg", &["content_base64"], File("photo.jpg".into())),
            ("records:=@-", &["records"], JsonFile("-".into())),
            (r"metadata.a\.b=1", &["metadata", "a.b"], Text("1".into())),
            (r"a\=b\:=c\", &["a=b:"], Text(r"c\".into())),
            ("a:b=c", &["a:b"], Text("c".into())),
        ] {
            let read = Argument::parse(word).unwrap();
            assert_eq!(
                (read.path, read.value),
                (path.iter().map(|name| (*name).to_owned()).collect(), value),
                "{word}"
            );
        }
        for wrong in ["name", "", "=x", ":=x", "a..b=c", ".a=b", "a.=b"] {
            assert!(Argument::parse(wrong).is_err(), "{wrong}");
        }
    }
}
