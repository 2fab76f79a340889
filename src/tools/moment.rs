//! Where a search begins and ends, as people write it; and now.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, civil};

/// Now, milliseconds since 1970-01-01 UTC.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// A place in a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// An offset, in every partition that is looked at.
    Offset(i64),
    /// Milliseconds since 1970-01-01 UTC.
    Time(i64),
}

/// Reads an offset (`1,234`), a time (`2026-11-21T09:41:05Z`, `2026-11-21 09:41`, `2026-11-21`, all UTC
/// unless they say otherwise) or how long ago (`30 min ago`).
///
/// # Errors
/// A sentence that says what would be accepted.
pub fn moment(text: &str, now: Timestamp) -> Result<Moment, String> {
    let text = text.trim();
    if let Some(offset) = number(text).and_then(|offset| i64::try_from(offset).ok()) {
        return Ok(Moment::Offset(offset));
    }
    let time = text.parse::<Timestamp>().ok().or_else(|| civil_time(text)).or_else(|| ago(text, now));
    time.map(|time| Moment::Time(time.as_millisecond())).ok_or_else(|| {
        format!(
            "`{text}` is no place in a trail; write an offset, a time such as 2026-11-21T09:41:05Z, or \"30 min ago\""
        )
    })
}

fn civil_time(text: &str) -> Option<Timestamp> {
    let date = || text.parse::<civil::Date>().ok().map(|date| date.to_datetime(civil::Time::midnight()));
    let time = text.parse::<civil::DateTime>().ok().or_else(date)?;
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    if text == "now" {
        return Some(now);
    }
    let span: Span = text.strip_suffix("ago").and(text.parse().ok())?;
    now.to_zoned(TimeZone::UTC).checked_add(span).ok().map(|zoned| zoned.timestamp())
}

/// Reads a number that may have commas between its thousands.
pub fn number(text: &str) -> Option<u64> {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    is_number.then(|| text.replace(',', "").parse().ok()).flatten()
}

/// Reads `7`, `7..9` (the last excluded), `7..` or `..9`, and gives the first and the one behind the last.
///
/// # Errors
/// A sentence that says what would be accepted.
pub fn range(text: &str) -> Result<(u64, u64), String> {
    let wrong = || format!("`{text}` is no range; write 7, 7..9 (without 9), 7.. or ..9");
    let read = |part: &str, otherwise| match part.trim() {
        "" => Ok(otherwise),
        part => number(part).ok_or_else(wrong),
    };
    let (from, to) = match text.split_once("..") {
        Some((from, to)) => (read(from, 0)?, read(to, u64::MAX)?),
        None => {
            let one = number(text.trim()).ok_or_else(wrong)?;
            (one, one.saturating_add(1))
        }
    };
    if from < to { Ok((from, to)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_as_people_write_them() {
        let now: Timestamp = "2026-11-21T09:41:05Z".parse().unwrap();
        let at = |text: &str| Ok(Moment::Time(text.parse::<Timestamp>().unwrap().as_millisecond()));
        for (text, expected) in [
            ("1,234", Ok(Moment::Offset(1_234))),
            ("0", Ok(Moment::Offset(0))),
            ("2026-11-21T09:41:05.5+01:00", at("2026-11-21T08:41:05.5Z")),
            ("2026-11-21 09:41", at("2026-11-21T09:41:00Z")),
            ("2026-11-21", at("2026-11-21T00:00:00Z")),
            ("30 min ago", at("2026-11-21T09:11:05Z")),
            ("2 days ago", at("2026-11-19T09:41:05Z")),
            ("1h30m ago", at("2026-11-21T08:11:05Z")),
            ("now", Ok(Moment::Time(now.as_millisecond()))),
        ] {
            assert_eq!(moment(text, now), expected, "{text}");
        }
        for text in ["", "soon", "30 min", "-1", "2026-13-01", "ago"] {
            assert!(moment(text, now).is_err(), "{text}");
        }
    }

    #[test]
    fn ranges_exclude_their_end() {
        for (text, expected) in [("7", (7, 8)), ("7..9", (7, 9)), ("1,000..", (1_000, u64::MAX)), ("..9", (0, 9))] {
            assert_eq!(range(text), Ok(expected), "{text}");
        }
        for text in ["", "9..7", "7..7", "a", "1-2", "-1..2"] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}
