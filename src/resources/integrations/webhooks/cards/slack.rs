//! Messages for incoming webhooks of Slack.

use serde_json::{Value, json};

use super::{Card, cut};

/// The most characters of a header, of a section, and of the text that notifications show (Slack's own limits).
const HEADER: usize = 150;
const SECTION: usize = 3000;
const FALLBACK: usize = 4000;

/// The message for an event.
pub fn message(event: &Value) -> Value {
    let card = Card::of(event);
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": cut(&card.title, HEADER), "emoji": false } }),
    ];
    let headline = card.headline.as_deref().map(|headline| format!("*{}*", escaped(headline, 1000).replace('*', "∗")));
    let text = card.text.as_deref().map(|text| escaped(text, SECTION - 1200));
    let body: Vec<String> = [headline.clone(), text].into_iter().flatten().collect();
    if !body.is_empty() {
        blocks.push(section(&body.join("\n")));
    }
    if !card.facts.is_empty() {
        let line = |(name, value): &(String, String)| format!("*{}:* {}", escaped(name, 100), escaped(value, 250));
        let lines: Vec<String> = card.facts.iter().map(line).collect();
        blocks.push(section(&lines.join("\n")));
    }
    blocks.push(json!({ "type": "context", "elements": [mrkdwn(&escaped(&card.footer, 1000))] }));
    let summary: Vec<String> = [Some(escaped(&card.title, HEADER)), headline].into_iter().flatten().collect();
    json!({ "text": cut(&summary.join(": "), FALLBACK), "blocks": blocks, "unfurl_links": false, "unfurl_media": false })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(text) })
}

/// Verbatim: names of channels and people in it are not made into links, nor is anybody notified by them.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// A text that means nothing but itself, of at most so many characters: otherwise whoever writes to the desk could notify the whole
/// channel (`<!channel>`) or put links under any words.
fn escaped(text: &str, most: usize) -> String {
    let mut safe = String::new();
    let mut left = most;
    for c in text.chars() {
        let one;
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            c => {
                one = c.to_string();
                one.as_str()
            }
        };
        let length = piece.chars().count();
        if length >= left {
            safe.push('…');
            break;
        }
        left -= length;
        safe.push_str(piece);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contacts_write_is_text_and_nothing_else() {
        let event = json!({
            "type": "conversation.created", "timestamp": "2026-11-20T06:22:34.492Z",
            "data": { "number": 7, "subject": "<!channel> & <https://evil.example|bank>", "status": "open" },
            "actor": { "name": "<@U1>" },
        });
        let message = message(&event);
        let expected = json!({
            "text": "Conversation created: *#7 &lt;!channel&gt; &amp; &lt;https://evil.example|bank&gt;*",
            "blocks": [
                { "type": "header", "text": { "type": "plain_text", "text": "Conversation created", "emoji": false } },
                { "type": "section", "text": { "type": "mrkdwn", "text": "*#7 &lt;!channel&gt; &amp; &lt;https://evil.example|bank&gt;*", "verbatim": true } },
                { "type": "section", "text": { "type": "mrkdwn", "text": "*Status:* open", "verbatim": true } },
                { "type": "context", "elements": [{ "type": "mrkdwn", "text": "&lt;@U1&gt; · 2026-11-20T06:22:34.492Z", "verbatim": true }] },
            ],
            "unfurl_links": false, "unfurl_media": false,
        });
        assert_eq!(message, expected);
    }

    #[test]
    fn slacks_limits_are_kept() {
        let long = "<".repeat(9000);
        let previous: serde_json::Map<String, Value> =
            (0..50).map(|n| (format!("{n}{long}"), long.clone().into())).collect();
        let event = json!({ "type": long, "data": { "subject": long, "text": long, "status": long }, "previous": previous, "actor": { "name": long } });
        let message = message(&event);
        assert!(message["text"].as_str().unwrap().chars().count() <= FALLBACK);
        for block in message["blocks"].as_array().unwrap() {
            let text = block["text"]["text"].as_str().or(block["elements"][0]["text"].as_str()).unwrap();
            let most = if block["type"] == "header" { HEADER } else { SECTION };
            assert!(text.chars().count() <= most, "{} {}", block["type"], text.len());
        }
    }
}
