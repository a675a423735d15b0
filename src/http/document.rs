//! What is the same for everybody: made once, kept in memory as it is sent, and sent to those who do not have it yet.

use std::sync::OnceLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;

use super::compress::{self, ENCODINGS};
use super::respond;

/// Browsers may keep it, and ask each time whether it has changed: then the `ETag` answers.
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("no-cache");

/// A page or a file.
pub(super) struct Document {
    label: HeaderValue,
    body: Bytes,
    etag: String,
    /// The body in each of the encodings, from the first time on that somebody wanted it so.
    compressed: [OnceLock<Option<Bytes>>; ENCODINGS.len()],
}

impl Document {
    /// A document with this content type.
    pub fn new(label: HeaderValue, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { label, etag: respond::etag_of(&body), body, compressed: Default::default() }
    }

    /// The document, or word that the client has it.
    pub fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let mut response = match respond::has(request, &self.etag) {
            true => HttpResponse::NotModified().finish(),
            false => self.whole(request),
        };
        respond::set(&mut response, "etag", &self.etag);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, ASK_EACH_TIME);
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        response
    }

    fn whole(&self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CONTENT_TYPE, self.label.clone()));
        let encoding = compress::encoding(request, self.body.len());
        let kept = encoding.and_then(|encoding| {
            let place = ENCODINGS.iter().position(|known| *known == encoding)?;
            let kept = self.compressed.get(place)?;
            let body = kept.get_or_init(|| compress::encode(encoding, &self.body).map(Bytes::from));
            Some((encoding, body.clone()?))
        });
        match kept {
            None => response.body(self.body.clone()),
            Some((encoding, body)) => {
                response.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static(encoding)));
                response.body(body)
            }
        }
    }
}
