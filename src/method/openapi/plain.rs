//! Says the same in words that generators understand: many read a choice between constants as a choice between types, and stumble
//! over `true` for a schema.

use schemars::Schema;
use schemars::transform::transform_subschemas;
use serde_json::{Map, Value, json};

/// Makes every closed list of words in the schema an `enum`, and every `true` an empty schema.
pub(super) fn simplify(schema: &mut Value) {
    if let Ok(schema) = <&mut Schema>::try_from(schema) {
        simplify_one(schema);
    }
}

fn simplify_one(schema: &mut Schema) {
    // `additionalProperties` is where generators expect true and false.
    let additional = schema.get("additionalProperties").and_then(Value::as_bool);
    transform_subschemas(&mut simplify_one, schema);
    if let Some(additional) = additional {
        schema.insert("additionalProperties".into(), additional.into());
    }
    if schema.as_bool() == Some(true) {
        *schema = Schema::default();
    }
    let Some(object) = schema.as_object_mut() else { return };
    name_words(object);
    join_null(object);
}

/// `oneOf` constants, each with what it means, becomes an `enum` whose description tells all of them.
fn name_words(object: &mut Map<String, Value>) {
    let Some(branches) = object.get("oneOf").and_then(Value::as_array) else { return };
    let Some(words) = branches.iter().map(words_of).collect::<Option<Vec<_>>>() else { return };
    let mut meanings = String::new();
    for (word, meaning) in words.iter().flatten() {
        if let (Some(word), Some(meaning)) = (word.as_str(), meaning) {
            meanings.push_str(&format!("\n- `{word}`: {meaning}"));
        }
    }
    let words: Vec<Value> = words.into_iter().flatten().map(|(word, _)| word.clone()).collect();
    let enumeration = json!(words);
    object.shift_remove("oneOf");
    object.insert("type".into(), "string".into());
    object.insert("enum".into(), enumeration);
    if !meanings.is_empty() {
        let about = object.get("description").and_then(Value::as_str).unwrap_or_default();
        let description = format!("{about}\n{meanings}");
        object.insert("description".into(), description.trim().into());
    }
}

/// The words that a branch allows, each with its meaning; `None` if it allows anything else.
fn words_of(branch: &Value) -> Option<Vec<(&Value, Option<&str>)>> {
    let meaning = branch["description"].as_str();
    match (branch.get("const"), branch.get("enum")) {
        (Some(word), None) => word.is_string().then(|| vec![(word, meaning)]),
        (None, Some(words)) => {
            let words = words.as_array()?;
            words.iter().all(Value::is_string).then(|| words.iter().map(|word| (word, meaning)).collect())
        }
        _ => None,
    }
}

/// A list of words or null becomes a list of words with null among them.
fn join_null(object: &mut Map<String, Value>) {
    let Some([words, null]) = object.get("anyOf").and_then(Value::as_array).map(Vec::as_slice) else { return };
    let (Some(list), Some("null")) = (words["enum"].as_array(), null["type"].as_str()) else { return };
    if words["type"] != "string" {
        return;
    }
    let list: Vec<Value> = list.iter().cloned().chain([Value::Null]).collect();
    let texts = [object.get("description"), words.get("description")];
    let description = texts.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join("\n\n");
    object.shift_remove("anyOf");
    object.insert("type".into(), json!(["string", "null"]));
    object.insert("enum".into(), list.into());
    if !description.is_empty() {
        object.insert("description".into(), description.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_words_is_an_enum_that_says_what_they_mean() {
        let mut schema = json!({
            "description": "How.",
            "oneOf": [
                {"type": "string", "enum": ["a", "b"]},
                {"type": "string", "const": "c", "description": "Like c."},
            ],
        });
        simplify(&mut schema);
        assert_eq!(schema, json!({"description": "How.\n\n- `c`: Like c.", "type": "string", "enum": ["a", "b", "c"]}));
        let mut schema = json!({"anyOf": [{"oneOf": [{"const": "a"}]}, {"type": "null"}]});
        simplify(&mut schema);
        assert_eq!(schema, json!({"type": ["string", "null"], "enum": ["a", null]}));
    }

    #[test]
    fn anything_is_an_empty_schema() {
        let mut schema = json!({"items": true, "additionalProperties": true, "properties": {"a": true}});
        simplify(&mut schema);
        assert_eq!(schema, json!({"items": {}, "additionalProperties": true, "properties": {"a": {}}}));
    }

    #[test]
    fn other_choices_stay() {
        let choices =
            json!({"oneOf": [{"const": "a"}, {"type": "integer"}], "anyOf": [{"$ref": "#/x"}, {"type": "null"}]});
        let mut schema = choices.clone();
        simplify(&mut schema);
        assert_eq!(schema, choices);
    }
}
