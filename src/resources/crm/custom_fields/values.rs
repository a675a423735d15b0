//! The values that objects have in their custom fields: checked, and brought into one spelling, on every write.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::model::{CustomField, FieldObject, FieldType, RequiredOn};
use super::store;
use crate::db::{Fault, Id, Json, Timestamp};
use crate::method::{Document, Email, Error, FieldError, Phone, Result, Tx, Url, suggest};
use crate::resources::account::users;
use crate::resources::crm::{companies, contacts};

/// The most characters of a text.
const MAX_TEXT: usize = 5000;
/// How much memory a compiled expression may take.
const MAX_REGEX_BYTES: usize = 1 << 18;

/// What happens to the object whose values are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It is created: what must be there from the beginning must be there, and defaults are filled in.
    Create,
    /// It is changed.
    Update,
    /// It is closed: what must be there by then must be there.
    Close,
}

/// Changes the values of an object as a request says: fields that are not named stay, null clears. Everything that is wrong is
/// named, by pointers under `/custom_fields`.
pub async fn apply(
    tx: &mut Tx<'_>,
    object: FieldObject,
    values: &mut Json<Map<String, Value>>,
    patch: Option<Map<String, Value>>,
    moment: Moment,
) -> Result<()> {
    let patch = patch.unwrap_or_default();
    if patch.is_empty() && moment == Moment::Update {
        return Ok(());
    }
    let organization = tx.space();
    let fields = store::of_object(tx, organization, object).await?;
    let mut change = Change { fields: &fields, problems: Vec::new(), named: Vec::new(), set: Vec::new() };
    change.patch(values, patch);
    if moment == Moment::Create {
        change.fill_in(values);
    }
    change.require(values, moment);
    let Change { mut problems, named, set, .. } = change;
    problems.extend(unknown_ids(tx, named).await?);
    if !problems.is_empty() {
        return Err(Error::arguments(tx.ctx().method(), problems));
    }
    if let Some(problem) = Document::problem(values) {
        return Err(Error::argument("/custom_fields", "too_long", format!("with what is there already {problem}")));
    }
    // Nobody may change the fields, or take them away with their values, while these are being written.
    if !set.is_empty() {
        let kept = store::keep(tx, &set).await?;
        let is_same = |id: &Id| fields.iter().any(|field| field.id == *id && kept.contains(&(*id, field.version)));
        if !set.iter().all(is_same) {
            return Err(Fault::Retry("a custom field was changed meanwhile".into()).into());
        }
    }
    Ok(())
}

/// Whether a value is one that a field may have by default; answers it as it is stored.
pub async fn check_default(tx: &mut Tx<'_>, field: &CustomField, value: &Value) -> Result<Value> {
    let checked = normal(field, None, value).map_err(|problem| problem.at("/default"))?;
    let unknown = unknown_ids(tx, reference(field, &checked, "/default").into_iter().collect()).await?;
    if unknown.is_empty() { Ok(checked) } else { Err(Error::arguments(tx.ctx().method(), unknown)) }
}

/// The expression that the whole of a text must match.
pub fn expression(pattern: &str) -> Result<regex::Regex, String> {
    let whole = regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(MAX_REGEX_BYTES).build();
    // The pattern must be one by itself too, or its brackets could end ours.
    match regex::RegexBuilder::new(pattern).size_limit(MAX_REGEX_BYTES).build() {
        Err(error) => Err(short(&error)),
        Ok(_) => whole.map_err(|error| short(&error)),
    }
}

/// What is wrong with an expression, in one line.
fn short(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    format!("expected a regular expression: {}", last.trim_start_matches("error: "))
}

/// A user, contact or company that a value names, with the pointer to it.
type Named = (FieldType, String, Id);

struct Change<'a> {
    fields: &'a [CustomField],
    problems: Vec<FieldError>,
    named: Vec<Named>,
    /// The fields that get values.
    set: Vec<Id>,
}

impl Change<'_> {
    fn patch(&mut self, values: &mut Map<String, Value>, patch: Map<String, Value>) {
        for (name, value) in patch {
            let pointer = pointer(&name);
            let Some(field) = self.fields.iter().find(|field| field.name == name) else {
                self.problems.push(unknown_field(self.fields, &name, pointer));
                continue;
            };
            if field.archived {
                // Clearing is all that can still be done.
                match value.is_null() {
                    true => drop(values.shift_remove(&name)),
                    false if values.get(&name) == Some(&value) => {}
                    false => self.problems.push(FieldError::new(pointer, "read_only", "the field is archived")),
                }
                continue;
            }
            if value.is_null() || value == "" {
                if field.is_required_on == RequiredOn::Create && values.contains_key(&name) {
                    self.problems.push(FieldError::new(pointer, "not_nullable", format!("{name} cannot be cleared")));
                } else {
                    values.shift_remove(&name);
                }
                continue;
            }
            match normal(field, values.get(&name), &value) {
                Err(problem) => self.problems.push(problem.field_error(pointer)),
                Ok(value) if values.get(&name) == Some(&value) => {}
                Ok(value) => {
                    self.named.extend(reference(field, &value, &pointer));
                    self.set.push(field.id);
                    values.insert(name, value);
                }
            }
        }
    }

    fn fill_in(&mut self, values: &mut Map<String, Value>) {
        for field in self.fields.iter().filter(|field| !field.archived) {
            if let Some(default) = &field.default
                && !values.contains_key(&field.name)
            {
                self.set.push(field.id);
                values.insert(field.name.clone(), default.0.clone());
            }
        }
    }

    fn require(&mut self, values: &Map<String, Value>, moment: Moment) {
        let is_due = |field: &CustomField| match (field.is_required_on, moment) {
            (RequiredOn::Never, _) | (RequiredOn::Close, Moment::Create | Moment::Update) => false,
            // Objects that are older than the field may go without a value until they are closed.
            (RequiredOn::Create, Moment::Update) => false,
            (RequiredOn::Create, _) | (RequiredOn::Close, Moment::Close) => true,
        };
        for field in self.fields.iter().filter(|field| !field.archived && is_due(field)) {
            let pointer = pointer(&field.name);
            if !values.contains_key(&field.name) && !self.problems.iter().any(|problem| problem.pointer == pointer) {
                let message = format!("missing required field: {}", field.name);
                self.problems.push(FieldError::new(pointer, "required", message));
            }
        }
    }
}

fn pointer(name: &str) -> String {
    format!("/custom_fields/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn unknown_field(fields: &[CustomField], name: &str, pointer: String) -> FieldError {
    let known = fields.iter().filter(|field| !field.archived).map(|field| field.name.as_str());
    let near = suggest::nearest(name, known);
    let shown: String = name.chars().take(60).collect();
    let error = FieldError::new(pointer, "unknown_field", format!("there is no custom field '{shown}'"));
    if near.is_empty() { error } else { error.with("suggestions", near) }
}

/// Why a value does not fit its field.
struct Misfit {
    code: &'static str,
    message: String,
    allowed: Vec<String>,
}

impl Misfit {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), allowed: Vec::new() }
    }

    fn field_error(self, pointer: impl Into<String>) -> FieldError {
        let error = FieldError::new(pointer, self.code, self.message);
        if self.allowed.is_empty() { error } else { error.with("allowed", self.allowed) }
    }

    fn at(self, pointer: &str) -> Error {
        Error::arguments("", vec![self.field_error(pointer)])
    }
}

/// The value in the spelling in which it is stored. `before` is the one the object has.
fn normal(field: &CustomField, before: Option<&Value>, value: &Value) -> Result<Value, Misfit> {
    match field.type_ {
        FieldType::Text => text(field, value),
        FieldType::Number => match value {
            Value::Number(_) => Ok(value.clone()),
            _ => Err(Misfit::new("wrong_type", "expected number")),
        },
        FieldType::Boolean => match value {
            Value::Bool(_) => Ok(value.clone()),
            _ => Err(Misfit::new("wrong_type", "expected boolean")),
        },
        FieldType::Date => date(string(value)?),
        FieldType::Datetime => formatted::<Timestamp>(value),
        FieldType::Url => formatted::<Url>(value),
        FieldType::Email => formatted::<Email>(value),
        FieldType::Phone => formatted::<Phone>(value),
        FieldType::User | FieldType::Contact | FieldType::Company => formatted::<Id>(value),
        FieldType::Dropdown => option(field, before, string(value)?).map(Value::from),
        FieldType::MultiSelect => {
            let Value::Array(items) = value else { return Err(Misfit::new("wrong_type", "expected array")) };
            let mut chosen = Vec::new();
            for item in items {
                let before = before.and_then(Value::as_array).and_then(|items| items.iter().find(|one| *one == item));
                let item = option(field, before, string(item)?)?;
                if !chosen.contains(&item) {
                    chosen.push(item);
                }
            }
            Ok(chosen.into())
        }
    }
}

fn string(value: &Value) -> Result<&str, Misfit> {
    value.as_str().ok_or_else(|| Misfit::new("wrong_type", "expected string"))
}

fn text(field: &CustomField, value: &Value) -> Result<Value, Misfit> {
    let text = string(value)?;
    if text.chars().count() > MAX_TEXT {
        return Err(Misfit::new("too_long", format!("at most {MAX_TEXT} characters are allowed")));
    }
    match field.regex.as_deref().map(expression) {
        Some(Ok(regex)) if !regex.is_match(text) => {
            Err(Misfit::new("pattern", format!("expected text that matches {}", regex.as_str())))
        }
        _ => Ok(text.into()),
    }
}

fn date(text: &str) -> Result<Value, Misfit> {
    let is_plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match text.parse::<jiff::civil::Date>() {
        Ok(date) if is_plain => Ok(date.to_string().into()),
        _ => Err(Misfit::new("format", "expected a day such as 2026-11-20")),
    }
}

/// A value of a type that checks itself.
fn formatted<T: DeserializeOwned + serde::Serialize>(value: &Value) -> Result<Value, Misfit> {
    string(value)?;
    let read: Result<T, _> = serde_json::from_value(value.clone());
    let written = read.and_then(|read| serde_json::to_value(read));
    written.map_err(|error| Misfit::new("format", error.to_string()))
}

/// An option that can be chosen: a known one, and of those that are archived only the one the object has.
fn option(field: &CustomField, before: Option<&Value>, value: &str) -> Result<String, Misfit> {
    let is_open = |option: &&super::FieldOption| !option.archived || before.is_some_and(|before| before == value);
    match field.options.iter().filter(is_open).any(|option| option.value == value) {
        true => Ok(value.to_owned()),
        false => Err(Misfit {
            allowed: field.options.iter().filter(|o| !o.archived).map(|o| o.value.clone()).take(50).collect(),
            ..Misfit::new("enum", "expected one of the field's options")
        }),
    }
}

fn reference(field: &CustomField, value: &Value, pointer: &str) -> Option<Named> {
    let id = match field.type_ {
        FieldType::User | FieldType::Contact | FieldType::Company => value.as_str()?.parse().ok()?,
        _ => return None,
    };
    Some((field.type_, pointer.to_owned(), id))
}

/// Which of the ids lead nowhere.
async fn unknown_ids(tx: &mut Tx<'_>, named: Vec<Named>) -> Result<Vec<FieldError>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let of = |type_: FieldType| named.iter().filter(|(of, ..)| *of == type_).map(|(.., id)| *id).collect::<Vec<_>>();
    let users: HashSet<Id> = users::store::keep(tx, &of(FieldType::User)).await?.into_iter().collect();
    let companies: HashSet<Id> = companies::store::keep(tx, &of(FieldType::Company)).await?.into_iter().collect();
    let contacts: HashSet<Id> = contacts::store::keep(tx, &of(FieldType::Contact)).await?.into_iter().collect();
    let unknown = named.iter().filter(|(type_, _, id)| match type_ {
        FieldType::User => !users.contains(id),
        FieldType::Company => !companies.contains(id),
        _ => !contacts.contains(id),
    });
    Ok(unknown
        .map(|(type_, pointer, id)| FieldError::new(pointer, "unknown_id", format!("there is no {type_} {id}")))
        .collect())
}
