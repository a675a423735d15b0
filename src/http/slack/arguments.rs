//! Gathers the arguments of a call from wherever the SDKs put them: the body, the address, or both.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use serde_json::{Map, Value};

use super::coerce;
use super::form::{self, Content, Field};
use crate::method::args;
use crate::method::{Code, Described, Error, FieldError, Input, Result, binary};

/// What stands in calls beside the arguments (R9): the token, and the workspace that clients were set up for.
const TOKEN: &str = "token";
const TEAM: &str = "team_id";

/// What a call brought.
pub(super) struct Sent {
    /// The arguments.
    pub input: Input,
    /// The token, if it came as an argument.
    pub token: Option<String>,
    /// Why arguments are not what they should be, by their pointers: better words than those of the check.
    pub hints: Vec<FieldError>,
    /// Whether it had to be guessed that the body is JSON.
    pub assumed_json: bool,
}

enum Body {
    Empty,
    Json { bytes: Bytes, is_assumed: bool },
    Form(Vec<Field>),
}

impl Sent {
    /// Reads arguments of `method`: those of the address and those of the body; if both have one, the address counts (R5),
    /// because that is where the asynchronous Python client puts the cursor of the next page.
    pub async fn read(http: &HttpRequest, bytes: Bytes, method: &Described) -> Result<Self> {
        let query = form::urlencoded(http.query_string().as_bytes())?;
        let body = body(http, bytes).await?;
        let mut sent = Self { input: Input::Object(Map::new()), token: None, hints: Vec::new(), assumed_json: false };
        let mut args = match body {
            Body::Empty => Map::new(),
            Body::Json { bytes, is_assumed } => {
                sent.assumed_json = is_assumed;
                if query.is_empty() && !mentions_credentials(&bytes) {
                    sent.input = Input::Bytes(bytes);
                    return Ok(sent);
                }
                let mut args = args::object(&bytes)?;
                sent.drop_credentials(&mut args, method);
                args
            }
            Body::Form(fields) => sent.typed(fields, method)?,
        };
        if !query.is_empty() {
            args.extend(sent.typed(query, method)?);
        }
        sent.input = Input::Object(args);
        Ok(sent)
    }

    /// The fields of a form as arguments.
    fn typed(&mut self, fields: Vec<Field>, method: &Described) -> Result<Map<String, Value>> {
        let mut args = Map::with_capacity(fields.len());
        let mut texts: Vec<(String, Vec<String>)> = Vec::with_capacity(fields.len());
        for Field { name, value } in fields {
            match value {
                Content::Text(text) => match texts.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, several)) => several.push(text),
                    None => texts.push((name, vec![text])),
                },
                Content::File { name: file_name, content_type, bytes } => {
                    attach(&mut args, method, &name, file_name, content_type, &bytes)?;
                }
            }
        }
        for (name, texts) in texts {
            // A file that was sent with its name does not need the same said again; but who says it, counts.
            let value = coerce::argument(method.arguments(), &name, texts, &mut self.hints);
            args.insert(name, value);
        }
        self.drop_credentials(&mut args, method);
        Ok(args)
    }

    fn drop_credentials(&mut self, args: &mut Map<String, Value>, method: &Described) {
        let declared = |name: &str| method.arguments()["properties"].get(name).is_some();
        if !declared(TOKEN)
            && let Some(Value::String(token)) = args.shift_remove(TOKEN)
        {
            self.token = Some(token);
        }
        if !declared(TEAM) {
            args.shift_remove(TEAM);
        }
    }
}

/// Whether JSON may have what is not an argument of the method.
fn mentions_credentials(bytes: &[u8]) -> bool {
    let mentions = |name: &str| memchr::memmem::find(bytes, name.as_bytes()).is_some();
    // An escaped letter could hide it; then the long way is right too.
    mentions("\"token\"") || mentions("\"team_id\"") || mentions("\\u00")
}

/// The body by its label (R6); without one, by its looks.
async fn body(http: &HttpRequest, bytes: Bytes) -> Result<Body> {
    if bytes.is_empty() {
        return Ok(Body::Empty);
    }
    let label = http.headers().get(CONTENT_TYPE).map(|label| String::from_utf8_lossy(label.as_bytes()));
    let label = label.unwrap_or(Cow::Borrowed(""));
    let mut pieces = label.split(';').map(str::trim);
    let media = pieces.next().unwrap_or_default().to_ascii_lowercase();
    let charset = pieces.find_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    if charset.is_some_and(|charset| !matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii")) {
        return Err(Error::new(Code::InvalidCharset, "Send the body in UTF-8."));
    }
    let looks_like_json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    match media.as_str() {
        "application/json" => Ok(Body::Json { bytes, is_assumed: false }),
        media if media.starts_with("application/") && media.ends_with("+json") => {
            Ok(Body::Json { bytes, is_assumed: false })
        }
        "multipart/form-data" => form::multipart(&label, bytes).await.map(Body::Form),
        "" | "text/plain" | "application/x-www-form-urlencoded" if looks_like_json => {
            Ok(Body::Json { bytes, is_assumed: true })
        }
        "" | "text/plain" | "application/x-www-form-urlencoded" => form::urlencoded(&bytes).map(Body::Form),
        _ => Err(Error::new(Code::UnsupportedMediaType, "Send a form or a JSON object.")),
    }
}

/// Puts a file (R18) where the method takes bytes: into the argument of the part's name, or, for a part called `file` as SDKs name
/// them, into the one argument that takes bytes. Its name and type go where the method takes those.
fn attach(
    args: &mut Map<String, Value>,
    method: &Described,
    part: &str,
    file_name: Option<String>,
    content_type: Option<String>,
    bytes: &[u8],
) -> Result<()> {
    let no_file = || {
        let shown: String = part.chars().take(60).collect();
        Error::new(Code::InvalidFormData, format!("{} takes no file in '{shown}'.", method.name()))
    };
    let properties = method.arguments()["properties"].as_object().ok_or_else(no_file)?;
    let mut takers = properties.iter().filter(|(_, schema)| schema["contentEncoding"] == "base64");
    let taker = match properties.get(part) {
        Some(schema) if schema["contentEncoding"] == "base64" => part,
        None if part == "file" => match (takers.next(), takers.next()) {
            (Some((only, _)), None) => only,
            _ => return Err(no_file()),
        },
        _ => return Err(no_file()),
    };
    args.insert(taker.to_owned(), binary::encode(bytes).into());
    for (name, value) in [("name", file_name), ("content_type", content_type)] {
        if let Some(value) = value.filter(|_| properties.contains_key(name) && !args.contains_key(name)) {
            args.insert(name.to_owned(), value.into());
        }
    }
    Ok(())
}
