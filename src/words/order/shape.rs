//! How the parts of an order are read where serde's own way is too lenient or too talkative.
//!
//! Serde reads a struct from an array too, and puts the whole text of a misplaced string into its
//! message, which a hostile payload can make megabytes long.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

const STRING: Unexpected<'static> = Unexpected::Other("string");
const ARRAY: Unexpected<'static> = Unexpected::Other("array");

/// Reads a JSON object, never an array, into `T`.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(ObjectVisitor(PhantomData))
}

/// Reads a JSON array of objects.
pub(super) fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(ObjectsVisitor(PhantomData))
}

/// Reads an integer that fits an `i64`; `2.0` is none.
pub(super) fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_any(WholeNumberVisitor)
}

/// Reads `true` or `false`.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    deserializer.deserialize_any(FlagVisitor)
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _array: A) -> Result<T, A::Error> {
        Err(A::Error::invalid_type(ARRAY, &self))
    }

    fn visit_str<E: Error>(self, _text: &str) -> Result<T, E> {
        Err(E::invalid_type(STRING, &self))
    }
}

/// An element of the array that [`ObjectsVisitor`] reads.
struct ObjectSeed<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for ObjectSeed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        object(deserializer)
    }
}

struct ObjectsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectsVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Vec<T>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element_seed(ObjectSeed(PhantomData))? {
            elements.push(element);
        }
        Ok(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, _object: A) -> Result<Vec<T>, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Other("object"), &self))
    }

    fn visit_str<E: Error>(self, _text: &str) -> Result<Vec<T>, E> {
        Err(E::invalid_type(STRING, &self))
    }
}

struct WholeNumberVisitor;

impl<'de> Visitor<'de> for WholeNumberVisitor {
    type Value = i64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::custom("number out of range"))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        // Integers beyond 64 bits arrive here as well; "floating point 1e20" would mislead.
        if number.abs() >= i64::MAX as f64 {
            return Err(E::custom("number out of range"));
        }
        Err(E::invalid_type(Unexpected::Float(number), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _array: A) -> Result<i64, A::Error> {
        Err(A::Error::invalid_type(ARRAY, &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, _object: A) -> Result<i64, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Other("object"), &self))
    }

    fn visit_str<E: Error>(self, _text: &str) -> Result<i64, E> {
        Err(E::invalid_type(STRING, &self))
    }
}

struct FlagVisitor;

impl<'de> Visitor<'de> for FlagVisitor {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("true or false")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<bool, E> {
        Ok(flag)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _array: A) -> Result<bool, A::Error> {
        Err(A::Error::invalid_type(ARRAY, &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, _object: A) -> Result<bool, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Other("object"), &self))
    }

    fn visit_str<E: Error>(self, _text: &str) -> Result<bool, E> {
        Err(E::invalid_type(STRING, &self))
    }
}
