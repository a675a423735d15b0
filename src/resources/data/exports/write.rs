//! From objects to the bytes of a file.

use serde_json::{Map, Value};

use super::model::ExportFormat;
use crate::db::Id;
use crate::method::{Error, Result};

/// A piece of a file: some objects, with what stands before the first one and after the last one.
pub fn piece(
    format: ExportFormat,
    fields: &[String],
    objects: &[(Id, Value)],
    is_first: bool,
    is_last: bool,
) -> Result<Vec<u8>> {
    match format {
        ExportFormat::Csv => table(fields, objects, is_first),
        ExportFormat::Ndjson => {
            let mut bytes = Vec::new();
            for (_, object) in objects {
                serde_json::to_writer(&mut bytes, &chosen(fields, object))?;
                bytes.push(b'\n');
            }
            Ok(bytes)
        }
        ExportFormat::Json => {
            let mut bytes = Vec::new();
            for (index, (_, object)) in objects.iter().enumerate() {
                bytes.extend_from_slice(if is_first && index == 0 { b"[\n" } else { b",\n" });
                serde_json::to_writer(&mut bytes, &chosen(fields, object))?;
            }
            if is_last {
                bytes.extend_from_slice(if is_first && objects.is_empty() { b"[]\n" } else { b"\n]\n" });
            }
            Ok(bytes)
        }
    }
}

fn chosen<'a>(fields: &'a [String], object: &'a Value) -> Map<String, Value> {
    fields.iter().filter_map(|name| Some((name.clone(), object.get(name)?.clone()))).collect()
}

fn table(fields: &[String], objects: &[(Id, Value)], is_first: bool) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if is_first {
        writer.write_record(fields).map_err(Error::internal)?;
    }
    for (_, object) in objects {
        let cells = fields.iter().map(|name| object.get(name).map(cell).unwrap_or_default());
        writer.write_record(cells).map_err(Error::internal)?;
    }
    writer.into_inner().map_err(|error| Error::internal(error.to_string()))
}

/// A value as a cell of a table; `imports.create` reads it back.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        Value::Array(items) => {
            let plain = |item: &Value| item.as_str().filter(|text| !text.contains([';', ','])).map(str::to_owned);
            let texts: Option<Vec<String>> = items.iter().map(plain).collect();
            match texts {
                Some(texts) => harmless(&texts.join("; ")),
                None => value.to_string(),
            }
        }
        value => value.to_string(),
    }
}

/// A text that no spreadsheet takes for a formula: one that begins like a formula, and is no mere number, gets an apostrophe before
/// it. What others have written may be made to run on the machine of whoever opens the table.
fn harmless(text: &str) -> String {
    let first = text.trim_start_matches(' ').chars().next();
    let is_formula = matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'));
    let is_number = text.starts_with(['+', '-'])
        && text.len() > 1
        && text.chars().skip(1).all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '(' | ')'));
    if is_formula && !is_number { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_in_a_table_is_a_formula() {
        for text in ["=1+1", "+SUM(A1)", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "  =1", "＝1"] {
            assert_eq!(cell(&json!(text)), format!("'{text}"));
            assert!(cell(&json!([text])).starts_with('\''));
        }
        for text in ["+49 (30) 12.34", "-5", "a=b", "", "1-2"] {
            assert_eq!(cell(&json!(text)), text);
        }
        assert_eq!(cell(&json!(-5)), "-5");
        assert_eq!(cell(&json!(["a", "b"])), "a; b");
        assert_eq!(cell(&json!(["a;b"])), "[\"a;b\"]");
        assert_eq!(cell(&json!({ "a": 1 })), "{\"a\":1}");
        assert_eq!((cell(&json!(null)), cell(&json!(true))), (String::new(), "true".into()));
    }

    #[test]
    fn pieces_make_one_list() {
        let object = |n: i64| (Id::NIL, json!({ "n": n, "hidden": true }));
        let fields = ["n".to_owned()];
        let whole = |parts: &[&[i64]]| -> Value {
            let last = parts.len() - 1;
            let bytes: Vec<u8> = parts
                .iter()
                .enumerate()
                .flat_map(|(at, part)| {
                    let objects: Vec<_> = part.iter().map(|n| object(*n)).collect();
                    piece(ExportFormat::Json, &fields, &objects, at == 0, at == last).unwrap()
                })
                .collect();
            serde_json::from_slice(&bytes).unwrap()
        };
        assert_eq!(whole(&[&[]]), json!([]));
        assert_eq!(whole(&[&[1, 2], &[3], &[]]), json!([{ "n": 1 }, { "n": 2 }, { "n": 3 }]));
        let table = piece(ExportFormat::Csv, &fields, &[object(1)], true, true).unwrap();
        assert_eq!(String::from_utf8(table).unwrap(), "n\r\n1\r\n");
        let lines = piece(ExportFormat::Ndjson, &fields, &[object(1), object(2)], false, true).unwrap();
        assert_eq!(String::from_utf8(lines).unwrap(), "{\"n\":1}\n{\"n\":2}\n");
    }
}
