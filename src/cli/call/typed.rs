//! From what was written to JSON, by what the method takes.

use serde_json::{Map, Number, Value};

use super::schema::Shape;
use super::syntax::{self, Argument, Written};
use crate::method::binary;

/// The arguments of a call, put together from what was written. `shape` is what the method takes; without one, all that is not given as
/// JSON is text.
pub fn arguments(shape: Option<Shape<'_>>, written: &[Argument]) -> Result<Map<String, Value>, String> {
    let mut whole = Some(Value::Object(Map::new()));
    for argument in written {
        place(shape, &mut whole, &argument.path, &argument.value)
            .map_err(|problem| format!("{}: {problem}", argument.name()))?;
    }
    match whole {
        Some(Value::Object(arguments)) => Ok(arguments),
        _ => Ok(Map::new()),
    }
}

/// Adds what was written argument by argument to what was given as a whole, and puts it before that.
pub fn overlay(whole: &mut Map<String, Value>, over: Map<String, Value>) {
    for (name, value) in over {
        match (whole.get_mut(&name), value) {
            (Some(Value::Object(below)), Value::Object(above)) => overlay(below, above),
            (_, value) => {
                whole.insert(name, value);
            }
        }
    }
}

fn place(shape: Option<Shape<'_>>, slot: &mut Option<Value>, path: &[String], written: &Written) -> Result<(), String> {
    let Some((name, rest)) = path.split_first() else { return fill(shape, slot, written) };
    if let (Some(shape), Ok(index)) = (shape.filter(|shape| shape.takes("array")), name.parse::<usize>()) {
        let items = slot.get_or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(items) = items else { return Err("given in two ways".into()) };
        if index > items.len() {
            return Err(format!("item {index} comes after item {}, which is not there", items.len()));
        }
        let mut item = items.get_mut(index).map(Value::take);
        place(shape.items(), &mut item, rest, written)?;
        match (items.get_mut(index), item) {
            (Some(there), Some(item)) => *there = item,
            (None, Some(item)) => items.push(item),
            (_, None) => {}
        }
        return Ok(());
    }
    let fields = slot.get_or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(fields) = fields else { return Err("given in two ways".into()) };
    let mut field = fields.get_mut(name).map(Value::take);
    place(shape.and_then(|shape| shape.property(name)), &mut field, rest, written)?;
    fields.insert(name.clone(), field.unwrap_or_default());
    Ok(())
}

/// Puts a value where the path ends.
fn fill(shape: Option<Shape<'_>>, slot: &mut Option<Value>, written: &Written) -> Result<(), String> {
    let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| format!("this is not JSON: {error}"));
    let value = match written {
        Written::Json(text) => Whole(json(text)?),
        Written::JsonFile(path) => Whole(json(&text_of(path, syntax::read(path)?)?)?),
        Written::Text(text) => read(shape, text)?,
        Written::File(path) => {
            let bytes = syntax::read(path)?;
            match shape.filter(|shape| shape.is_base64()) {
                Some(shape) => Whole(encoded(shape, &bytes)?.into()),
                None => read(shape, &text_of(path, bytes)?)?,
            }
        }
    };
    match (value, slot) {
        (Whole(value), slot @ None) => *slot = Some(value),
        (Item(item), slot @ None) => *slot = Some(Value::Array(vec![item])),
        (Item(item), Some(Value::Array(items))) => items.push(item),
        // Nothing is known of the method: what is given twice is meant as a list.
        (Whole(item), Some(Value::Array(items))) if shape.is_none() => items.push(item),
        (Whole(item), Some(first)) if shape.is_none() => *first = Value::Array(vec![first.take(), item]),
        (_, Some(_)) => return Err("given twice, and it is no list".into()),
    }
    Ok(())
}

use Read::{Item, Whole};

/// What a text was read as.
enum Read {
    /// All of the value.
    Whole(Value),
    /// One item of a list.
    Item(Value),
}

fn read(shape: Option<Shape<'_>>, text: &str) -> Result<Read, String> {
    let Some(shape) = shape.filter(|shape| shape.takes("array") && !shape.takes("string")) else {
        return typed(shape, text).map(Whole);
    };
    if text.is_empty() {
        return Ok(Whole(Value::Array(Vec::new())));
    }
    match serde_json::from_str(text) {
        Ok(list @ Value::Array(_)) => Ok(Whole(list)),
        _ => typed(shape.items(), text).map(Item),
    }
}

/// A text as what the method takes. What it takes as text stays text, whatever it looks like.
fn typed(shape: Option<Shape<'_>>, text: &str) -> Result<Value, String> {
    let Some(shape) = shape.filter(|shape| !shape.is_free() && !shape.takes("string")) else {
        return Ok(text.into());
    };
    if shape.takes("null") && matches!(text, "null" | "") {
        return Ok(Value::Null);
    }
    if shape.takes("integer")
        && let Ok(number) = text.parse::<i64>()
    {
        return Ok(number.into());
    }
    if shape.takes("number")
        && let Ok(number) = serde_json::from_str::<Number>(text)
    {
        return Ok(number.into());
    }
    if shape.takes("boolean")
        && let Ok(value) = text.parse::<bool>()
    {
        return Ok(value.into());
    }
    if shape.takes("object") {
        return match serde_json::from_str(text) {
            Ok(object @ Value::Object(_)) => Ok(object),
            _ => Err("expected an object: write its fields as name.field=value, or all of it as JSON with :=".into()),
        };
    }
    let shown: String = text.chars().take(40).collect();
    Err(format!("expected {}, got {shown:?}", shape.in_words()))
}

fn text_of(path: &str, bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| format!("{path} is not text in UTF-8"))
}

fn encoded(shape: Shape<'_>, bytes: &[u8]) -> Result<String, String> {
    let most = shape.most_characters().unwrap_or(u64::MAX) / 4 * 3;
    if bytes.len() as u64 > most {
        return Err(format!(
            "the file has {} bytes, and one call takes {most}; files.createUpload takes larger ones, in chunks",
            bytes.len()
        ));
    }
    Ok(binary::encode(bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "properties": {
                "name": {"type": "string"},
                "title": {"type": ["string", "null"]},
                "limit": {"type": ["integer", "null"], "minimum": 1, "maximum": 1000},
                "rate": {"type": "number"},
                "is_open": {"type": ["boolean", "null"]},
                "user_ids": {"type": ["array", "null"], "items": {"type": "string", "format": "uuid"}},
                "places": {"type": "array", "items": {"type": "integer"}},
                "query": {"anyOf": [{"$ref": "#/$defs/Query"}, {"type": "null"}]},
                "calls": {"type": "array", "items": {"$ref": "#/$defs/Call"}},
                "metadata": {"type": "object", "additionalProperties": true},
                "labels": {"type": "object", "additionalProperties": {"type": "integer"}},
                "status": {"oneOf": [{"const": "open", "type": "string"}, {"const": "closed", "type": "string"}]},
                "after": {"type": ["string", "integer"]},
                "bytes": {"type": "string", "contentEncoding": "base64", "maxLength": 8},
            },
            "$defs": {
                "Query": {"type": "object", "properties": {"conversations": {"type": ["string", "null"]}}},
                "Call": {"type": "object", "properties": {"method": {"type": "string"}, "args": {"type": "object"}}},
            },
        })
    }

    fn built(words: &[&str]) -> Result<Value, String> {
        let schema = schema();
        let written: Result<Vec<Argument>, String> = words.iter().map(|word| Argument::parse(word)).collect();
        arguments(Some(Shape::of(&schema)), &written?).map(Value::Object)
    }

    #[test]
    fn a_value_is_what_the_method_takes() {
        for (words, expected) in [
            (&["name=7"][..], json!({"name": "7"})),
            (&["name=null", "title="], json!({"name": "null", "title": ""})),
            (&["title:=null"], json!({"title": null})),
            (&["limit=7", "rate=0.5", "is_open=true"], json!({"limit": 7, "rate": 0.5, "is_open": true})),
            (&["limit=null"], json!({"limit": null})),
            (&["after=7"], json!({"after": "7"})),
            (&["status=open"], json!({"status": "open"})),
            (&["user_ids=a"], json!({"user_ids": ["a"]})),
            (&["user_ids=a", "user_ids=b"], json!({"user_ids": ["a", "b"]})),
            (&["user_ids=[\"a\",\"b\"]"], json!({"user_ids": ["a", "b"]})),
            (&["user_ids:=[\"a\"]", "user_ids=b"], json!({"user_ids": ["a", "b"]})),
            (&["user_ids="], json!({"user_ids": []})),
            (&["places=1", "places=2"], json!({"places": [1, 2]})),
            (&["query.conversations=a:b"], json!({"query": {"conversations": "a:b"}})),
            (&["query=null"], json!({"query": null})),
            (&["query={\"conversations\":null}"], json!({"query": {"conversations": null}})),
            (
                &["calls.0.method=a", "calls.0.args.x=1", "calls.1.method=b"],
                json!({"calls": [{"method": "a", "args": {"x": "1"}}, {"method": "b"}]}),
            ),
            (&["metadata.crm.id=42", "metadata.n:=42"], json!({"metadata": {"crm": {"id": "42"}, "n": 42}})),
            (&["labels.a=1"], json!({"labels": {"a": 1}})),
            (&["unknown=1"], json!({"unknown": "1"})),
        ] {
            assert_eq!(built(words).unwrap(), expected, "{words:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_name() {
        for (words, problem) in [
            (&["limit=many"][..], "limit: expected integer from 1 to 1000, got \"many\""),
            (&["is_open=maybe"], "is_open: expected true|false"),
            (&["places=x"], "places: expected integer"),
            (&["query=a:b"], "query: expected an object"),
            (&["name=a", "name=b"], "name: given twice"),
            (&["name=a", "name.b=c"], "name.b: given in two ways"),
            (&["user_ids:=[a]"], "user_ids: this is not JSON"),
            (&["calls.1.method=a"], "calls.1.method: item 1 comes after item 0"),
            (&["name=@/no/such/file"], "name: /no/such/file:"),
        ] {
            let refused = built(words).unwrap_err();
            assert!(refused.starts_with(problem), "{refused}");
        }
    }

    #[test]
    fn files_are_text_or_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (text, bytes, json) = (path("a", b"two\nlines\n"), path("b", b"\xff\x00"), path("c", b"[\"x\"]"));
        assert_eq!(built(&[&format!("name=@{text}")]).unwrap(), json!({"name": "two\nlines\n"}));
        assert_eq!(built(&[&format!("bytes=@{bytes}")]).unwrap(), json!({"bytes": "/wA="}));
        assert_eq!(built(&[&format!("user_ids:=@{json}")]).unwrap(), json!({"user_ids": ["x"]}));
        assert!(built(&[&format!("name=@{bytes}")]).unwrap_err().contains("UTF-8"));
        assert!(built(&[&format!("bytes=@{text}")]).unwrap_err().contains("one call takes 6"));
    }

    #[test]
    fn of_a_method_that_is_not_known_everything_is_text() {
        let written: Vec<Argument> =
            ["a=1", "b.c=true", "d=x", "d=y", "e:=2"].map(|word| Argument::parse(word).unwrap()).into();
        let built = arguments(None, &written).unwrap();
        assert_eq!(Value::Object(built), json!({"a": "1", "b": {"c": "true"}, "d": ["x", "y"], "e": 2}));
    }

    #[test]
    fn arguments_go_before_the_body() {
        let Value::Object(mut whole) = json!({"a": 1, "b": {"c": 1, "d": 1}}) else { panic!() };
        let Value::Object(over) = json!({"a": 2, "b": {"c": 2}, "e": null}) else { panic!() };
        overlay(&mut whole, over);
        assert_eq!(Value::Object(whole), json!({"a": 2, "b": {"c": 2, "d": 1}, "e": null}));
    }
}
