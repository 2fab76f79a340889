//! Small texts that people type.

use std::io;
use std::time::Duration;

use jiff::SignedDuration;

/// Reads `2s`, `500ms`, `24h`, `1m 30s`, or a bare number of seconds.
///
/// # Errors
/// A sentence that says what would be accepted, for clap to show.
pub fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.trim().parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|_| format!("`{text}` is no length of time"));
    }
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|span| Duration::try_from(span).ok())
        .ok_or_else(|| format!("`{text}` is no length of time; write it as 2s, 500ms, 1m30s or 24h"))
}

/// Whether an error of printing means only that the reader has gone, as `| head` does: a quiet end.
pub fn is_quiet_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_write_them() {
        for (text, milliseconds) in
            [("2s", 2_000), ("500ms", 500), ("24h", 86_400_000), ("1m30s", 90_000), ("0.5", 500), ("0", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "soon", "-2s", "-1", "2 parsecs", "inf"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
