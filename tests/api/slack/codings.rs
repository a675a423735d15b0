//! Arguments as each SDK writes them into a form.

use serde_json::Value;

/// How an SDK writes what is no text.
#[derive(Clone, Copy)]
pub enum Coding {
    /// `@slack/web-api`: JSON.
    Node,
    /// `slack_sdk` with `params=`: flags as 1 and 0, the rest as JSON by the caller's hand.
    Python,
    /// Asynchronous `slack_sdk` with `data=`: flags as Python writes them.
    PythonData,
}

/// The form; none of the SDKs sends what is null.
pub fn form(args: &Value, coding: Coding) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in args.as_object().unwrap() {
        let text = match (value, coding) {
            (Value::Null, _) => continue,
            (Value::String(text), _) => text.clone(),
            (Value::Bool(flag), Coding::Python) => u8::from(*flag).to_string(),
            (Value::Bool(flag), Coding::PythonData) => if *flag { "True" } else { "False" }.to_owned(),
            (other, _) => other.to_string(),
        };
        form.append_pair(name, &text);
    }
    form.finish()
}
