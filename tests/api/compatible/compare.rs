//! What of an API's document a client can rely on, and what of it another document breaks.
//!
//! Arguments may be taken more widely than before, and answers may have more fields. In words of sets: every call that fitted the old
//! document fits the new one, and every answer of the new one is one that the old one promised. Both are the one question whether a
//! schema allows all that another allows ([`Comparison::fits`]).

use std::collections::HashSet;

use serde_json::Value;

/// Everything in `new` that a client of `old` may stumble over, in words.
pub fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison { old, new, seen: HashSet::new(), found: Vec::new() };
    for (path, before) in object(&old["paths"]) {
        let name = path.trim_start_matches('/');
        match new["paths"].get(path) {
            None => comparison.found.push(format!("{name}: the method is gone")),
            Some(after) => comparison.method(name, &before["post"], &after["post"]),
        }
    }
    for (event, before) in object(&old["webhooks"]) {
        match new["webhooks"].get(event) {
            None => comparison.found.push(format!("{event}: the event is gone")),
            // What the server sends is an answer to those who get it.
            Some(after) => comparison.bodies(event, &before["post"]["requestBody"], &after["post"]["requestBody"]),
        }
    }
    let codes = "/components/schemas/ErrorBody/properties/code/x-codes";
    let after = new.pointer(codes).unwrap_or(&Value::Null);
    for (code, before) in old.pointer(codes).into_iter().flat_map(object) {
        if after[code].is_null() {
            comparison.found.push(format!("the error code {code} is gone"));
        } else if ["type", "status"].iter().any(|part| before[*part] != after[code][*part]) {
            comparison.found.push(format!("the error code {code} has another type or status"));
        }
    }
    let (before, after) = (&old["components"]["responses"]["Error"], &new["components"]["responses"]["Error"]);
    comparison.bodies("errors", before, after);
    comparison.found
}

/// One type that a schema allows, and the name of the schema if it has one.
#[derive(Clone, Copy)]
struct Choice<'a> {
    name: Option<&'a str>,
    kind: Option<&'a str>,
    schema: &'a Value,
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    /// The pairs of named schemas that were compared, as what is sent or as answers: many methods share them, and some contain
    /// themselves.
    seen: HashSet<(&'a str, &'a str, bool)>,
    found: Vec<String>,
}

impl<'a> Comparison<'a> {
    fn method(&mut self, name: &str, old: &'a Value, new: &'a Value) {
        let mut differs = |part: &str, what: &str| {
            if old[part] != new[part] {
                self.found.push(format!("{name}: {what}"));
            }
        };
        differs("x-scopes", "it needs other scopes");
        differs("x-kind", "it is a read, a write or a delete, and was another");
        differs("operationId", "generated clients call it by another name");
        if old["security"] == Value::Array(Vec::new()) && new["security"].is_null() {
            self.found.push(format!("{name}: it needs a token"));
        }
        if old["x-for-contacts"] == true && new["x-for-contacts"] != true {
            self.found.push(format!("{name}: contacts may no longer call it"));
        }
        for event in array(&old["x-events"]).iter().filter(|event| !array(&new["x-events"]).contains(event)) {
            self.found.push(format!("{name}: it no longer causes {event}"));
        }
        for parameter in array(&old["parameters"]).iter().filter(|one| !array(&new["parameters"]).contains(one)) {
            self.found.push(format!("{name}: it no longer takes {}", parameter["$ref"]));
        }
        if old["requestBody"]["required"] != true && new["requestBody"]["required"] == true {
            self.found.push(format!("{name}: the body may no longer be left out"));
        }
        let arguments = |operation: &'a Value| &operation["requestBody"]["content"]["application/json"]["schema"];
        self.fits(name, arguments(old), arguments(new), false);
        for (status, before) in object(&old["responses"]) {
            match new["responses"].get(status) {
                None => self.found.push(format!("{name}: it no longer answers {status}")),
                Some(after) => self.bodies(&format!("{name} answers"), before, after),
            }
        }
    }

    /// What is answered, in each of the forms that it had.
    fn bodies(&mut self, at: &str, old: &'a Value, new: &'a Value) {
        for (kind, before) in object(&old["content"]) {
            match new["content"].get(kind) {
                None => self.found.push(format!("{at}: no longer as {kind}")),
                Some(after) => self.fits(at, &after["schema"], &before["schema"], true),
            }
        }
    }

    /// Finds what `narrow` allows and `wide` does not. Of what is sent, the old document's schema is the narrow one; of answers it is
    /// the wide one, and what it names must be there still.
    fn fits(&mut self, at: &str, narrow: &'a Value, wide: &'a Value, is_answer: bool) {
        if let (Some(one), Some(other)) = (narrow["allOf"].as_array(), wide["allOf"].as_array())
            && one.len() == other.len()
        {
            return one.iter().zip(other).for_each(|(one, other)| self.fits(at, one, other, is_answer));
        }
        let (narrow_root, wide_root) = if is_answer { (self.new, self.old) } else { (self.old, self.new) };
        let wide = choices(wide_root, wide, None);
        for one in choices(narrow_root, narrow, None) {
            let alike: Vec<Choice> = wide.iter().filter(|other| has_type(one, **other)).copied().collect();
            match alike.as_slice() {
                [] => {
                    let what = if is_answer { "may be" } else { "may no longer be" };
                    self.found.push(format!("{at} {what} {}", one.kind.unwrap_or("anything")));
                }
                [only] => self.alike(at, one, *only, is_answer),
                [first, ..] => {
                    // One of them must fit; if none does, the reasons of the first are as good as any.
                    let (count, seen) = (self.found.len(), self.seen.clone());
                    let mut attempt = |other: Choice<'a>, is_last: bool| {
                        self.alike(at, one, other, is_answer);
                        let fits = self.found.len() == count;
                        if !fits && !is_last {
                            self.found.truncate(count);
                            self.seen = seen.clone();
                        }
                        fits
                    };
                    if !alike.iter().any(|other| attempt(*other, false)) {
                        attempt(*first, true);
                    }
                }
            }
        }
    }

    /// Two schemas of one type.
    fn alike(&mut self, at: &str, one: Choice<'a>, other: Choice<'a>, is_answer: bool) {
        let mut at = at;
        if let (Some(name), Some(other)) = (one.name, other.name) {
            if !self.seen.insert((name, other, is_answer)) {
                return;
            }
            at = name;
        }
        let word = |answer: &'static str, argument: &'static str| if is_answer { answer } else { argument };
        let (narrow, wide) = (one.schema, other.schema);
        let is_list = narrow["enum"].is_array();
        if let Some(allowed) = wide["enum"].as_array() {
            // Null is a word of a list for the type null alone.
            let is_null = one.kind == Some("null");
            for new in array(&narrow["enum"]).iter().filter(|new| new.is_null() == is_null && !allowed.contains(new)) {
                self.found.push(format!("{at} {} {new}", word("may be", "may no longer be")));
            }
            if !is_list {
                self.found.push(format!("{at} {}", word("is a closed list no longer", "is a closed list now")));
            }
        }
        for (limit, is_most) in LIMITS {
            let is_wider = match (narrow[*limit].as_f64(), wide[*limit].as_f64()) {
                (_, None) => true,
                (None, Some(_)) => is_list,
                (Some(one), Some(other)) if *is_most => one <= other,
                (Some(one), Some(other)) => one >= other,
            };
            if !is_wider {
                self.found.push(format!("{at} has a {limit} that is {}", word("looser", "tighter")));
            }
        }
        for part in ["format", "pattern"] {
            if !wide[part].is_null() && wide[part] != narrow[part] && !is_list {
                self.found.push(format!("{at} has another {part}"));
            }
        }
        if let Some(items) = wide.get("items") {
            self.fits(&format!("{at}[]"), &narrow["items"], items, is_answer);
        }
        self.fields(at, narrow, wide, is_answer);
    }

    fn fields(&mut self, at: &str, narrow: &'a Value, wide: &'a Value, is_answer: bool) {
        let more = &wide["additionalProperties"];
        for (name, field) in object(&narrow["properties"]) {
            let at = format!("{at}.{name}");
            match wide["properties"].get(name) {
                Some(other) => self.fits(&at, field, other, is_answer),
                None if *more == Value::Bool(false) => self.found.push(format!("{at} is gone")),
                None if more.is_object() => self.fits(&at, field, more, is_answer),
                None => {}
            }
        }
        if is_answer {
            for (name, _) in object(&wide["properties"]).filter(|(name, _)| narrow["properties"].get(name).is_none()) {
                self.found.push(format!("{at}.{name} is gone"));
            }
        }
        for name in array(&wide["required"]).iter().filter(|name| !array(&narrow["required"]).contains(name)) {
            let name = name.as_str().unwrap_or_default();
            match is_answer {
                false => self.found.push(format!("{at}.{name} is required")),
                true if narrow["properties"].get(name).is_some() => {
                    self.found.push(format!("{at}.{name} may be missing"))
                }
                true => {} // It is gone, and that has been said.
            }
        }
        if narrow["additionalProperties"].is_object() && more.is_object() {
            self.fits(&format!("{at}.*"), &narrow["additionalProperties"], more, is_answer);
        }
    }
}

/// Limits, and whether they say how much there may be at the most.
const LIMITS: &[(&str, bool)] = &[
    ("maxLength", true),
    ("maxItems", true),
    ("maxProperties", true),
    ("maximum", true),
    ("minLength", false),
    ("minItems", false),
    ("minimum", false),
];

/// What a schema allows, type by type.
fn choices<'a>(root: &'a Value, schema: &'a Value, name: Option<&'a str>) -> Vec<Choice<'a>> {
    if let Some(path) = schema["$ref"].as_str()
        && let Some(target) = root.pointer(path.trim_start_matches('#'))
    {
        return choices(root, target, path.rsplit('/').next());
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(several) = schema[word].as_array() {
            return several.iter().flat_map(|one| choices(root, one, None)).collect();
        }
    }
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(|kind| Choice { name, kind: kind.as_str(), schema }).collect(),
        kind => vec![Choice { name, kind: kind.as_str(), schema }],
    }
}

fn has_type(one: Choice, other: Choice) -> bool {
    other.kind.is_none() || one.kind == other.kind || (one.kind, other.kind) == (Some("integer"), Some("number"))
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
