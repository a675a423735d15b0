//! Whole numbers that are written as `10.0` or `1e1`. To JSON Schema they are integers, and some languages write all their numbers
//! so; to serde they are not.

use serde_json::{Map, Value};

/// The numbers up to which a double is exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The integer that a number is, however it is written.
pub(super) fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        // The cast is exact: within these bounds and without a fraction.
        (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
    })
}

/// Writes the whole numbers in `object` as integers where its schema has integers; `root` is what references lead into.
pub(super) fn write_plainly(root: &Value, schema: &Value, object: &mut Map<String, Value>) {
    let schema = resolve(root, schema);
    for (name, value) in object {
        match schema["properties"].get(name) {
            Some(schema) => rewrite(root, schema, value),
            None => rewrite(root, &schema["additionalProperties"], value),
        }
    }
}

fn rewrite(root: &Value, schema: &Value, value: &mut Value) {
    let schema = resolve(root, schema);
    for choice in ["anyOf", "oneOf"].iter().filter_map(|word| schema[*word].as_array()).flatten() {
        rewrite(root, choice, value);
    }
    match value {
        Value::Number(number) if number.is_f64() && allows(schema, "integer") && !allows(schema, "number") => {
            if let Some(whole) = whole(value) {
                *value = whole.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite(root, &schema["items"], item)),
        Value::Object(object) => write_plainly(root, schema, object),
        _ => {}
    }
}

fn allows(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::String(only) => only == kind,
        Value::Array(several) => several.iter().any(|one| one == kind),
        _ => false,
    }
}

fn resolve<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let target = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#')).and_then(|path| root.pointer(path));
    target.map_or(schema, |target| resolve(root, target))
}
