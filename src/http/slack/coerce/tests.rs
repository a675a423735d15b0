//! Arguments in the coding of each SDK are the same arguments again.

use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::argument;
use crate::arguments;
use crate::method::args::strict::StrictObject;
use crate::method::{FieldError, Int, List, Words};

arguments! {
    /// Of every kind that arguments are of.
    #[derive(PartialEq)]
    pub struct Everything {
        /// A text.
        pub text: String,
        /// A text that can be cleared.
        pub nullable: Option<String>,
        /// A word.
        pub color: Option<Color>,
        /// A number.
        pub count: Option<Int<-1000000, 1000000>>,
        /// A fraction.
        pub share: Option<f64>,
        /// A flag.
        pub flag: Option<bool>,
        /// Texts.
        pub words: Option<List<Words<40>, 10>>,
        /// Numbers.
        pub numbers: Option<Vec<i64>>,
        /// Objects.
        pub parts: Option<Vec<Part>>,
        /// An object.
        pub part: Option<Part>,
        /// Any object.
        pub free: Option<StrictObject>,
    }
}

arguments! {
    /// A part.
    #[derive(PartialEq)]
    pub struct Part {
        /// A name.
        pub name: String,
        /// A number.
        pub size: Option<i64>,
    }
}

/// A color.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Color {
    /// Red.
    Red,
    /// Green.
    DarkGreen,
}

fn schema() -> Value {
    schemars::schema_for!(Everything).to_value()
}

prop_compose! {
    fn part()(name in "[^\0]{0,12}", size in proptest::option::of(any::<i64>())) -> Part {
        Part { name, size }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[^\0]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{1,5}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn everything() -> impl Strategy<Value = Everything> {
    let texts = (
        "[^\0]{0,20}",
        proptest::option::of("[^\0]{1,20}"),
        proptest::option::of(prop_oneof![Just(Color::Red), Just(Color::DarkGreen)]),
        proptest::option::of(proptest::collection::vec("[a-zé ]{0,5}[a-zé]", 0..5)),
    );
    let numbers = (
        proptest::option::of(-1_000_000_i64..=1_000_000),
        proptest::option::of((-1_000_000_i32..1_000_000).prop_map(|cents| f64::from(cents) / 100.0)),
        proptest::option::of(any::<bool>()),
        proptest::option::of(proptest::collection::vec(any::<i64>(), 0..5)),
    );
    let objects = (
        proptest::option::of(proptest::collection::vec(part(), 0..3)),
        proptest::option::of(part()),
        proptest::option::of(proptest::collection::btree_map("[a-z]{1,5}", json_value(), 0..4)),
    );
    (texts, numbers, objects).prop_map(|(texts, numbers, objects)| {
        let (text, nullable, color, words) = texts;
        let (count, share, flag, numbers) = numbers;
        let (parts, part, free) = objects;
        let free: Option<Map<String, Value>> = free.map(|free| free.into_iter().collect());
        let args = json!({
            "text": text, "nullable": nullable, "color": color, "count": count, "share": share, "flag": flag,
            "words": words.map(|words| words.iter().map(|word| word.trim().to_owned()).collect::<Vec<_>>()),
            "numbers": numbers, "parts": parts, "part": part, "free": free,
        });
        serde_json::from_value(args).unwrap()
    })
}

/// How an SDK writes one argument; none of them sends what is null.
type Coding = fn(&str, &Value) -> Vec<String>;

fn python(_: &str, value: &Value) -> Vec<String> {
    vec![match value {
        Value::Bool(true) => "1".into(),
        Value::Bool(false) => "0".into(),
        other => plain(other),
    }]
}

fn python_data(_: &str, value: &Value) -> Vec<String> {
    vec![match value {
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        other => plain(other),
    }]
}

fn node(_: &str, value: &Value) -> Vec<String> {
    vec![plain(value)]
}

/// Java joins lists of scalars with commas; an empty one it leaves out, but an empty text says the same.
fn java(_: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) if items.iter().all(|item| item.is_string() || item.is_number()) => {
            vec![items.iter().map(plain).collect::<Vec<_>>().join(",")]
        }
        Value::Bool(flag) => vec![u8::from(*flag).to_string()],
        other => vec![plain(other)],
    }
}

/// Forms of browsers, and Python's `urlencode(doseq=True)`: the key again for each item.
fn repeated(_: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) if items.len() > 1 && items.iter().all(|item| item.is_string() || item.is_number()) => {
            items.iter().map(plain).collect()
        }
        other => vec![plain(other)],
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn decoded(args: &Value, coding: Coding) -> Result<Everything, String> {
    let schema = schema();
    let mut hints = Vec::new();
    let mut object = Map::new();
    for (name, value) in args.as_object().unwrap().iter().filter(|(_, value)| !value.is_null()) {
        object.insert(name.clone(), argument(&schema, name, coding(name, value), &mut hints));
    }
    serde_json::from_value(Value::Object(object.clone())).map_err(|error| format!("{error}: {object:?} {hints:?}"))
}

proptest! {
    #[test]
    fn every_coding_brings_the_same_arguments_back(everything in everything()) {
        let args = serde_json::to_value(&everything).unwrap();
        for coding in [python as Coding, python_data, node, repeated] {
            prop_assert_eq!(decoded(&args, coding), Ok(everything.clone()));
        }
        // An empty list is an empty text there, and that clears: nothing is nothing.
        let mut without_empty = args.clone();
        for value in without_empty.as_object_mut().unwrap().values_mut() {
            if value == &json!([]) {
                *value = Value::Null;
            }
        }
        let expected: Everything = serde_json::from_value(without_empty).unwrap();
        prop_assert_eq!(decoded(&args, java), Ok(expected));
    }

    #[test]
    fn no_text_breaks_it(text in any::<String>(), name in "text|nullable|color|count|share|flag|words|numbers|parts|part|free|other") {
        let _ = argument(&schema(), &name, vec![text], &mut Vec::new());
    }
}

fn one(name: &str, texts: &[&str]) -> (Value, Vec<FieldError>) {
    let mut hints = Vec::new();
    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
    (argument(&schema(), name, texts, &mut hints), hints)
}

#[test]
fn the_word_null_and_empty_texts_clear() {
    assert_eq!(one("nullable", &[""]).0, Value::Null);
    assert_eq!(one("nullable", &["null"]).0, "null");
    assert_eq!(one("text", &[""]).0, "");
    for name in ["count", "share", "flag", "words", "part", "free"] {
        assert_eq!(one(name, &["null"]).0, Value::Null, "{name}");
    }
}

#[test]
fn a_python_repr_is_told_from_json() {
    for (name, text, what) in [
        ("part", "{'name': 'x'}", "a JSON object"),
        ("free", "{\"a\": None}", "a JSON object"),
        ("words", "['a', 'b']", "a JSON array"),
        ("parts", "[{'name': 'x'}]", "a JSON array"),
    ] {
        let (value, hints) = one(name, &[text]);
        assert_eq!(value, text);
        let expected = format!("must be {what} (looks like a Python repr: pass json=… or json.dumps(value))");
        assert_eq!((hints[0].pointer.as_str(), &hints[0].message), (format!("/{name}").as_str(), &expected));
    }
    assert_eq!(one("part", &["{\"name\": "]).1[0].message, "must be a JSON object, got '{\"name\": '");
    assert_eq!(one("count", &["many"]).1[0].message, "expected integer, got 'many'");
    assert_eq!(one("flag", &["yes"]).1[0].message, "expected boolean, got 'yes'");
}

#[test]
fn what_is_given_twice_is_no_value() {
    let (value, hints) = one("count", &["1", "2"]);
    assert!(value.is_array());
    assert_eq!((hints[0].code.as_str(), hints[0].message.as_str()), ("wrong_type", "given twice"));
    assert_eq!(one("words", &["a,b", "c"]).0, json!(["a,b", "c"]));
}
