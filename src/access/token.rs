//! Opaque tokens: `dd_<kind>_<32 base62>_<6 base62 of the CRC-32>`.
//!
//! The prefix lets secret scanners find them, the checksum tells a slip of the finger without asking the database. Kept is only
//! their SHA-256 digest.

use sha2::{Digest, Sha256};

/// What opaque tokens start with.
const PREFIX: &str = "dd";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET: usize = 32;
const CHECK: usize = 6;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An API key.
    Live,
    /// An API key of test mode.
    Test,
    /// Gets the next access token of a session.
    Refresh,
    /// Sets a new password.
    Reset,
    /// Accepts an invitation.
    Invite,
    /// Opens one file, for whoever has it.
    File,
}

impl TokenKind {
    const ALL: [TokenKind; 6] = [Self::Live, Self::Test, Self::Refresh, Self::Reset, Self::Invite, Self::File];

    /// The word between the first two underscores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
            Self::Refresh => "refresh",
            Self::Reset => "reset",
            Self::Invite => "invite",
            Self::File => "file",
        }
    }
}

/// The SHA-256 digest of a token: what is stored and looked up.
pub type TokenDigest = [u8; 32];

/// Makes a new token: 190 bits of chance.
pub fn generate(kind: TokenKind) -> Result<String, getrandom::Error> {
    let mut secret = String::with_capacity(SECRET);
    let mut pool = [0; 64];
    while secret.len() < SECRET {
        getrandom::fill(&mut pool)?;
        // 248 is the largest multiple of 62 in a byte; what lies above would favour some letters.
        let fair = pool.iter().filter(|&&byte| byte < 248);
        secret.extend(fair.take(SECRET - secret.len()).map(|&byte| char::from(ALPHABET[usize::from(byte % 62)])));
    }
    let body = format!("{PREFIX}_{}_{secret}", kind.as_str());
    let check = checksum(&body);
    Ok(format!("{body}_{check}"))
}

/// The kind and digest of a token; `None` if it was never one of ours or was mistyped.
pub fn parse(token: &str) -> Option<(TokenKind, TokenDigest)> {
    let (body, check) = token.rsplit_once('_')?;
    let mut parts = body.split('_');
    let (prefix, kind, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let kind = TokenKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    let fits = prefix == PREFIX && secret.len() == SECRET && parts.next().is_none() && check == checksum(body);
    fits.then(|| (kind, digest(token)))
}

/// The digest under which a token is stored.
pub fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token).into()
}

/// The beginning and the last four characters of a token, by which people tell their keys apart.
pub fn hints(token: &str) -> (String, String) {
    let prefix = token.split('_').take(2).collect::<Vec<_>>().join("_");
    let secret = token.split('_').nth(2).unwrap_or_default();
    (format!("{prefix}_{}", &secret[..secret.len().min(4)]), token[token.len().saturating_sub(4)..].to_owned())
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_recognized_and_slips_are_not() {
        for kind in TokenKind::ALL {
            let token = generate(kind).unwrap();
            assert_eq!(parse(&token).map(|(kind, _)| kind), Some(kind));
            let mut wrong = token.clone().into_bytes();
            wrong[12] = if wrong[12] == b'A' { b'B' } else { b'A' };
            assert_eq!(parse(&String::from_utf8(wrong).unwrap()), None);
        }
        for wrong in ["", "dd_live", "dd_live_x_y", "xx_live_00000000000000000000000000000000_000000", "a.b.c"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
