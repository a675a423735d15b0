//! Events as messages for people: what happened, to what, and what changed.

pub mod msteams;
pub mod slack;

use serde_json::Value;

/// How long the name of an object may be.
const HEADLINE: usize = 200;
/// How long what somebody wrote may be.
const TEXT: usize = 1000;
/// How long a value may be.
const VALUE: usize = 150;
/// How many values are told.
const FACTS: usize = 8;
/// What is told of an object that did not just change.
const TOLD: &[&str] = &["status", "priority", "type", "source", "email", "phone", "score", "industry"];

/// An event in words. All of it is as somebody wrote it: whoever makes a message of it escapes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Card {
    /// What happened: `Conversation assigned`.
    pub title: String,
    /// What it happened to: `#12 Where is my order?`.
    pub headline: Option<String>,
    /// What somebody wrote.
    pub text: Option<String>,
    /// Names and values.
    pub facts: Vec<(String, String)>,
    /// Who did it, and when.
    pub footer: String,
}

impl Card {
    /// The words for an event.
    pub fn of(event: &Value) -> Self {
        let data = &event["data"];
        let short = |name: &str, most: usize| {
            let text = data[name].as_str().map(str::trim).filter(|text| !text.is_empty());
            text.map(|text| cut(text, most))
        };
        let named = ["subject", "name", "title", "display_name", "email"].iter().find_map(|name| short(name, HEADLINE));
        let headline = match (data["number"].as_i64(), named) {
            (Some(number), Some(name)) => Some(format!("#{number} {name}")),
            (Some(number), None) => Some(format!("#{number}")),
            (None, name) => name,
        };
        let actor = event["actor"]["name"].as_str().unwrap_or_default();
        let at = event["timestamp"].as_str().unwrap_or_default();
        let test = if event["test"] == true { " · test" } else { "" };
        Self {
            title: title(event["type"].as_str().unwrap_or_default()),
            headline,
            text: short("text", TEXT).or_else(|| short("comment", TEXT)),
            facts: facts(data, &event["previous"]),
            footer: format!("{} · {at}{test}", cut(actor, HEADLINE)),
        }
    }
}

/// `conversation.taken_over` as `Conversation taken over`.
fn title(kind: &str) -> String {
    let words = kind.replace(['.', '_'], " ");
    let mut chars = words.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", chars.as_str())
}

/// What changed, and if nothing did, what the object is.
fn facts(data: &Value, previous: &Value) -> Vec<(String, String)> {
    let label = |name: &str| title(name);
    let changed =
        previous.as_object().into_iter().flatten().filter(|(name, _)| *name != "text").filter_map(|(name, old)| {
            let (old, new) = (shown(old)?, shown(&data[name])?);
            Some((label(name), format!("{old} → {new}")))
        });
    let changed: Vec<_> = changed.take(FACTS).collect();
    if !changed.is_empty() {
        return changed;
    }
    let told = TOLD.iter().filter(|name| !data[**name].is_null());
    told.filter_map(|name| Some((label(name), shown(&data[*name])?))).take(FACTS).collect()
}

/// A value that can be told in a few words.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("–".into()),
        Value::Bool(flag) => Some(if *flag { "yes" } else { "no" }.into()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(cut(text, VALUE)),
        Value::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            Some(cut(&items?.join(", "), VALUE)).filter(|text| !text.is_empty()).or(Some("–".into()))
        }
        Value::Object(_) => None,
    }
}

/// At most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_card_tells_what_happened() {
        let event = json!({
            "type": "conversation.taken_over", "timestamp": "2026-11-20T06:22:34.492Z",
            "data": { "number": 12, "subject": "Order", "status": "open", "handler": "human", "tags": ["vip", "eu"], "handoff": {} },
            "previous": { "handler": "ai", "tags": [], "handoff": null },
            "actor": { "type": "user", "name": "Olivia" },
        });
        let card = Card {
            title: "Conversation taken over".into(),
            headline: Some("#12 Order".into()),
            text: None,
            facts: vec![("Handler".into(), "ai → human".into()), ("Tags".into(), "– → vip, eu".into())],
            footer: "Olivia · 2026-11-20T06:22:34.492Z".into(),
        };
        assert_eq!(Card::of(&event), card);
        let event = json!({ "type": "message.received", "data": { "text": "x".repeat(5000), "status": "received" }, "test": true });
        let card = Card::of(&event);
        assert_eq!(card.text.unwrap().chars().count(), TEXT);
        assert_eq!(card.facts, [("Status".to_owned(), "received".to_owned())]);
        assert!(card.footer.ends_with("· test"));
    }
}
