//! Cards for workflows of Microsoft Teams.

use serde_json::{Value, json};

use super::Card;

/// The message for an event: one adaptive card.
pub fn message(event: &Value) -> Value {
    let card = Card::of(event);
    let block = |text: String| json!({ "type": "TextBlock", "text": text, "wrap": true });
    let mut body = vec![
        json!({ "type": "TextBlock", "size": "Large", "weight": "Bolder", "text": escaped(&card.title), "wrap": true }),
    ];
    if let Some(headline) = &card.headline {
        body.push(json!({ "type": "TextBlock", "weight": "Bolder", "text": escaped(headline), "wrap": true }));
    }
    body.extend(card.text.as_deref().map(|text| block(escaped(text))));
    if !card.facts.is_empty() {
        let fact = |(name, value): &(String, String)| json!({ "title": escaped(name), "value": escaped(value) });
        body.push(json!({ "type": "FactSet", "facts": card.facts.iter().map(fact).collect::<Vec<_>>() }));
    }
    body.push(
        json!({ "type": "TextBlock", "text": escaped(&card.footer), "wrap": true, "isSubtle": true, "size": "Small" }),
    );
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": body,
            },
        }],
    })
}

/// A text that means nothing but itself: cards read a little Markdown, with which whoever writes to the desk could put links under any
/// words. Mentions need an entity besides, which no card of ours has.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '~' | '<' | '>') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contacts_write_is_text_and_nothing_else() {
        let event = json!({
            "type": "message.received", "timestamp": "2026-11-20T06:22:34.492Z",
            "data": { "text": "[Bank](https://evil.example) *now*", "status": "received" }, "actor": { "name": "Jane" },
        });
        let message = message(&event);
        let card = &message["attachments"][0]["content"];
        assert_eq!(card["body"][0]["text"], "Message received");
        assert_eq!(card["body"][1]["text"], r"\[Bank\]\(https://evil.example\) \*now\*");
        assert_eq!(card["body"][2]["facts"], json!([{ "title": "Status", "value": "received" }]));
        assert_eq!((&message["type"], &card["version"]), (&json!("message"), &json!("1.4")));
    }

    #[test]
    fn no_card_is_larger_than_teams_takes() {
        let long = "😀*".repeat(9000);
        let previous: serde_json::Map<String, Value> =
            (0..50).map(|n| (format!("f{n}"), long.clone().into())).collect();
        let event = json!({ "type": "a.b", "data": { "subject": long, "text": long, "f1": long, "f2": long }, "previous": previous });
        assert!(message(&event).to_string().len() < 28 * 1024);
    }
}
