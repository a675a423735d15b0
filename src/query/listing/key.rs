//! What lists are sorted by.

use crate::db::Timestamp;
use crate::method::cursor::Key;
use crate::method::{Context, Error, FieldError, Result, suggest};
use crate::query::error::shown;
use crate::query::predicate::Part;
use crate::query::table::{Field, Kept, Kind, Sort, Table};

/// What a sort key is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum KeyKind {
    Text,
    Whole,
    Float,
    Instant,
    Rank,
}

pub(super) fn kind(field: &Field) -> KeyKind {
    match (field.sort, field.kind, field.kept) {
        (Some(Sort::Rank), ..) => KeyKind::Rank,
        (_, Kind::Number, Kept::Float) => KeyKind::Float,
        (_, Kind::Number, _) => KeyKind::Whole,
        (_, Kind::Timestamp, Kept::Instant) => KeyKind::Instant,
        _ => KeyKind::Text,
    }
}

/// Whether a cursor's key is one of this field.
pub(super) fn fits(field: Option<&'static Field>, key: &Key) -> bool {
    match (field.map(kind), key) {
        (None, Key::None) => true,
        (Some(KeyKind::Rank), Key::Int(_)) => true,
        (Some(KeyKind::Rank), _) | (None, _) | (Some(_), Key::None) => false,
        (Some(_), Key::Null) => true,
        (Some(kind), Key::Text(_)) => kind == KeyKind::Text,
        (Some(kind), Key::Float(_)) => kind == KeyKind::Float,
        (Some(kind), Key::Int(_)) => matches!(kind, KeyKind::Whole | KeyKind::Instant),
    }
}

pub(super) fn bound(field: &Field, key: &Key) -> Part {
    match (kind(field), key) {
        (KeyKind::Instant, Key::Int(millis)) => Part::Time(Timestamp::from_millis(*millis)),
        (_, Key::Int(number)) => Part::Int(*number),
        (_, Key::Float(number)) => Part::Float(*number),
        (_, Key::Text(text)) => Part::Text(text.clone()),
        (_, Key::None | Key::Null) => Part::Text(String::new()),
    }
}

/// The field and the direction of `field:asc` or `field:desc`. The order of creation is that of the ids, which needs no key.
pub(super) fn sort(ctx: &Context, table: &'static Table, text: &str) -> Result<(Option<&'static Field>, bool)> {
    let (name, direction) = text.rsplit_once(':').unwrap_or((text, "asc"));
    let found = table.sortable().find(|field| field.name == name || field.aliases.contains(&name));
    let is_descending = match direction {
        "asc" => Some(false),
        "desc" => Some(true),
        _ => None,
    };
    match (found, is_descending) {
        (Some(field), Some(is_descending)) => {
            let key = if matches!(field.sort, Some(Sort::Id)) { None } else { Some(field) };
            Ok((key, is_descending))
        }
        _ => {
            let names: Vec<&str> = table.sortable().map(|field| field.name).collect();
            let message = format!("'{}' is no order of this list; it is field:asc or field:desc", shown(text));
            let mut error = FieldError::new("/sort", "enum", message).with("allowed", names.clone());
            if found.is_none() {
                let near = suggest::nearest(name, names.into_iter());
                if !near.is_empty() {
                    error = error.with("suggestions", near);
                }
            }
            Err(Error::arguments(ctx.method(), vec![error]))
        }
    }
}
