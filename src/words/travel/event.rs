//! An event of the topic, read from bytes: whatever they are, there is an answer.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::verdict::Unreadable;

/// A request's id has at most so many bytes.
pub const LONGEST_ID_BYTES: usize = 256;

/// An event, borrowed from its record. Fields beside these three are nobody's business here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Which request; see [`is_id`].
    pub id: Cow<'a, str>,
    /// What happened, as it was written: any text.
    pub etat: Cow<'a, str>,
    /// What else is told.
    pub details: Details<'a>,
}

/// What an event tells beside what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Details<'a> {
    /// The text of an object; `{}` where nothing or null was told.
    Object(&'a str),
    /// The text of something else.
    Other(&'a str),
}

impl<'a> Details<'a> {
    /// The text.
    pub fn text(self) -> &'a str {
        match self {
            Self::Object(text) | Self::Other(text) => text,
        }
    }
}

/// Whether a text can name a request.
pub fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// The value of a record that tells of an event; `details` is the text of a JSON object.
pub fn write_event(id: &str, etat: &str, details: &RawValue) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    format!(r#"{{"id":{},"etat":{},"details":{}}}"#, text(id), text(etat), details.get())
}

impl<'a> Event<'a> {
    /// Reads the value of a record.
    ///
    /// # Errors
    /// [`Unreadable`], the first of its reasons that holds.
    pub fn read(value: Option<&'a [u8]>) -> Result<Self, Unreadable> {
        let value = value.ok_or(Unreadable::Tombstone)?;
        if value.is_empty() {
            return Err(Unreadable::Empty);
        }
        let text = simdutf8::basic::from_utf8(value).map_err(|_| Unreadable::NotUtf8)?;
        let fields = match serde_json::from_str(text).map_err(|_| Unreadable::NotJson)? {
            Shape::Object(fields) => fields,
            Shape::Other => return Err(Unreadable::NotObject),
        };
        if fields.has_twice {
            return Err(Unreadable::FieldTwice);
        }
        let id = fields.id.ok_or(Unreadable::NoId)?;
        let id = string(id).filter(|id| is_id(id)).ok_or(Unreadable::BadId)?;
        let etat = fields.etat.and_then(string).ok_or(Unreadable::NoEtat)?;
        let details = match fields.details.map_or("null", RawValue::get) {
            "null" => Details::Object("{}"),
            text if text.starts_with('{') => Details::Object(text),
            text => Details::Other(text),
        };
        Ok(Self { id, etat, details })
    }
}

/// The text that a JSON value is, if it is one.
fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    let quoted = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', quoted.as_bytes()).is_none() {
        return Some(Cow::Borrowed(quoted));
    }
    serde_json::from_str(value.get()).ok().map(Cow::Owned)
}

#[derive(Default)]
struct Fields<'a> {
    id: Option<&'a RawValue>,
    etat: Option<&'a RawValue>,
    details: Option<&'a RawValue>,
    has_twice: bool,
}

/// Any JSON.
enum Shape<'a> {
    Object(Fields<'a>),
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Shape<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyJson;
        macro_rules! other {
            ($($method:ident($type:ty)),*) => {
                $(fn $method<E>(self, _: $type) -> Result<Self::Value, E> {
                    Ok(Shape::Other)
                })*
            };
        }
        impl<'de> Visitor<'de> for AnyJson {
            type Value = Shape<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any JSON")
            }

            other!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Shape::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Shape::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Fields::default();
                while let Some(Name(name)) = map.next_key()? {
                    let slot = match name.as_ref() {
                        "id" => &mut fields.id,
                        "etat" => &mut fields.etat,
                        "details" => &mut fields.details,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    fields.has_twice |= slot.replace(map.next_value()?).is_some();
                }
                Ok(Shape::Object(fields))
            }
        }
        deserializer.deserialize_any(AnyJson)
    }
}

/// The name of a member, borrowed where it can be: serde's own `Cow` never is.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Event<'_>, Unreadable> {
        Event::read(Some(text.as_bytes()))
    }

    #[test]
    fn an_event_is_read_as_it_is_written() {
        let event = read(r#"{ "id": "DV-1", "etat":"CREATION", "x": [1, {}], "details": { "a": 1.50 } }"#);
        let expected =
            Event { id: "DV-1".into(), etat: "CREATION".into(), details: Details::Object(r#"{ "a": 1.50 }"#) };
        assert_eq!(event, Ok(expected.clone()));
        let escaped = read(r#"{"i\u0064":"D\u0056-1","etat":"CREATION"}"#).expect("it is one");
        assert_eq!((escaped.id.as_ref(), escaped.details), ("DV-1", Details::Object("{}")));
        let none = read(r#"{"id":"DV-1","etat":"","details":null}"#).expect("any text may be told");
        assert_eq!((none.etat.as_ref(), none.details), ("", Details::Object("{}")));
        let deep = format!(r#"{{"id":"a","etat":"b","details":{{"a":{}1{}}}}}"#, "[".repeat(9_000), "]".repeat(9_000));
        assert!(read(&deep).is_ok(), "details may be as deep as they like");
        let details = RawValue::from_string(r#"{"a":1.50}"#.into()).expect("JSON");
        let written = write_event("DV-\"1", "CREATION", &details);
        assert_eq!(written, r#"{"id":"DV-\"1","etat":"CREATION","details":{"a":1.50}}"#);
    }

    #[test]
    fn what_is_no_event_says_why_and_the_first_reason_wins() {
        use Unreadable as U;
        assert_eq!(Event::read(None), Err(U::Tombstone));
        assert_eq!(Event::read(Some(b"")), Err(U::Empty));
        assert_eq!(Event::read(Some(b"\xff{")), Err(U::NotUtf8));
        let long = format!(r#"{{"id":"{}","etat":"RETARD"}}"#, "a".repeat(257));
        for (text, why) in [
            ("{", U::NotJson),
            ("{} x", U::NotJson),
            (" ", U::NotJson),
            ("[1,", U::NotJson),
            (r#"{"id":"a","id":"b""#, U::NotJson),
            ("[1, [2]]", U::NotObject),
            ("\"id\"", U::NotObject),
            ("\"\\n\"", U::NotObject),
            ("-1", U::NotObject),
            ("18", U::NotObject),
            ("1e5", U::NotObject),
            ("true", U::NotObject),
            ("null", U::NotObject),
            (r#"{"id":1,"id":2}"#, U::FieldTwice),
            (r#"{"id":"a","etat":"b","\u0065tat":"b"}"#, U::FieldTwice),
            (r#"{"etat":"b"}"#, U::NoId),
            (r#"{"id":7,"etat":"b"}"#, U::BadId),
            (r#"{"id":"","etat":"b"}"#, U::BadId),
            (r#"{"id":"a\n","etat":"b"}"#, U::BadId),
            (r#"{"id":"\u009b","etat":"b"}"#, U::BadId),
            (r#"{"id":"\ud800","etat":"b"}"#, U::BadId),
            (long.as_str(), U::BadId),
            (r#"{"id":"a"}"#, U::NoEtat),
            (r#"{"id":"a","etat":null}"#, U::NoEtat),
        ] {
            assert_eq!(read(text), Err(why), "{text}");
        }
        let other = read(r#"{"id":"a","etat":"b","details":[1]}"#).expect("it is readable");
        assert_eq!(other.details, Details::Other("[1]"));
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_answer(bytes: Vec<u8>, text: String) {
            let _answer = Event::read(Some(&bytes));
            let json = serde_json::json!({ "id": text, "etat": text, "details": { "a": text } }).to_string();
            prop_assert_eq!(read(&json).is_ok(), is_id(&text));
        }
    }
}
