//! The cursor of a list: where the last page ended, signed (wire contract, "Pagination").

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::codes::Code;
use super::error::{Error, Result};
use super::keyring::Keyring;
use crate::db::Id;

const PREFIX: &str = "c1.";

/// What a list was asked for, shortened: a cursor works only with the same method, filters, order and organization.
pub type Asked = [u8; 8];

/// Where a page ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// The direction of the list: 0 ascending, 1 descending.
    pub sort: u8,
    /// The sort key of the last row of the page.
    pub key: Key,
    /// The last row of the page.
    pub last: Id,
}

/// What a row is sorted by, besides its id.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// Nothing: the list is in the order of the ids.
    None,
    /// A value that is not there.
    Null,
    /// A whole number, an instant in milliseconds, a rank.
    Int(i64),
    /// A number.
    Float(f64),
    /// The beginning of a text.
    Text(String),
}

impl Key {
    fn write(&self, payload: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Null => payload.push(0),
            Self::Int(number) => {
                payload.push(1);
                payload.extend_from_slice(&number.to_be_bytes());
            }
            Self::Float(number) => {
                payload.push(2);
                payload.extend_from_slice(&number.to_be_bytes());
            }
            Self::Text(text) => {
                payload.push(3);
                payload.extend_from_slice(text.as_bytes());
            }
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(match bytes {
            [] => Self::None,
            [0] => Self::Null,
            [1, number @ ..] => Self::Int(i64::from_be_bytes(number.try_into().ok()?)),
            [2, number @ ..] => Self::Float(f64::from_be_bytes(number.try_into().ok()?)),
            [3, text @ ..] => Self::Text(String::from_utf8(text.to_vec()).ok()?),
            _ => return None,
        })
    }
}

/// Writes a cursor: `c1.` and base64url of key id, direction, sort key, last id, what was asked, and the tag.
pub fn write(keyring: &Keyring, position: &Position, asked: &Asked) -> String {
    let signed = keyring.sign(|key| {
        let mut payload = Vec::with_capacity(42);
        payload.extend_from_slice(&[key, position.sort]);
        position.key.write(&mut payload);
        payload.extend_from_slice(position.last.as_bytes());
        payload.extend_from_slice(asked);
        payload
    });
    let mut text = String::with_capacity(60);
    text.push_str(PREFIX);
    URL_SAFE_NO_PAD.encode_string(signed, &mut text);
    text
}

/// Reads a cursor that [`write`] made.
pub fn read(keyring: &Keyring, text: &str, method: &str, sort: u8, asked: &Asked) -> Result<Position> {
    let payload =
        text.strip_prefix(PREFIX).filter(|_| text.len() <= 200).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
    let payload = payload.as_deref().and_then(|signed| keyring.verify(signed));
    let parts = payload.and_then(|payload| {
        let (&[_, sort], rest) = payload.split_first_chunk::<2>()?;
        let (rest, for_asked) = rest.split_last_chunk::<8>()?;
        let (key, last) = rest.split_last_chunk::<16>()?;
        Some((Position { sort, key: Key::read(key)?, last: Id::from_bytes(*last) }, *for_asked))
    });
    match parts {
        None => Err(Error::new(
            Code::InvalidCursor,
            "This is not a cursor of ours, or it was made with a key that is no longer kept. Start again without it.",
        )),
        Some((position, for_asked)) if position.sort == sort && for_asked == *asked => Ok(position),
        Some(_) => Err(foreign(method)),
    }
}

/// The error for a cursor of another list.
pub fn foreign(method: &str) -> Error {
    Error::new(
        Code::InvalidCursor,
        format!(
            "This cursor does not belong to {method} with these filters; repeat the same arguments and change only limit and \
             cursor."
        ),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::method::keyring::Generation;

    fn ring() -> Keyring {
        Keyring::new(&[Generation::new(Some(6)).unwrap()]).unwrap()
    }

    fn ending(last: [u8; 16]) -> Position {
        Position { sort: 0, key: Key::None, last: Id::from_bytes(last) }
    }

    /// Sort keys, texts among them of as many characters as are ever kept.
    fn key() -> impl Strategy<Value = Key> {
        prop_oneof![
            Just(Key::None),
            Just(Key::Null),
            any::<i64>().prop_map(Key::Int),
            any::<f64>().prop_filter("equal to itself", |n| !n.is_nan()).prop_map(Key::Float),
            ".{0,24}".prop_map(Key::Text),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(sort in 0u8..2, last: [u8; 16], asked: Asked, key in key()) {
            let ring = ring();
            let position = Position { sort, key, last: Id::from_bytes(last) };
            let text = write(&ring, &position, &asked);
            prop_assert!(text.len() <= 200);
            prop_assert_eq!(read(&ring, &text, "x.list", sort, &asked).unwrap(), position);
        }

        #[test]
        fn a_flipped_bit_is_refused(last: [u8; 16], asked: Asked, at in 0usize..56, bit in 0u8..7) {
            let ring = ring();
            let mut text = write(&ring, &ending(last), &asked).into_bytes();
            text[3 + at] ^= 1 << bit;
            if let Ok(text) = String::from_utf8(text) {
                prop_assert_eq!(read(&ring, &text, "x.list", 0, &asked).unwrap_err().code(), Code::InvalidCursor);
            }
        }

        #[test]
        fn noise_is_refused(text in ".*") {
            prop_assert!(read(&ring(), &text, "x.list", 0, &[0; 8]).is_err());
        }
    }

    #[test]
    fn cursors_survive_a_rotation_while_the_old_key_is_kept() {
        let old = Generation::new(None).unwrap();
        let new = Generation::new(Some(old.id)).unwrap();
        let position = Position { sort: 1, ..ending([0; 16]) };
        let text = write(&Keyring::new(std::slice::from_ref(&old)).unwrap(), &position, &[7; 8]);
        let both = Keyring::new(&[new.clone(), old]).unwrap();
        assert_eq!(read(&both, &text, "x.list", 1, &[7; 8]).unwrap(), position);
        assert!(read(&Keyring::new(&[new]).unwrap(), &text, "x.list", 1, &[7; 8]).is_err());
    }

    #[test]
    fn other_filters_are_told_apart_from_noise() {
        let ring = ring();
        let text = write(&ring, &ending([0; 16]), &[1; 8]);
        let error = read(&ring, &text, "teams.list", 0, &[2; 8]).unwrap_err();
        assert!(error.message().contains("teams.list with these filters"), "{error:?}");
    }
}
