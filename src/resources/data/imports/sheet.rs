//! Reads records out of a file, from any place on: tables with commas, semicolons or tabs, objects line by line, or a list of objects.

use std::collections::HashSet;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::model::ImportFormat;
use crate::method::args::strict::StrictValue;
use crate::method::{Code, Error, Result};

/// The most records of an import.
pub const MOST_RECORDS: i64 = 100_000;
/// The most bytes of a file that is one list of objects; the others are read a piece at a time.
pub const MOST_JSON_BYTES: usize = 8 << 20;
/// The most bytes of one record.
const MOST_RECORD_BYTES: usize = 1 << 20;
/// The most columns of a table.
const MOST_COLUMNS: usize = 200;

/// The records of an import, wherever they come from.
pub enum Sheet {
    /// A table.
    Table(Table),
    /// An object in each line.
    Lines(Bytes),
    /// A list.
    List(Vec<Value>),
}

/// A table with names in its first line.
pub struct Table {
    bytes: Bytes,
    delimiter: u8,
    header: Vec<String>,
    first: usize,
}

/// Before which record to go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// How many records lie before it.
    pub row: i64,
    /// Where it begins: in bytes, or in records of a list.
    pub at: usize,
}

/// A record, or why there is none.
pub struct Row {
    /// Its number, from 1.
    pub number: i64,
    /// What it holds.
    pub record: std::result::Result<Map<String, Value>, Broken>,
}

/// Why a record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What is wrong.
    pub code: &'static str,
    /// The same in words.
    pub message: String,
}

fn broken(code: &'static str, message: impl Into<String>) -> Broken {
    Broken { code, message: message.into() }
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArguments, message)
}

impl Sheet {
    /// Opens a file; an error if it is nothing of the sort as a whole.
    pub fn open(format: ImportFormat, bytes: Bytes) -> Result<Self> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(refused("The file is in UTF-16; save it as UTF-8."));
        }
        let bytes = if bytes.starts_with(b"\xef\xbb\xbf") { bytes.slice(3..) } else { bytes };
        match format {
            ImportFormat::Csv => Table::open(bytes).map(Self::Table),
            ImportFormat::Ndjson => Ok(Self::Lines(bytes)),
            ImportFormat::Json if bytes.len() > MOST_JSON_BYTES => {
                let message = "A list of more than 8 MiB is too large; write an object in each line (ndjson).";
                Err(Error::new(Code::LimitExceeded, message).with("limit_bytes", MOST_JSON_BYTES))
            }
            ImportFormat::Json => match serde_json::from_slice::<StrictValue>(&bytes) {
                Ok(StrictValue(Value::Array(list))) => Ok(Self::List(list)),
                Ok(_) => Err(refused("The file is JSON, but no list of objects.")),
                Err(error) => Err(refused(format!("The file is not JSON: {error}."))),
            },
        }
    }

    /// How many records there are; an error if there are too many.
    pub fn count(&self) -> Result<i64> {
        let count = match self {
            Self::List(list) => list.len() as i64,
            Self::Lines(bytes) => lines(bytes, 0).count() as i64,
            Self::Table(table) => table.count(),
        };
        if count > MOST_RECORDS {
            let message =
                format!("An import has at most {MOST_RECORDS} records, and this file has {count}; divide it.");
            return Err(Error::new(Code::LimitExceeded, message).with("limit", MOST_RECORDS));
        }
        Ok(count)
    }

    /// The columns of a table, whose values are all texts.
    pub fn columns(&self) -> Option<&[String]> {
        match self {
            Self::Table(table) => Some(&table.header),
            Self::Lines(_) | Self::List(_) => None,
        }
    }

    /// Some records from a place on, and the place after them if there are more.
    pub fn read(&self, place: Place, most: usize) -> (Vec<Row>, Option<Place>) {
        let mut rows = Vec::new();
        let mut now = place;
        match self {
            Self::List(list) => {
                for value in list.iter().skip(place.at).take(most) {
                    now = Place { row: now.row + 1, at: now.at + 1 };
                    rows.push(Row { number: now.row, record: object(value.clone()) });
                }
                let is_over = now.at >= list.len();
                (rows, (!is_over).then_some(now))
            }
            Self::Lines(bytes) => {
                for (line, end) in lines(bytes, place.at).take(most) {
                    now = Place { row: now.row + 1, at: end };
                    rows.push(Row { number: now.row, record: parse(line) });
                }
                let is_over = lines(bytes, now.at).next().is_none();
                (rows, (!is_over).then_some(now))
            }
            Self::Table(table) => table.read(place, most),
        }
    }
}

/// The lines that say something, each with where the next one begins.
fn lines(bytes: &[u8], from: usize) -> impl Iterator<Item = (&[u8], usize)> {
    let mut at = from;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let rest = bytes.get(at..)?;
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            at = (at + length + 1).min(bytes.len());
            let line = rest.get(..length)?;
            if !line.trim_ascii().is_empty() {
                return Some((line, at));
            }
        }
        None
    })
}

fn parse(line: &[u8]) -> std::result::Result<Map<String, Value>, Broken> {
    if line.len() > MOST_RECORD_BYTES {
        return Err(broken("too_long", "a record has at most 1 MiB"));
    }
    match serde_json::from_slice::<StrictValue>(line) {
        Ok(StrictValue(value)) => object(value),
        Err(_) if std::str::from_utf8(line).is_err() => Err(broken("encoding", "expected UTF-8")),
        Err(error) => Err(broken("invalid_json", format!("not JSON: {error}"))),
    }
}

fn object(value: Value) -> std::result::Result<Map<String, Value>, Broken> {
    match value {
        Value::Object(record) => Ok(record),
        _ => Err(broken("wrong_type", "expected an object")),
    }
}

impl Table {
    fn open(bytes: Bytes) -> Result<Self> {
        let delimiter = delimiter(&bytes);
        let mut reader = reader(&bytes, delimiter);
        let mut record = csv::ByteRecord::new();
        if !reader.read_byte_record(&mut record).map_err(Error::internal)? {
            return Err(refused("The file is empty; the first line names the columns."));
        }
        let first = usize::try_from(reader.position().byte()).map_err(Error::internal)?;
        if is_unclosed(bytes.get(..first).unwrap_or_default()) {
            return Err(refused("The first line, which names the columns, has a quotation mark that is never closed."));
        }
        if record.len() > MOST_COLUMNS {
            let message = format!("A table has at most {MOST_COLUMNS} columns.");
            return Err(Error::new(Code::LimitExceeded, message).with("limit", MOST_COLUMNS));
        }
        let mut header = Vec::with_capacity(record.len());
        let mut seen = HashSet::new();
        for name in &record {
            let name = std::str::from_utf8(name).map_err(|_| refused("The file is not in UTF-8."))?.trim().to_owned();
            if !name.is_empty() && !seen.insert(name.clone()) {
                return Err(refused(format!("Two columns are called {name:?}.")));
            }
            header.push(name);
        }
        Ok(Self { bytes, delimiter, header, first })
    }

    fn count(&self) -> i64 {
        let mut reader = reader(self.bytes.get(self.first..).unwrap_or_default(), self.delimiter);
        let mut record = csv::ByteRecord::new();
        let mut count = 0;
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            count += 1;
        }
        count
    }

    fn read(&self, place: Place, most: usize) -> (Vec<Row>, Option<Place>) {
        let start = place.at.max(self.first);
        let rest = self.bytes.get(start..).unwrap_or_default();
        let mut reader = reader(rest, self.delimiter);
        let mut record = csv::ByteRecord::new();
        let mut rows = Vec::new();
        let (mut now, mut begins) = (Place { row: place.row, at: start }, 0);
        // One more than is wanted, to know whether there is one.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            if rows.len() == most {
                return (rows, Some(now));
            }
            let ends = usize::try_from(reader.position().byte()).unwrap_or(rest.len());
            let raw = rest.get(begins..ends).unwrap_or_default();
            now = Place { row: now.row + 1, at: start + ends };
            rows.push(Row { number: now.row, record: self.record(raw, &record) });
            begins = ends;
        }
        (rows, None)
    }

    fn record(&self, raw: &[u8], record: &csv::ByteRecord) -> std::result::Result<Map<String, Value>, Broken> {
        if raw.len() > MOST_RECORD_BYTES {
            return Err(broken("too_long", "a record has at most 1 MiB"));
        }
        if is_unclosed(raw) {
            return Err(broken("unclosed_quote", "a quotation mark is never closed"));
        }
        if record.len() != self.header.len() {
            let message = format!("expected {} columns, got {}", self.header.len(), record.len());
            return Err(broken("wrong_columns", message));
        }
        let mut values = Map::new();
        for (name, value) in self.header.iter().zip(record) {
            let value = std::str::from_utf8(value).map_err(|_| broken("encoding", "expected UTF-8"))?;
            if !name.is_empty() {
                values.insert(name.clone(), value.into());
            }
        }
        Ok(values)
    }
}

fn reader(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes)
}

/// Quotation marks come in pairs, also where they stand for themselves.
fn is_unclosed(raw: &[u8]) -> bool {
    memchr::memchr_iter(b'"', raw).count() % 2 == 1
}

/// What stands between the columns of the first line most often.
fn delimiter(bytes: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in bytes {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            byte if !is_quoted => {
                counts.iter_mut().filter(|(delimiter, _)| delimiter == byte).for_each(|(_, count)| *count += 1);
            }
            _ => {}
        }
    }
    // Of several that stand there as often, the first one.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all(format: ImportFormat, text: &'static str, at_once: usize) -> Vec<std::result::Result<Value, &'static str>> {
        let sheet = Sheet::open(format, Bytes::from_static(text.as_bytes())).unwrap();
        let (mut all, mut place) = (Vec::new(), Some(Place::default()));
        while let Some(now) = place {
            let (rows, next) = sheet.read(now, at_once);
            for row in rows {
                assert_eq!(row.number, all.len() as i64 + 1);
                all.push(row.record.map(Value::Object).map_err(|broken| broken.code));
            }
            place = next;
        }
        assert_eq!(sheet.count().unwrap(), all.len() as i64);
        all
    }

    #[test]
    fn tables_are_read_from_any_place_on() {
        for at_once in 1..5 {
            let commas = "\u{feff}name, note\r\nA,\"one, \"\"two\"\"\nthree\"\r\n\r\nB,\nC,x,y\nD\n";
            let expected = [
                Ok(json!({ "name": "A", "note": "one, \"two\"\nthree" })),
                Ok(json!({ "name": "B", "note": "" })),
                Err("wrong_columns"),
                Err("wrong_columns"),
            ];
            assert_eq!(all(ImportFormat::Csv, commas, at_once), expected);
            assert_eq!(all(ImportFormat::Csv, "a;b\n1,5;2", at_once), [Ok(json!({ "a": "1,5", "b": "2" }))]);
            assert_eq!(all(ImportFormat::Csv, "a\t\"b;c,d\"\n1\t2", at_once), [Ok(json!({ "a": "1", "b;c,d": "2" }))]);
            assert_eq!(
                all(ImportFormat::Csv, "a\n1\n\"2\n3\n", at_once),
                [Ok(json!({ "a": "1" })), Err("unclosed_quote")]
            );
            assert_eq!(all(ImportFormat::Csv, "a,b\n", at_once), []);
        }
    }

    #[test]
    fn objects_are_read_line_by_line_or_from_a_list() {
        for at_once in 1..5 {
            let lines = "{\"a\":1}\n\n  \r\n[1]\r\n{\"a\":1,\"a\":2}\nnonsense\n{\"b\":null}";
            let expected = [
                Ok(json!({ "a": 1 })),
                Err("wrong_type"),
                Err("invalid_json"),
                Err("invalid_json"),
                Ok(json!({ "b": null })),
            ];
            assert_eq!(all(ImportFormat::Ndjson, lines, at_once), expected);
            assert_eq!(all(ImportFormat::Json, "[{\"a\":1}, 2]", at_once), [Ok(json!({ "a": 1 })), Err("wrong_type")]);
            assert_eq!(all(ImportFormat::Json, "[]", at_once), []);
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused_as_a_whole() {
        let open = |format, bytes: &'static [u8]| Sheet::open(format, Bytes::from_static(bytes)).err().unwrap().code();
        for (format, bytes) in [
            (ImportFormat::Csv, &b""[..]),
            (ImportFormat::Csv, b"a,a\n1,2"),
            (ImportFormat::Csv, b"\"a,b\n1,2"),
            (ImportFormat::Csv, b"\xff\xfea\x00"),
            (ImportFormat::Csv, b"\xe4,b\n1,2"),
            (ImportFormat::Json, b"{}"),
            (ImportFormat::Json, b"[{}"),
        ] {
            assert_eq!(open(format, bytes), Code::InvalidArguments, "{bytes:?}");
        }
        let latin = Sheet::open(ImportFormat::Csv, Bytes::from_static(b"a\n\xe4\nb")).unwrap();
        let (rows, _) = latin.read(Place::default(), 10);
        assert_eq!(rows[0].record.as_ref().unwrap_err().code, "encoding");
        assert!(rows[1].record.is_ok());
    }
}
