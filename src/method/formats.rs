//! Strings with a form: e-mail addresses, web addresses, languages … One check serves the type, the schema and the messages.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::patch::Assign;

/// Checks a string of one form; answers it in the form it is stored in, or what was expected.
type Check = fn(&str) -> Result<Cow<'_, str>, &'static str>;

/// Whether a string fits a schema's `format`, and if not, what was expected.
pub fn check(format: &str, text: &str) -> Result<(), &'static str> {
    match format {
        "uuid" => text.parse::<crate::db::Id>().map(|_| ()),
        "base64" => super::binary::check(text),
        "date-time" => text.parse::<crate::db::Timestamp>().map(|_| ()),
        "event-place" => event_place(text).map(|_| ()),
        "event-id" => event_id(text).map(|_| ()),
        "event-pattern" => event_pattern(text),
        _ => normal(format, text).map(|_| ()),
    }
}

/// A place in the feed of events, written as a text.
pub fn event_place(text: &str) -> Result<i64, &'static str> {
    let place = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    place.ok_or("expected a place in the feed such as 184467")
}

/// The id of an event: `evt_` and 32 hexadecimal digits, or the same as an id like others.
pub fn event_id(text: &str) -> Result<crate::db::Id, &'static str> {
    let id = match text.strip_prefix("evt_") {
        Some(hex) if hex.len() == 32 && hex.is_ascii() => {
            format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]).parse()
        }
        Some(_) => Err(""),
        None => text.parse(),
    };
    id.map_err(|_| "expected an id such as evt_0193f3a1b2c37d4e8f90a1b2c3d4e5f6")
}

/// Whether a text names a type of events, all types of an object, or all types.
pub fn event_pattern(text: &str) -> Result<(), &'static str> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let fits = match text.split_once('.') {
        None => text == "*",
        Some((object, change)) => is_word(object) && (change == "*" || is_word(change)),
    };
    if fits { Ok(()) } else { Err("expected a type such as team.updated, or team.*, or *") }
}

/// A string of one of these formats as it is stored, or what was expected; for values whose format is known only when they arrive.
pub fn normal<'a>(format: &str, text: &'a str) -> Result<Cow<'a, str>, &'static str> {
    match FORMATS.iter().find(|(name, _)| *name == format) {
        Some((_, check)) => check(text),
        None => Ok(Cow::Borrowed(text)),
    }
}

macro_rules! formats {
    ($($(#[$meta:meta])* $type:ident = $format:literal, max $max:literal, $check:ident;)+) => {
        const FORMATS: &[(&str, Check)] = &[$(($format, $check)),+];

        $(
            $(#[$meta])*
            #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
            #[serde(transparent)]
            pub struct $type(String);

            impl Deref for $type {
                type Target = str;

                fn deref(&self) -> &str {
                    &self.0
                }
            }

            impl<S: Into<String>> From<S> for $type {
                /// For clients: the server checks the form when it arrives.
                fn from(text: S) -> Self {
                    Self(text.into())
                }
            }

            impl<'de> Deserialize<'de> for $type {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = Cow::<str>::deserialize(deserializer)?;
                    if text.len() > $max && text.chars().count() > $max {
                        return Err(D::Error::custom(format_args!("longer than {} characters", $max)));
                    }
                    $check(&text).map(|stored| Self(stored.into_owned())).map_err(D::Error::custom)
                }
            }

            impl JsonSchema for $type {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($type).into()
                }

                fn inline_schema() -> bool {
                    true
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!({"type": "string", "format": $format, "maxLength": $max})
                }
            }

            impl Assign<String> for $type {
                fn assign(self, target: &mut String) {
                    *target = self.0;
                }
            }
        )+
    };
}

formats! {
    /// An e-mail address; stored in lower case.
    Email = "email", max 254, email;
    /// An `http` or `https` address.
    Url = "uri", max 2048, url;
    /// A telephone number in international form (E.164); spaces, dots, dashes and brackets are dropped.
    Phone = "phone", max 40, phone;
    /// A language tag (BCP 47), such as `en` or `pt-BR`.
    Language = "language", max 35, language;
    /// The name of a time zone in the IANA database, such as `Europe/Berlin`.
    Timezone = "timezone", max 64, timezone;
    /// A currency code (ISO 4217), such as `EUR`.
    Currency = "currency", max 3, currency;
    /// A host name without scheme, port or path; stored in lower case.
    Hostname = "hostname", max 253, hostname;
    /// A country by its two letters (ISO 3166-1), such as `DE`; stored in capitals.
    Country = "country", max 2, country;
    /// An IP address, or a range of them such as `10.0.0.0/8`.
    Cidr = "cidr", max 49, cidr;
    /// A login name: 2 to 64 letters, digits, dots, dashes or underscores; stored in lower case.
    Username = "username", max 64, username;
    /// The key of a custom field: a small letter, and then small letters, digits and underscores.
    FieldName = "field-name", max 60, field_name;
    /// What messages come from: words of letters, digits, dashes and underscores, with dots between them, such as `twilio.sms`;
    /// stored in lower case.
    Source = "source", max 64, source;
    /// A content type such as `image/png`; parameters behind it are dropped, and it is stored in lower case.
    MediaType = "media-type", max 255, media_type;
    /// A content type, or a family of them such as `image/*`; stored in lower case.
    MediaRange = "media-range", max 255, media_range;
    /// A SHA-256 digest in hexadecimal; stored in lower case.
    Sha256Hex = "sha256", max 64, sha256;
}

fn email(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let options = email_address::Options::default().with_required_tld().without_display_text().without_domain_literal();
    match email_address::EmailAddress::parse_with_options(text, options) {
        Ok(_) => Ok(lower(text)),
        Err(_) => Err("expected an e-mail address such as jane@example.com"),
    }
}

fn url(text: &str) -> Result<Cow<'_, str>, &'static str> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Cow::Borrowed(text)),
        _ => Err("expected an address such as https://example.com/page"),
    }
}

fn phone(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')' | '/')).collect();
    match digits.strip_prefix('+') {
        Some(rest)
            if (7..=15).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit()) && !rest.starts_with('0') =>
        {
            Ok(Cow::Owned(digits))
        }
        _ => Err("expected a telephone number in international form such as +4930123456"),
    }
}

fn language(text: &str) -> Result<Cow<'_, str>, &'static str> {
    match oxilangtag::LanguageTag::parse_and_normalize(text) {
        // Only registered-looking primary languages: two or three letters.
        Ok(tag) if matches!(tag.primary_language().len(), 2 | 3) => Ok(Cow::Owned(tag.into_inner())),
        _ => Err("expected a language such as en or pt-BR"),
    }
}

fn timezone(text: &str) -> Result<Cow<'_, str>, &'static str> {
    match jiff::tz::TimeZone::get(text) {
        Ok(zone) => Ok(zone.iana_name().map_or(Cow::Borrowed(text), |name| Cow::Owned(name.to_owned()))),
        Err(_) => Err("expected a time zone such as Europe/Berlin"),
    }
}

fn currency(text: &str) -> Result<Cow<'_, str>, &'static str> {
    /// The active codes of ISO 4217 (list one), funds and precious metals left out.
    const CODES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD \
        CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD \
        HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD \
        MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG \
        QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD \
        TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";
    let upper = text.to_ascii_uppercase();
    match upper.len() == 3 && CODES.split_ascii_whitespace().any(|code| code == upper) {
        true => Ok(Cow::Owned(upper)),
        false => Err("expected a currency code such as EUR"),
    }
}

fn hostname(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match text.split('.').all(label) {
        true => Ok(lower(text)),
        false => Err("expected a host name such as support.example.com"),
    }
}

fn country(text: &str) -> Result<Cow<'_, str>, &'static str> {
    /// The assigned codes of ISO 3166-1, and XK, which everybody uses for Kosovo.
    const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW \
        BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA \
        GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH \
        KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY \
        MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH \
        SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
        VN VU WF WS XK YE YT ZA ZM ZW";
    let upper = text.to_ascii_uppercase();
    match upper.len() == 2 && CODES.split_ascii_whitespace().any(|code| code == upper) {
        true => Ok(Cow::Owned(upper)),
        false => Err("expected the two letters of a country such as DE"),
    }
}

fn cidr(text: &str) -> Result<Cow<'_, str>, &'static str> {
    match text.parse::<ipnet::IpNet>().is_ok() || text.parse::<std::net::IpAddr>().is_ok() {
        true => Ok(Cow::Borrowed(text)),
        false => Err("expected an address or a range such as 10.0.0.0/8"),
    }
}

fn username(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let fits = text.chars().count() >= 2 && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    match fits {
        true => Ok(lower(text)),
        false => Err("expected 2 to 64 letters, digits, dots, dashes or underscores"),
    }
}

fn source(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    match text.split('.').all(is_word) {
        true => Ok(lower(text)),
        false => Err("expected words with dots between them such as twilio.sms"),
    }
}

fn media_type(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let essence = text.split(';').next().unwrap_or_default().trim();
    match essence.split_once('/') {
        Some((family, kind)) if is_media_word(family) && is_media_word(kind) => Ok(lower(essence)),
        _ => Err("expected a content type such as image/png"),
    }
}

fn media_range(text: &str) -> Result<Cow<'_, str>, &'static str> {
    match text.split_once('/') {
        Some((family, kind)) if is_media_word(family) && (kind == "*" || is_media_word(kind)) => Ok(lower(text)),
        _ => Err("expected a content type such as image/png or image/*"),
    }
}

fn sha256(text: &str) -> Result<Cow<'_, str>, &'static str> {
    match text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(lower(text)),
        false => Err("expected the 64 hexadecimal digits of a SHA-256 digest"),
    }
}

/// A name as RFC 6838, section 4.2, restricts those of content types.
fn is_media_word(word: &str) -> bool {
    let first = word.starts_with(|c: char| c.is_ascii_alphanumeric());
    first && word.len() <= 127 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
}

fn field_name(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    match fits {
        true => Ok(Cow::Borrowed(text)),
        false => Err("expected small letters, digits and underscores, such as contract_number"),
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_uppercase) { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn forms_are_checked() {
        let good = [
            ("email", "Jane.Doe+x@example.co.uk"),
            ("uri", "https://example.com/a?b=c"),
            ("phone", "+49 (30) 123-456"),
            ("language", "pt-br"),
            ("timezone", "Europe/Berlin"),
            ("currency", "eur"),
            ("country", "de"),
            ("phone", "+1-555-0123"),
            ("hostname", "Support.example.com"),
            ("cidr", "2001:db8::/32"),
            ("cidr", "10.1.2.3"),
            ("username", "jané.doe"),
            ("source", "Twilio.sms"),
            ("source", "api"),
            ("media-type", "image/svg+xml"),
            ("media-type", "text/plain; charset=utf-8"),
            ("media-range", "image/*"),
            ("media-range", "application/vnd.ms-excel"),
        ];
        let bad = [
            ("email", "a@b"),
            ("email", "Jane <jane@example.com>"),
            ("uri", "javascript:alert(1)"),
            ("uri", "/path"),
            ("phone", "030 123456"),
            ("language", "english"),
            ("timezone", "Berlin"),
            ("currency", "EURO"),
            ("country", "Germany"),
            ("hostname", "https://example.com"),
            ("hostname", "a..b"),
            ("cidr", "10.0.0.0/33"),
            ("username", "jane@example.com"),
            ("source", "twilio..sms"),
            ("source", "twilio sms"),
            ("media-type", "image"),
            ("media-type", "image/*"),
            ("media-type", "text/pl\nain"),
            ("media-range", "*/*"),
        ];
        for (format, text) in good {
            assert_eq!(check(format, text), Ok(()), "{format} {text}");
        }
        for (format, text) in bad {
            assert!(check(format, text).is_err(), "{format} {text}");
        }
    }
}
