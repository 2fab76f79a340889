//! Small texts that people type.

use std::time::Duration;

use jiff::SignedDuration;

/// No flag means more than this; adding it to a moment cannot overflow.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Reads `2s`, `500ms`, `24h`, `1m 30s`, or a bare number of seconds.
///
/// # Errors
/// A sentence that says what would be accepted, for clap to show.
pub fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.trim().parse::<f64>().ok();
    let read = match seconds {
        Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        None => text.parse::<SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok()),
    };
    read.filter(|&duration| duration <= LONGEST)
        .ok_or_else(|| format!("`{text}` is no length of time up to ten years; write it as 2s, 500ms, 1m30s or 24h"))
}

/// Reads a number of bytes: `1000000`, `500K`, `64M`, `1G`, `2GiB` (each unit 1024 of the one before).
///
/// # Errors
/// A sentence that says what would be accepted, for clap to show.
pub fn byte_size(text: &str) -> Result<u64, String> {
    let trimmed = text.trim();
    let digits = trimmed.trim_end_matches(|character: char| !character.is_ascii_digit());
    let unit = trimmed.strip_prefix(digits).unwrap_or_default().trim().to_ascii_uppercase();
    let shift = match unit.as_str() {
        "" | "B" => Some(0),
        "K" | "KB" | "KIB" => Some(10),
        "M" | "MB" | "MIB" => Some(20),
        "G" | "GB" | "GIB" => Some(30),
        "T" | "TB" | "TIB" => Some(40),
        _ => None,
    };
    let bytes = shift.and_then(|shift| digits.parse::<u64>().ok()?.checked_mul(1 << shift));
    bytes.ok_or_else(|| format!("`{text}` is no number of bytes; write it as 1000000, 500K, 64M or 1G"))
}

/// Reads a rate: `2000`, `0.5` or `50/s`.
///
/// # Errors
/// A sentence that says what would be accepted, for clap to show.
pub fn rate(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix("/s").unwrap_or(text).trim();
    match number.parse::<f64>() {
        // Slower than one order in 30 years is a mistake, and more than one a nanosecond is no pace.
        Ok(rate) if (1e-9..=1e9).contains(&rate) => Ok(rate),
        _ => Err(format!("`{text}` is no rate; write orders a second as 2000, 0.5 or 50/s")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        for (text, bytes) in
            [("0", 0), ("1000000", 1_000_000), ("500K", 512_000), ("64 MiB", 64 << 20), ("1g", 1 << 30)]
        {
            assert_eq!(byte_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "G", "-1", "1.5G", "12 parsecs", "99999999999T"] {
            assert!(byte_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_as_people_write_them() {
        for (text, milliseconds) in
            [("2s", 2_000), ("500ms", 500), ("24h", 86_400_000), ("1m30s", 90_000), ("0.5", 500), ("0", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "soon", "-2s", "-1", "2 parsecs", "inf", "9999999999999999999"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
