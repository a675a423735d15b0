//! Amounts of money: plain numbers on the wire (wire contract, "Money and numbers"), whole thousandths in the database.

use std::borrow::Cow;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::BigInt;
use diesel::sqlite::{Sqlite, SqliteValue};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest amount: what has more digits would not survive a client that counts in doubles.
const MAX: f64 = 999_999_999_999_999.0;
/// The most digits of an amount.
const MAX_DIGITS: usize = 15;
/// The decimals that are stored; no currency has more.
const DECIMALS: usize = 3;

/// An amount as it is sent: a number from 0 on, in units of its currency, such as `50000` or `1999.5`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Money(f64);

impl From<f64> for Money {
    /// For clients: the server checks the number when it arrives.
    fn from(number: f64) -> Self {
        Self(number)
    }
}

impl Money {
    /// The amount, if the currency has coins for it.
    pub fn in_currency(self, currency: &str) -> Result<Amount, String> {
        // The shortest text that reads as this number is the one that was sent: it had 15 digits at the most.
        let text = self.0.to_string();
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        if whole.trim_start_matches('0').len() + decimals.len() > MAX_DIGITS {
            return Err(format!("expected at most {MAX_DIGITS} digits"));
        }
        let allowed = decimals_of(currency);
        if decimals.len() > allowed {
            return Err(format!("expected at most {allowed} decimals for {currency}"));
        }
        let thousandths = format!("{whole}{decimals:0<DECIMALS$}");
        thousandths.parse().map(Amount).map_err(|_| "expected an amount such as 50000".to_owned())
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        if (0.0..=MAX).contains(&number) {
            // A sum of nothing has no sign.
            Ok(Self(number.abs()))
        } else {
            Err(D::Error::custom(format_args!("not from 0 to {MAX}")))
        }
    }
}

impl JsonSchema for Money {
    fn schema_name() -> Cow<'static, str> {
        "Money".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": 0, "maximum": 999_999_999_999_999_i64})
    }
}

/// An amount as it is stored: thousandths of a unit, whatever the currency, so that amounts compare as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Amount(i64);

impl Amount {
    /// The number of thousandths.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// Whether the currency has coins for it.
    pub fn fits(self, currency: &str) -> bool {
        let smallest = match decimals_of(currency) {
            0 => 1000,
            2 => 10,
            _ => 1,
        };
        self.0 % smallest == 0
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (whole, rest) = (self.0 / 1000, self.0 % 1000);
        if rest == 0 {
            return serializer.serialize_i64(whole);
        }
        // Through the text, because thousandths may be more than a double holds exactly.
        let number = format!("{whole}.{rest:03}").parse::<f64>().map_err(serde::ser::Error::custom)?;
        serializer.serialize_f64(number)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Some currency with all the decimals that are stored.
        Money::deserialize(deserializer)?.in_currency("BHD").map_err(D::Error::custom)
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number"})
    }
}

impl ToSql<BigInt, Pg> for Amount {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <i64 as ToSql<BigInt, Pg>>::to_sql(&self.0, &mut out.reborrow())
    }
}

impl ToSql<BigInt, Sqlite> for Amount {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        <i64 as ToSql<BigInt, Sqlite>>::to_sql(&self.0, out)
    }
}

impl FromSql<BigInt, Pg> for Amount {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <i64 as FromSql<BigInt, Pg>>::from_sql(value).map(Self)
    }
}

impl FromSql<BigInt, Sqlite> for Amount {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        <i64 as FromSql<BigInt, Sqlite>>::from_sql(value).map(Self)
    }
}

/// How many decimals amounts of a currency may have (ISO 4217).
fn decimals_of(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, currency: &str) -> Result<String, String> {
        let money: Money = serde_json::from_str(text).map_err(|error| error.to_string())?;
        money.in_currency(currency).map(|amount| serde_json::to_string(&amount).unwrap())
    }

    #[test]
    fn amounts_are_answered_as_they_were_sent() {
        for (sent, currency) in [
            ("50000", "EUR"),
            ("0", "EUR"),
            ("0.01", "EUR"),
            ("1999.99", "USD"),
            ("0.1", "EUR"),
            ("0.005", "BHD"),
            ("9999999999999.99", "EUR"),
            ("999999999999.999", "KWD"),
            ("999999999999999", "JPY"),
        ] {
            assert_eq!(read(sent, currency).as_deref(), Ok(sent), "{currency}");
        }
        assert_eq!(read("5e4", "EUR").as_deref(), Ok("50000"));
        assert_eq!(read("12.50", "EUR").as_deref(), Ok("12.5"));
        assert_eq!(read("-0.0", "EUR").as_deref(), Ok("0"));
    }

    #[test]
    fn what_the_currency_has_no_coins_for_is_refused() {
        for (sent, currency) in [
            ("0.001", "EUR"),
            ("0.5", "JPY"),
            ("0.0001", "BHD"),
            ("1e-9", "EUR"),
            ("12345678901234.56", "EUR"),
            ("1e15", "EUR"),
            ("-1", "EUR"),
            ("\"5\"", "EUR"),
        ] {
            assert!(read(sent, currency).is_err(), "{sent} {currency}");
        }
        let amount = Money(0.5).in_currency("EUR").unwrap();
        assert_eq!((amount.fits("EUR"), amount.fits("BHD"), amount.fits("JPY")), (true, true, false));
    }

    proptest! {
        #[test]
        fn fifteen_digits_survive(cents in 0_u64..999_999_999_999_999) {
            let sent = format!("{}.{:02}", cents / 100, cents % 100);
            let money: Money = serde_json::from_str(&sent).unwrap();
            let amount = money.in_currency("EUR").unwrap();
            prop_assert_eq!(amount.thousandths() as u64, cents * 10);
            let answered: Amount = serde_json::from_str(&serde_json::to_string(&amount).unwrap()).unwrap();
            prop_assert_eq!(answered, amount);
        }
    }
}
