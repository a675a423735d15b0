//! Makes HTML safe.

/// The part of `html` that is safe.
pub fn sanitize(html: &str) -> String {
    ammonia::clean(html)
}

/// The text of `html`.
pub fn to_text(html: &str) -> String {
    ammonia::Builder::empty().clean(html).to_string()
}
