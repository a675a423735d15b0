//! Forms, as names and texts: `application/x-www-form-urlencoded` and `multipart/form-data`.

use std::convert::Infallible;

use actix_web::web::Bytes;
use futures_util::stream;
use multer::{Constraints, Multipart, SizeLimit};

use crate::method::{Code, Error, Result};

/// The most parts of a form: more than any method has arguments.
const MOST_PARTS: usize = 1000;

/// One field of a form.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub name: String,
    pub value: Content,
}

/// What stands in a field.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Text(String),
    File { name: Option<String>, content_type: Option<String>, bytes: Bytes },
}

impl Field {
    fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), value: Content::Text(text.into()) }
    }
}

/// The fields of a query string or of a form in the same coding.
pub(super) fn urlencoded(text: &[u8]) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    for (name, value) in url::form_urlencoded::parse(text) {
        if fields.len() == MOST_PARTS {
            return Err(invalid("it has too many fields"));
        }
        // What is no UTF-8 becomes this character; nobody means it.
        if name.contains('\u{fffd}') || value.contains('\u{fffd}') {
            return Err(Error::new(Code::InvalidCharset, "Send the form in UTF-8."));
        }
        fields.push(Field::text(name, value));
    }
    Ok(fields)
}

/// The parts of a multipart body.
pub(super) async fn multipart(label: &str, body: Bytes) -> Result<Vec<Field>> {
    let boundary = multer::parse_boundary(label).map_err(|_| invalid("its Content-Type names no boundary"))?;
    let whole = SizeLimit::new().whole_stream(body.len() as u64);
    let stream = stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = Multipart::with_constraints(stream, boundary, Constraints::new().size_limit(whole));
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        if fields.len() == MOST_PARTS {
            return Err(invalid("it has too many parts"));
        }
        let name = part.name().ok_or_else(|| invalid("a part has no name"))?.to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let content_type = part.content_type().map(|label| label.essence_str().to_owned());
        let bytes = part.bytes().await.map_err(broken)?;
        // A part with a file name is a file; so is one that says it is no text.
        let is_file = file_name.is_some() || content_type.as_deref().is_some_and(|label| !label.starts_with("text/"));
        fields.push(match is_file {
            true => Field { name, value: Content::File { name: file_name, content_type, bytes } },
            false => match String::from_utf8(bytes.to_vec()) {
                Ok(text) => Field::text(name, text),
                Err(_) => return Err(Error::new(Code::InvalidCharset, "Send the form in UTF-8.")),
            },
        });
    }
    Ok(fields)
}

fn broken(error: multer::Error) -> Error {
    invalid(&error.to_string())
}

fn invalid(why: &str) -> Error {
    Error::new(Code::InvalidFormData, format!("The form cannot be read: {why}."))
}
