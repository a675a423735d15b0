//! Finds the token in a request, in whichever way the client can send one.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::method::{Code, Error, Result};

/// The token of the request: `Authorization: Bearer`, `Authorization: Basic` with the token as user name, or `X-Api-Key`.
pub(super) fn token(request: &HttpRequest) -> Result<Option<Cow<'_, str>>> {
    let authorization = match request.headers().get(AUTHORIZATION) {
        Some(header) => Some(parse(header.to_str().map_err(|_| unknown_form())?)?),
        None => None,
    };
    let key = match request.headers().get("x-api-key") {
        Some(header) => Some(header.to_str().map_err(|_| unknown_form())?.trim()).filter(|key| !key.is_empty()),
        None => None,
    };
    match (authorization, key) {
        (Some(token), Some(key)) if token != key => {
            Err(Error::new(Code::InvalidAuthHeader, "Two different credentials were sent; send one."))
        }
        (Some(token), _) => Ok(Some(token)),
        (None, key) => Ok(key.map(Cow::Borrowed)),
    }
}

fn parse(header: &str) -> Result<Cow<'_, str>> {
    let (scheme, rest) = header.trim().split_once(' ').ok_or_else(unknown_form)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() && !rest.contains(' ') {
        return Ok(Cow::Borrowed(rest));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let token = pair.as_deref().and_then(|pair| match pair.split_once(':') {
            Some((token, "")) if !token.is_empty() => Some(token.to_owned()),
            _ => None,
        });
        return token.map(Cow::Owned).ok_or_else(|| {
            Error::new(Code::InvalidAuthHeader, "With Basic, the token is the user name and the password is empty.")
        });
    }
    Err(unknown_form())
}

fn unknown_form() -> Error {
    Error::new(Code::InvalidAuthHeader, "Send Authorization: Bearer <token>.")
}
