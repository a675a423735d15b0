//! References to the results of earlier calls: `{"$ref": "<call id>#<JSON pointer>"}`, after the back-references of JMAP (RFC 8620,
//! section 3.7).

use serde_json::{Map, Value};

const REF: &str = "$ref";
const LITERAL: &str = "$literal";

/// Where a reference leads.
pub(super) struct Reference<'a> {
    /// The id of the call.
    pub call: &'a str,
    /// The part of its result (RFC 6901).
    pub pointer: &'a str,
}

impl<'a> Reference<'a> {
    /// Reads what stands under `$ref`; or says what was expected.
    pub fn parse(target: &'a Value) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected the id of a call, # and a JSON pointer, such as t#/id";
        let (call, pointer) = target.as_str().and_then(|text| text.split_once('#')).ok_or(EXPECTED)?;
        let is_pointer = pointer.is_empty() || pointer.starts_with('/');
        let mut after_tildes = pointer.split('~').skip(1);
        match is_pointer && after_tildes.all(|rest| rest.starts_with(['0', '1'])) {
            true => Ok(Self { call, pointer }),
            false => Err(EXPECTED),
        }
    }

    /// The part of a result that it leads to.
    pub fn follow(&self, result: &Value) -> Option<Value> {
        match self.pointer.strip_prefix('/') {
            None => Some(result.clone()),
            Some(path) => walk(result, &path.split('/').collect::<Vec<_>>()),
        }
    }
}

fn walk(value: &Value, path: &[&str]) -> Option<Value> {
    let Some((step, rest)) = path.split_first() else { return Some(value.clone()) };
    match value {
        Value::Object(fields) => walk(fields.get(&step.replace("~1", "/").replace("~0", "~"))?, rest),
        Value::Array(items) if *step == "*" => {
            let mut all = Vec::new();
            for item in items {
                match walk(item, rest)? {
                    Value::Array(several) => all.extend(several),
                    one => all.push(one),
                }
            }
            Some(Value::Array(all))
        }
        Value::Array(items) => {
            let is_index = step.bytes().all(|b| b.is_ascii_digit()) && (*step == "0" || !step.starts_with('0'));
            let index: usize = step.parse().ok().filter(|_| is_index)?;
            walk(items.get(index)?, rest)
        }
        _ => None,
    }
}

/// Shows every reference in the arguments with its place.
pub(super) fn each(args: &Map<String, Value>, see: &mut impl FnMut(&str, &Value)) {
    // Nothing is made of what comes back: only the places matter.
    let _ = object::<()>(args, "", &mut |at, target| {
        see(at, target);
        Ok(Value::Null)
    });
}

/// The arguments with what they refer to, which `find` answers, in place of the references.
pub(super) fn filled<E>(
    args: &Map<String, Value>,
    find: &mut impl FnMut(&str, &Value) -> Result<Value, E>,
) -> Result<Value, E> {
    object(args, "", find)
}

fn object<E>(
    fields: &Map<String, Value>,
    at: &str,
    find: &mut impl FnMut(&str, &Value) -> Result<Value, E>,
) -> Result<Value, E> {
    if let (1, Some((name, inner))) = (fields.len(), fields.iter().next()) {
        match name.as_str() {
            REF => return find(at, inner),
            LITERAL => return Ok(inner.clone()),
            _ => {}
        }
    }
    let mut filled = Map::with_capacity(fields.len());
    for (name, inner) in fields {
        let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        filled.insert(name.clone(), value(inner, &at, find)?);
    }
    Ok(Value::Object(filled))
}

fn value<E>(given: &Value, at: &str, find: &mut impl FnMut(&str, &Value) -> Result<Value, E>) -> Result<Value, E> {
    match given {
        Value::Object(fields) => object(fields, at, find),
        Value::Array(items) => {
            let each = items.iter().enumerate().map(|(index, item)| value(item, &format!("{at}/{index}"), find));
            each.collect::<Result<_, E>>().map(Value::Array)
        }
        plain => Ok(plain.clone()),
    }
}

/// How many levels of objects and lists a value has.
pub(super) fn depth(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn follow(document: &Value, pointer: &str) -> Option<Value> {
        let target = json!(format!("call#{pointer}"));
        Reference::parse(&target).unwrap().follow(document)
    }

    #[test]
    fn pointers_are_those_of_the_standard() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../../tests/vectors/wire-json-pointer.json")).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let pointer = case["pointer"].as_str().unwrap();
            assert_eq!(follow(&vectors["document"], pointer), Some(case["value"].clone()), "{pointer}");
        }
        for nowhere in [
            "/foo/2",
            "/foo/00",
            "/foo/+1",
            "/foo/-",
            "/foo/-1",
            "/foo/",
            "/bar",
            "/a~1b/c",
            "/foo/0/0",
            "/foo/99999999999999999999",
        ] {
            assert_eq!(follow(&vectors["document"], nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn a_star_stands_for_all_items() {
        let page = json!({ "data": [{ "id": 1, "tags": ["a", "b"] }, { "id": 2, "tags": [] }], "*": "field" });
        assert_eq!(follow(&page, "/data/*/id"), Some(json!([1, 2])));
        assert_eq!(follow(&page, "/data/*/tags"), Some(json!(["a", "b"])));
        assert_eq!(follow(&page, "/data/*/tags/0"), None, "one of them has none");
        assert_eq!(follow(&page, "/*"), Some(json!("field")));
        assert_eq!(follow(&json!({ "data": [] }), "/data/*/id"), Some(json!([])));
    }

    #[test]
    fn what_is_no_reference_is_told() {
        for wrong in [json!("t"), json!("t#id"), json!("t#/a~2"), json!("t#/a~"), json!(1), json!(null), json!({})] {
            assert!(Reference::parse(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_an_object_with_that_single_key_is_a_reference() {
        let args = json!({
            "a": { "$ref": "x#/1" }, "b": [{ "$ref": "x#" }, 1], "c": { "$ref": "x#", "d": 1 }, "e/f": { "g": { "$ref": 5 } },
            "h": { "$literal": { "$ref": "x#" } }, "i": { "$literal": { "$literal": 1 } }, "j": { "$literal": 1, "k": 2 },
        });
        let mut seen = Vec::new();
        each(args.as_object().unwrap(), &mut |at, target| seen.push((at.to_owned(), target.clone())));
        let expected = [("/a", json!("x#/1")), ("/b/0", json!("x#")), ("/e~1f/g", json!(5))];
        assert_eq!(seen, expected.map(|(at, target)| (at.to_owned(), target)));
        let filled = filled::<()>(args.as_object().unwrap(), &mut |at, _| Ok(json!(at))).unwrap();
        assert_eq!(
            filled,
            json!({
                "a": "/a", "b": ["/b/0", 1], "c": { "$ref": "x#", "d": 1 }, "e/f": { "g": "/e~1f/g" },
                "h": { "$ref": "x#" }, "i": { "$literal": 1 }, "j": { "$literal": 1, "k": 2 },
            })
        );
        assert_eq!((depth(&filled), depth(&json!(1)), depth(&json!([]))), (2, 0, 1));
    }
}
