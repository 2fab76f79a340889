//! Digests of what was seen before, and looking them up: few in a row, many in a table.

use std::collections::HashMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::base::message::Headers;
use crate::words::travel::Etat;

/// So many are looked through one after the other.
const FEW: usize = 48;

/// Half of a SHA-256: nobody finds two texts with one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Digest([u8; 16]);

impl Digest {
    fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        let whole: [u8; 32] = hash.finalize().into();
        Self(*whole.first_chunk().unwrap_or(&[0; 16]))
    }

    /// Of what an event says. `compact` is only memory that is used again.
    pub(super) fn of_content(etat: Etat, details: &str, compact: &mut Vec<u8>) -> Self {
        compact.clear();
        without_blanks(details.as_bytes(), compact);
        Self::of(&[etat.as_str().as_bytes(), b" ", compact])
    }

    /// Of the name that an event's sender gave it, if it did.
    pub(super) fn of_event_id(headers: Headers<'_>) -> Option<Self> {
        if headers.is_empty() {
            return None;
        }
        let value = |wanted: &[u8]| headers.into_iter().find(|(name, _)| *name == wanted).and_then(|(_, value)| value);
        let id = value(b"ce_id").filter(|id| !id.is_empty())?;
        let source = value(b"ce_source").unwrap_or_default();
        Some(Self::of(&[&(source.len() as u64).to_le_bytes(), source, id]))
    }
}

/// Adds the text of a JSON value without the blanks between its tokens.
fn without_blanks(json: &[u8], out: &mut Vec<u8>) {
    let mut rest = json;
    while let Some(end) = memchr::memchr(b'"', rest) {
        let (before, text) = rest.split_at(end);
        out.extend(before.iter().filter(|byte| !byte.is_ascii_whitespace()));
        let mut at = 1;
        while let Some(byte) = text.get(at).filter(|byte| **byte != b'"') {
            at += if *byte == b'\\' { 2 } else { 1 };
        }
        let (quoted, behind) = text.split_at((at + 1).min(text.len()));
        out.extend_from_slice(quoted);
        rest = behind;
    }
    out.extend(rest.iter().filter(|byte| !byte.is_ascii_whitespace()));
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_ours = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u128::from_str_radix(&text, 16).ok().filter(|_| is_ours);
        number.map(|number| Self(number.to_be_bytes())).ok_or_else(|| D::Error::custom("no digest"))
    }
}

/// What was seen, in the order in which it was, with a value each.
#[derive(Clone, Debug)]
pub(super) struct Marks<V> {
    all: Vec<(Digest, V)>,
    /// Where each stands, once there are many.
    places: Option<HashMap<Digest, usize>>,
}

impl<V: Copy> Marks<V> {
    /// The value that was given with it first.
    pub(super) fn get(&self, digest: Digest) -> Option<V> {
        match &self.places {
            Some(places) => places.get(&digest).and_then(|at| self.all.get(*at)).map(|(_, value)| *value),
            None => self.all.iter().find(|(one, _)| *one == digest).map(|(_, value)| *value),
        }
    }

    /// Adds one that is not there yet.
    pub(super) fn add(&mut self, digest: Digest, value: V) {
        self.all.push((digest, value));
        if let Some(places) = &mut self.places {
            places.entry(digest).or_insert(self.all.len() - 1);
        } else if self.all.len() > FEW {
            let places = self.all.iter().enumerate().map(|(at, (digest, _))| (*digest, at));
            self.places = Some(places.collect());
        }
    }
}

impl<V> Default for Marks<V> {
    fn default() -> Self {
        Self { all: Vec::new(), places: None }
    }
}

impl<V: PartialEq> PartialEq for Marks<V> {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
    }
}

impl<V: Serialize> Serialize for Marks<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(serializer)
    }
}

impl<'de, V: Deserialize<'de> + Copy> Deserialize<'de> for Marks<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut marks = Self::default();
        for (digest, value) in Vec::<(Digest, V)>::deserialize(deserializer)? {
            marks.add(digest, value);
        }
        Ok(marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::message::push_header;

    #[test]
    fn blanks_between_tokens_do_not_count_and_those_in_texts_do() {
        let content = |details: &str| Digest::of_content(Etat::Retard, details, &mut Vec::new());
        let compact = content(r#"{"a":"x \" y","b":[1,2]}"#);
        assert_eq!(content("{ \"a\" : \"x \\\" y\" ,\r\n\t\"b\":[1, 2] } "), compact);
        assert_ne!(content(r#"{"a":"x  \" y","b":[1,2]}"#), compact);
        assert_ne!(Digest::of_content(Etat::Depart, r#"{"a":"x \" y","b":[1,2]}"#, &mut Vec::new()), compact);
        for broken in ["\"", "\"\\", "\"a", "\\\""] {
            content(broken);
        }
    }

    #[test]
    fn the_senders_name_is_source_and_id_together() {
        let named = |headers: &[(&str, Option<&str>)]| {
            let mut block = Vec::new();
            for (name, value) in headers {
                push_header(&mut block, name.as_bytes(), value.map(str::as_bytes));
            }
            Digest::of_event_id(Headers::from_block(&block))
        };
        let one = named(&[("ce_source", Some("s")), ("ce_id", Some("1"))]);
        assert!(one.is_some());
        assert_eq!(named(&[("ce_id", Some("1")), ("x", None), ("ce_source", Some("s"))]), one);
        assert_ne!(named(&[("ce_source", Some("s1")), ("ce_id", Some(""))]), one);
        assert_ne!(named(&[("ce_id", Some("1"))]), one);
        for nameless in [&[][..], &[("ce_id", None)], &[("ce_id", Some(""))], &[("ce_source", Some("s"))]] {
            assert_eq!(named(nameless), None);
        }
    }

    #[test]
    fn few_and_many_are_found_alike() {
        let mut marks = Marks::default();
        let digest = |number: usize| Digest::of(&[&number.to_le_bytes()]);
        for number in 0..3 * FEW {
            assert_eq!(marks.get(digest(number)), None);
            marks.add(digest(number), number);
            assert!((0..=number).all(|one| marks.get(digest(one)) == Some(one)));
        }
        let json = serde_json::to_string(&marks).expect("it is JSON");
        let back: Marks<usize> = serde_json::from_str(&json).expect("our own");
        assert_eq!(back, marks);
        assert_eq!(back.get(digest(3)), Some(3));
        assert!(serde_json::from_str::<Marks<usize>>(&json.replace(['a', 'b'], "A")).is_err());
    }
}
