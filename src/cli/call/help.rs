//! Help for each method, from the registry.

use std::fmt::Write;

use serde_json::Value;

use super::schema::{Property, Shape};
use crate::cli::{BadSetting, Failure, command, print};
use crate::method::{Access, Described};

/// How deep the fields of objects are told.
const LEVELS: usize = 2;

/// The help of the command itself: asked for, or because no method was named.
pub fn general(is_asked: bool) -> Result<(), Failure> {
    if !is_asked {
        let message = "name a method, such as `dotdesk call teams.list`; `dotdesk methods` lists them, and `dotdesk call --help` says more";
        return Err(BadSetting(message.into()).into());
    }
    let mut command = command();
    command.build();
    match command.find_subcommand_mut("call") {
        Some(call) => print(&call.render_long_help().to_string()),
        None => Ok(()),
    }
}

/// The help of one method.
pub fn of(method: &Described) -> String {
    let name = method.name();
    let mut text = format!("{}\n\nUsage: dotdesk call {name}", method.description());
    let properties = Shape::of(method.arguments()).properties();
    for property in properties.iter().filter(|property| property.is_required) {
        let _ = write!(text, " {}=…", property.name);
    }
    if properties.iter().any(|property| !property.is_required) {
        text.push_str(" [ARGUMENT]...");
    }
    text.push('\n');
    if !properties.is_empty() {
        text.push_str("\nArguments:\n");
        arguments(&mut text, &properties, "", LEVELS);
    }
    let mut about = Vec::new();
    match method.entry.access {
        Access::Public => about.push(("Scope", "none, and no token".to_owned())),
        Access::Authenticated => about.push(("Scope", "none; any token will do".to_owned())),
        Access::Scope(scope) => about.push(("Scope", scope.to_string())),
    }
    if method.entry.dry_run {
        about.push(("Trying", "--dry-run says what would be".into()));
    }
    if method.takes_if_version() {
        about.push(("Versions", "--if-version makes it fail if somebody was faster".into()));
    }
    if method.entry.accepted {
        about.push(("Work", "goes on after the answer; --wait waits for it".into()));
    }
    if !method.entry.errors.is_empty() {
        let codes: Vec<&str> = method.entry.errors.iter().map(|code| code.as_str()).collect();
        about.push(("Errors", codes.join(", ")));
    }
    if !method.entry.events.is_empty() {
        about.push(("Events", method.entry.events.join(", ")));
    }
    if let Some(deprecated) = &method.entry.deprecated {
        about.push(("Deprecated", format!("call {} in its place", deprecated.successor)));
    }
    text.push('\n');
    for (word, told) in about {
        let _ = writeln!(text, "{:<11}{told}", format!("{word}:"));
    }
    let _ = write!(text, "\nExample:\n  dotdesk call {name}");
    if let Ok(Value::Object(example)) = serde_json::from_str(method.entry.example) {
        for (name, value) in &example {
            let _ = write!(text, " {}", written(name, value));
        }
    }
    text.push('\n');
    text
}

fn arguments(text: &mut String, properties: &[Property<'_>], before: &str, levels: usize) {
    for property in properties {
        let (name, shape) = (format!("{before}{}", property.name), property.shape);
        let required = if property.is_required { ", required" } else { "" };
        let _ = writeln!(text, "  {name}  ({}{required})", shape.in_words());
        // What its words mean is told after the first paragraph.
        let meaning = shape.description().split("\n\n").next().unwrap_or_default().replace('\n', " ");
        if !meaning.is_empty() {
            let _ = writeln!(text, "      {meaning}");
        }
        if levels > 1 {
            arguments(text, &shape.properties(), &format!("{name}."), levels - 1);
        }
    }
}

/// An argument as one would type it in a shell.
fn written(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) if !text.starts_with('@') => format!("{name}={}", quoted(text)),
        Value::Number(_) | Value::Bool(_) => format!("{name}={value}"),
        Value::Object(fields) if !fields.is_empty() && fields.keys().all(|key| key.chars().all(is_plain)) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| written(&format!("{name}.{key}"), value)).collect();
            fields.join(" ")
        }
        Value::Array(items)
            if !items.is_empty()
                && items.iter().all(|item| item.as_str().is_some_and(|text| !text.starts_with(['@', '[']))) =>
        {
            let items: Vec<String> = items.iter().map(|item| written(name, item)).collect();
            items.join(" ")
        }
        other => format!("{name}:={}", quoted(&other.to_string())),
    }
}

fn quoted(text: &str) -> String {
    let is_safe = |c: char| is_plain(c) || "-.,/:@%+".contains(c);
    if !text.is_empty() && text.chars().all(is_safe) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{syntax::Argument, typed};
    use super::*;
    use crate::api;
    use crate::method::Registry;

    /// The words of a command line, as a shell would hand them on.
    fn split(line: &str) -> Vec<String> {
        let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
        let mut rest = line.chars();
        while let Some(c) = rest.next() {
            match c {
                '\'' => is_quoted = !is_quoted,
                '\\' if !is_quoted => word.extend(rest.next()),
                ' ' if !is_quoted => words.push(std::mem::take(&mut word)),
                c => word.push(c),
            }
        }
        words.push(word);
        words
    }

    #[test]
    fn every_method_has_help_and_its_example_is_the_call() {
        let registry = Registry::new(api::TABLES);
        for method in registry.methods() {
            let method: &Arc<Described> = method;
            let help = of(method);
            let (_, line) = help.trim_end().rsplit_once("dotdesk call ").unwrap();
            let words = split(line);
            assert_eq!(words[0], method.name());
            let written: Vec<Argument> = words[1..].iter().map(|word| Argument::parse(word).unwrap()).collect();
            let built = typed::arguments(Some(Shape::of(method.arguments())), &written);
            let built = built.unwrap_or_else(|problem| panic!("{line}: {problem}"));
            let example: Value = serde_json::from_str(method.entry.example).unwrap();
            assert_eq!(Value::Object(built), example, "{line}");
        }
    }

    #[test]
    fn the_help_says_what_there_is_to_know() {
        let registry = Registry::new(api::TABLES);
        let help = of(registry.find("teams.create").unwrap());
        for told in [
            "Creates a team.",
            "Usage: dotdesk call teams.create name=… [ARGUMENT]...",
            "  name  (text, required)\n      What the team is called;",
            "  query.conversations  (text)",
            "  user_ids  (list of id)",
            "Scope:     teams:write",
            "Errors:    already_exists, invalid_query",
            "Events:    team.created",
            "query.conversations='source:*sms AND unread_count:[1 TO *]'",
        ] {
            assert!(help.contains(told), "{told}\n{help}");
        }
    }
}
