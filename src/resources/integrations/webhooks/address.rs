//! Where a webhook sends to.

use url::Url;

use super::model::Format;
use crate::method::{Code, Error, Result};
use crate::providers::post::Post;

/// Refuses an address that is not to be sent to, as far as that can be told without looking its name up.
pub fn check(post: &Post, address: &str) -> Result<Url> {
    let url = Url::parse(address)
        .map_err(|_| Error::argument("/url", "format", "expected an address such as https://example.com/hook"))?;
    post.check(&url)
        .map_err(|why| Error::new(Code::UnsafeUrl, format!("Events are not sent to this address. {why}")))?;
    Ok(url)
}

/// The address as it may be seen.
pub fn shown(url: &Url, address: &str, format: Format) -> String {
    if !format.has_secret_address() {
        return address.to_owned();
    }
    let count = address.chars().count();
    let end: String = address.chars().skip(count.saturating_sub(4)).collect();
    format!("{}/…{end}", url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_let_anybody_post_are_not_shown() {
        let address = "https://hooks.slack.com/services/T000/B000/XXXXwXyZ";
        let url = Url::parse(address).unwrap();
        assert_eq!(shown(&url, address, Format::Slack), "https://hooks.slack.com/…wXyZ");
        assert_eq!(shown(&url, address, Format::Standard), address);
    }
}
