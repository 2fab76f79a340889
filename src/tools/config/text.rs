//! Small texts that people type.

use std::io;
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
        for text in ["", "soon", "-2s", "-1", "2 parsecs", "inf", "9999999999999999999"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
