//! Bytes as an argument: base64 on the wire (RFC 4648, section 4).

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Padding may be left out; all else is as it must be, so that no two texts mean the same bytes by accident.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Up to `MAX` bytes, sent as base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Binary<const MAX: usize>(pub Bytes);

impl<const MAX: usize> Binary<MAX> {
    /// How long the text may be.
    const MAX_LENGTH: usize = MAX.div_ceil(3) * 4;
}

/// Bytes as base64.
pub fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Whether a text is base64, and if not, what was expected.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    ENGINE.decode(text).map(|_| ()).map_err(|_| EXPECTED)
}

const EXPECTED: &str = "expected base64 without line breaks, in the alphabet with + and /";

impl<const MAX: usize> Serialize for Binary<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Binary<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let too_long = || D::Error::custom(format_args!("more than {MAX} bytes"));
        if text.len() > Self::MAX_LENGTH {
            return Err(too_long());
        }
        let bytes = ENGINE.decode(&*text).map_err(|_| D::Error::custom(EXPECTED))?;
        if bytes.len() > MAX { Err(too_long()) } else { Ok(Self(bytes.into())) }
    }
}

impl<const MAX: usize> JsonSchema for Binary<MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Binary_{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "base64", "contentEncoding": "base64", "maxLength": Self::MAX_LENGTH,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_base64_of_so_many_bytes_is_taken() {
        let read = |text: &str| serde_json::from_value::<Binary<4>>(text.into()).map(|bytes| bytes.0);
        assert_eq!(read("").unwrap(), Bytes::new());
        assert_eq!(read("AP/+QQ==").unwrap(), Bytes::from_static(b"\x00\xff\xfeA"));
        assert_eq!(read("AP/+QQ").unwrap(), read("AP/+QQ==").unwrap());
        for wrong in ["AP/+QUI=", "AP/+QR==", "AP_-QQ==", "AP/+\nQQ==", "=", "A", "é"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(serde_json::to_string(&Binary::<4>(Bytes::from_static(b"\xff"))).unwrap(), r#""/w==""#);
        assert!(check("AAAA").is_ok() && check("AAA!").is_err());
    }
}
