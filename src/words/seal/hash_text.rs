//! A hash as text: base64, standard alphabet, padded. In memory it is always its 32 bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

use crate::base::tree::Hash;

/// The text of a hash.
pub(super) fn encode(hash: &Hash) -> String {
    STANDARD.encode(hash)
}

/// The hash of a text; `None` when it is no base64 of 32 bytes in its one spelling.
pub(super) fn decode(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

pub(super) fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&encode(hash))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
    let text = String::deserialize(deserializer)?;
    decode(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is no hash in base64")))
}

/// The same for a list of them.
pub(super) mod list {
    use super::{Hash, decode, encode};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(in super::super) fn serialize<S: Serializer>(hashes: &[Hash], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(hashes.iter().map(encode))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Hash>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let hashes: Option<Vec<Hash>> = texts.iter().map(|text| decode(text)).collect();
        hashes.ok_or_else(|| D::Error::custom("one of the hashes is no hash in base64"))
    }
}
