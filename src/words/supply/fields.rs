//! Reading fields one by one, so that all that is wrong is told at once.

use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: `materials[1].quantity`.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Why bytes are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// They are no JSON object.
    #[error("no JSON object: {0}")]
    NotJson(String),
    /// Fields are missing or wrong.
    #[error("{}", sentence(.0))]
    Wrong(Vec<Fault>),
}

fn sentence(faults: &[Fault]) -> String {
    let all: Vec<String> = faults.iter().map(|fault| format!("{}: {}", fault.path, fault.reason)).collect();
    all.join("; ")
}

/// The object that `bytes` are.
///
/// # Errors
/// [`Refusal::NotJson`].
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::NotJson("it is another kind of value".to_owned())),
        Err(error) => Err(Refusal::NotJson(error.to_string())),
    }
}

/// Takes fields and notes what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    pub(super) fn note(&mut self, path: &str, reason: impl Into<String>) {
        self.0.push(Fault { path: path.to_owned(), reason: reason.into() });
    }

    /// A text of so many characters, none of them a control character.
    pub(super) fn text(&mut self, value: Option<&Value>, path: &str, characters: (usize, usize)) -> String {
        let (least, most) = characters;
        let Some(value) = value else {
            self.note(path, "it is missing");
            return String::new();
        };
        let Value::String(text) = value else {
            self.note(path, "it must be a string");
            return String::new();
        };
        if !(least..=most).contains(&text.chars().count()) {
            self.note(path, format!("it must have {least} to {most} characters"));
        } else if text.chars().any(char::is_control) {
            self.note(path, "it must hold no control characters");
        }
        text.clone()
    }

    /// One of a few texts.
    pub(super) fn choice<T: Copy>(&mut self, value: Option<&Value>, path: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = value.and_then(Value::as_str);
        let found = choices.iter().find(|(name, _)| Some(*name) == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.note(path, format!("it must be {}", names.join(" or ")));
        }
        found
    }

    /// A moment, in milliseconds.
    pub(super) fn time(&mut self, value: Option<&Value>, path: &str) -> i64 {
        let time = value.and_then(Value::as_str).and_then(time_ms);
        if time.is_none() {
            self.note(path, "it must be a time as in RFC 3339, such as 2026-11-21T09:41:05Z");
        }
        time.unwrap_or_default()
    }
}

/// A whole number between 1 and `most`, spelled `2` or `2.0`.
pub(super) fn whole(value: Option<&Value>, most: u64) -> Option<u64> {
    let number = value?;
    let exact = number.as_u64();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole and in range")]
    let spelled = || number.as_f64().filter(|f| f.fract() == 0.0 && (1.0..=1e15).contains(f)).map(|f| f as u64);
    exact.or_else(spelled).filter(|number| (1..=most).contains(number))
}

/// Milliseconds since 1970-01-01 UTC of a time as in RFC 3339.
pub fn time_ms(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(|time| time.as_millisecond())
}

/// The time as we write it: UTC, with milliseconds.
pub fn time_text(time_ms: i64) -> String {
    let time =
        Timestamp::from_millisecond(time_ms).unwrap_or(if time_ms < 0 { Timestamp::MIN } else { Timestamp::MAX });
    format!("{time:.3}")
}
