//! Times in queries: `2024-01-15`, `2024-01-15T10:00:00Z`, `now`, `now-7d`, `now/d`, `now-1M/M+2d`.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan, Zoned};

use crate::db::Timestamp;

/// What a time in a query stands for: from an instant on, and up to another one, in milliseconds. A day stands for all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The first instant.
    pub from: i64,
    /// The instant after the last.
    pub until: i64,
}

const EXPECTED: &str = "expected a time, such as 2024-01-15, 2024-01-15T10:00:00Z, now-7d or now/d";

/// Reads a time.
pub fn read(text: &str, now: Timestamp) -> Result<Interval, String> {
    if let Some(rest) = text.strip_prefix("now") {
        return shifted(rest, now);
    }
    if let Some(day) = day(text) {
        return Ok(Interval { from: start(day)?, until: start(day.tomorrow().map_err(out_of_range)?)? });
    }
    let instant: Timestamp = text.parse().map_err(|_| EXPECTED.to_owned())?;
    Ok(Interval { from: instant.millis(), until: instant.millis().saturating_add(1) })
}

/// The day that a text names, if it is one.
pub fn day(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let has_shape = bytes.len() == 10
        && bytes.iter().enumerate().all(|(i, b)| if matches!(i, 4 | 7) { *b == b'-' } else { b.is_ascii_digit() });
    if has_shape { text.parse().ok() } else { None }
}

/// `now`, moved and cut.
fn shifted(rest: &str, now: Timestamp) -> Result<Interval, String> {
    let out = |error: jiff::Error| out_of_range(error);
    let instant = jiff::Timestamp::from_millisecond(now.millis()).map_err(out)?;
    let mut at = instant.to_zoned(TimeZone::UTC);
    let mut unit_cut_to = None;
    let mut rest = rest;
    while let Some(operation) = rest.chars().next() {
        rest = &rest[operation.len_utf8()..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let unit = after.chars().next().ok_or(EXPECTED)?;
        rest = &after[unit.len_utf8()..];
        match operation {
            '+' | '-' => {
                let count: i64 = number.parse().ok().filter(|count| *count <= 1_000_000_000).ok_or(EXPECTED)?;
                let span = span(unit, if operation == '-' { -count } else { count })?;
                at = at.checked_add(span).map_err(out)?;
                unit_cut_to = None;
            }
            '/' if number.is_empty() => {
                at = cut(&at, unit)?;
                unit_cut_to = Some(unit);
            }
            _ => return Err(EXPECTED.into()),
        }
    }
    let from = at.timestamp().as_millisecond();
    let until = match unit_cut_to {
        Some(unit) => at.checked_add(span(unit, 1)?).map_err(out)?.timestamp().as_millisecond(),
        None => from.saturating_add(1),
    };
    Ok(Interval { from, until })
}

fn span(unit: char, count: i64) -> Result<Span, String> {
    let span = Span::new();
    match unit {
        's' => span.try_seconds(count),
        'm' => span.try_minutes(count),
        'h' | 'H' => span.try_hours(count),
        'd' => span.try_days(count),
        'w' => span.try_weeks(count),
        'M' => span.try_months(count),
        'y' => span.try_years(count),
        _ => return Err(format!("'{unit}' is no unit of time: s, m, h, d, w, M and y are")),
    }
    .map_err(out_of_range)
}

/// The start of the second, minute, hour, day, week (Monday), month or year.
fn cut(at: &Zoned, unit: char) -> Result<Zoned, String> {
    let midnight = Time::midnight();
    let (date, time) = (at.date(), at.time());
    let cut: DateTime = match unit {
        's' => date.to_datetime(time.with().subsec_nanosecond(0).build().map_err(out_of_range)?),
        'm' => date.at(time.hour(), time.minute(), 0, 0),
        'h' | 'H' => date.at(time.hour(), 0, 0, 0),
        'd' => date.to_datetime(midnight),
        'w' => {
            let days = i64::from(date.weekday().to_monday_zero_offset());
            date.checked_sub(days.days()).map_err(out_of_range)?.to_datetime(midnight)
        }
        'M' => date.first_of_month().to_datetime(midnight),
        'y' => date.first_of_year().to_datetime(midnight),
        _ => return Err(format!("'{unit}' is no unit of time: s, m, h, d, w, M and y are")),
    };
    cut.to_zoned(TimeZone::UTC).map_err(out_of_range)
}

fn start(day: Date) -> Result<i64, String> {
    let zoned = day.to_zoned(TimeZone::UTC).map_err(out_of_range)?;
    Ok(zoned.timestamp().as_millisecond())
}

fn out_of_range(_: jiff::Error) -> String {
    "this time is too far away".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(text: &str) -> (String, String) {
        let now = "2026-11-20T06:22:34.492Z".parse().unwrap();
        let interval = read(text, now).unwrap();
        let show = |millis| Timestamp::from_millis(millis).to_string();
        (show(interval.from), show(interval.until))
    }

    #[test]
    fn times_are_intervals() {
        for (text, from, until) in [
            ("2024-02-29", "2024-02-29T00:00:00.000Z", "2024-03-01T00:00:00.000Z"),
            ("2024-01-15T10:00:00+02:00", "2024-01-15T08:00:00.000Z", "2024-01-15T08:00:00.001Z"),
            ("now", "2026-11-20T06:22:34.492Z", "2026-11-20T06:22:34.493Z"),
            ("now-7d", "2026-11-13T06:22:34.492Z", "2026-11-13T06:22:34.493Z"),
            ("now+1h", "2026-11-20T07:22:34.492Z", "2026-11-20T07:22:34.493Z"),
            ("now/d", "2026-11-20T00:00:00.000Z", "2026-11-21T00:00:00.000Z"),
            ("now/w", "2026-11-16T00:00:00.000Z", "2026-11-23T00:00:00.000Z"),
            ("now/M", "2026-11-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z"),
            ("now-1y/y", "2025-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
            ("now/h-30m", "2026-11-20T05:30:00.000Z", "2026-11-20T05:30:00.001Z"),
            ("now/s", "2026-11-20T06:22:34.000Z", "2026-11-20T06:22:35.000Z"),
            ("now/m", "2026-11-20T06:22:00.000Z", "2026-11-20T06:23:00.000Z"),
        ] {
            assert_eq!(interval(text), (from.to_owned(), until.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let now = Timestamp::from_millis(0);
        for text in [
            "",
            "yesterday",
            "2024-13-01",
            "2024-1-5",
            "now-",
            "now-7",
            "now-7x",
            "now7d",
            "now/7d",
            "now-d",
            "nowhere",
            "now-99999999999d",
            "now+999999999y",
            "2024-01-15T10:00:00",
        ] {
            assert!(read(text, now).is_err(), "{text}");
        }
    }
}
