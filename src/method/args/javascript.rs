//! Recognizes a JavaScript object literal where JSON belongs, and shows how its start is written in JSON.

use std::sync::LazyLock;

/// What to tell somebody whose body is a JavaScript literal; `None` if it does not look like one.
pub(super) fn hint(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let inner = text.trim_start().strip_prefix('{')?.trim_start();
    let (key, rest) = key(inner)?;
    let rest = rest.trim_start().strip_prefix(':')?;
    let opening = "This looks like a JavaScript object literal; ";
    let example = example(key, rest.trim_start());
    Some(match example {
        Some(example) => format!("{opening}write {example}."),
        None => format!("{opening}JSON wants double quotes around keys and strings, and no comments."),
    })
}

/// A bare or single-quoted key, and what follows it.
fn key(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix('\'') {
        return rest.split_once('\'');
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'))).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The first pair in JSON, if it is short and holds nothing that could be a secret.
fn example(key: &str, value: &str) -> Option<String> {
    static SECRET: LazyLock<[&str; 6]> = LazyLock::new(|| ["pass", "secret", "token", "key", "code", "value"]);
    let lower = key.to_lowercase();
    if SECRET.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (content, _) = value[1..].split_once(quote)?;
    let pair = serde_json::json!({ key: content }).to_string().replacen("\":\"", "\": \"", 1);
    (pair.len() <= 100).then_some(pair)
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn the_first_pair_is_shown_in_json() {
        let hint = hint(b"{name: 'Sms Customer Service'}").unwrap();
        assert!(hint.ends_with(r#"write {"name": "Sms Customer Service"}."#), "{hint}");
    }

    #[test]
    fn secrets_and_json_are_left_alone() {
        assert!(!hint(b"{password: 'hunter2hunter2'}").unwrap().contains("hunter2"));
        assert_eq!(hint(br#"{"name": }"#), None);
        assert_eq!(hint(b"name=Sms"), None);
    }
}
