//! The keys of a trail: Ed25519, named like the trail, in the texts of Go's `sumdb/note`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::checkpoint::Checkpoint;
use super::note::{Signature, is_key_name, signature_line};
use super::{chain, hash_text, note};
use crate::base::tree::Hash;

/// Ed25519 over the text of a note.
pub(super) const TYPE_NOTE: u8 = 0x01;
/// Ed25519 over the text and the time.
pub(super) const TYPE_COSIGNATURE: u8 = 0x04;

const PRIVATE: &str = "PRIVATE+KEY+";

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// It is not built like one.
    #[error("it is no key: expected <name>+<8 hex digits>+<base64>, after PRIVATE+KEY+ for a private one")]
    Malformed,
    /// It is of a kind that is not used here.
    #[error("it is no Ed25519 key (type 1)")]
    OtherType,
    /// Its digits are not those of its bytes: one of the two was changed.
    #[error("its eight hex digits do not belong to its bytes: it was damaged or changed")]
    OtherId,
    /// Its bytes are no point that could be anybody's public key.
    #[error("its bytes are no Ed25519 public key")]
    NoPoint,
}

/// The private key of a trail.
#[derive(Clone)]
pub struct SigningKey {
    origin: String,
    key: ed25519_dalek::SigningKey,
}

/// The public key of a trail: the text that somebody keeps to check it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    origin: String,
    key: ed25519_dalek::VerifyingKey,
}

impl SigningKey {
    /// The key that these 32 random bytes make, named `origin`.
    ///
    /// # Errors
    /// When `origin` is empty or holds white space or a `+`.
    pub fn from_seed(origin: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        if !is_key_name(origin) {
            return Err(KeyError::Malformed);
        }
        Ok(Self { origin: origin.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(&seed) })
    }

    /// Reads `tracker.events.key`, with or without its LF.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let (origin, id, seed) = parts(line.strip_prefix(PRIVATE).ok_or(KeyError::Malformed)?)?;
        let key = Self::from_seed(origin, seed)?;
        if key.verifier().key_id(TYPE_NOTE) == id { Ok(key) } else { Err(KeyError::OtherId) }
    }

    /// The text of `tracker.events.key`, one line with its LF. It is secret.
    pub fn to_text(&self) -> String {
        let id = self.verifier().key_id(TYPE_NOTE);
        format!("{PRIVATE}{}\n", join(&self.origin, id, self.key.as_bytes()))
    }

    /// The name of the trail and of this key.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Its public key.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { origin: self.origin.clone(), key: self.key.verifying_key() }
    }

    /// The note of a checkpoint, with both signature lines; `time_s` is in seconds since 1970-01-01 UTC.
    pub fn sign(&self, checkpoint: &Checkpoint, time_s: u64) -> String {
        let text = checkpoint.to_text();
        let plain = self.signature_line(&text);
        let signature = self.key.sign(cosigned(time_s, &text).as_bytes()).to_bytes();
        let timed = [time_s.to_be_bytes().as_slice(), &signature].concat();
        let key_id = self.verifier().key_id(TYPE_COSIGNATURE);
        format!("{text}\n{plain}{}", signature_line(&self.origin, key_id, &timed))
    }

    /// The note by which `new` takes over after `lines` lines with this `root`.
    pub fn sign_succession(&self, lines: u64, root: &Hash, new: &VerifierKey) -> String {
        let text = chain::succession_text(&self.origin, lines, root, new);
        format!("{text}\n{}", self.signature_line(&text))
    }

    /// The signature of a text as the third word of a signature line has it.
    pub(super) fn note_signature(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        note::signature_text(self.verifier().key_id(TYPE_NOTE), &signature)
    }

    fn signature_line(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        signature_line(&self.origin, self.verifier().key_id(TYPE_NOTE), &signature)
    }
}

impl fmt::Debug for SigningKey {
    /// Without the secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").field("verifier", &self.verifier().to_string()).finish_non_exhaustive()
    }
}

impl VerifierKey {
    /// Reads a verifier key, with or without a LF.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (origin, id, bytes) = parts(text.strip_suffix('\n').unwrap_or(text))?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::NoPoint)?;
        if key.is_weak() {
            return Err(KeyError::NoPoint);
        }
        let verifier = Self { origin: origin.to_owned(), key };
        if verifier.key_id(TYPE_NOTE) == id { Ok(verifier) } else { Err(KeyError::OtherId) }
    }

    /// The name of the trail and of this key.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn key_id(&self, kind: u8) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.origin)
            .chain_update([b'\n', kind])
            .chain_update(self.key.as_bytes())
            .finalize();
        let [first, second, third, fourth, ..] = Hash::from(hash);
        [first, second, third, fourth]
    }

    /// Whether a signature line says that it is by this key, in this way.
    pub(super) fn is_named_by(&self, kind: u8, signature: &Signature<'_>) -> bool {
        signature.name == self.origin && signature.key_id == self.key_id(kind)
    }

    /// Whether this key made `signature` of `text`.
    pub(super) fn made(&self, text: &str, signature: &[u8]) -> bool {
        let signature = ed25519_dalek::Signature::from_slice(signature);
        // Strict: no second spelling of a signature passes for it.
        signature.is_ok_and(|signature| self.key.verify_strict(text.as_bytes(), &signature).is_ok())
    }

    /// The time of a cosignature by this key of `text`, in seconds; `None` when it did not make it.
    pub(super) fn cosigned_at(&self, text: &str, signature: &[u8]) -> Option<u64> {
        let (time, signature) = signature.split_first_chunk::<8>()?;
        let time_s = u64::from_be_bytes(*time);
        self.made(&cosigned(time_s, text), signature).then_some(time_s)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&join(&self.origin, self.key_id(TYPE_NOTE), self.key.as_bytes()))
    }
}

/// What a cosignature covers.
fn cosigned(time_s: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

fn join(name: &str, id: [u8; 4], key: &Hash) -> String {
    let id = u32::from_be_bytes(id);
    let mut typed = vec![TYPE_NOTE];
    typed.extend_from_slice(key);
    format!("{name}+{id:08x}+{}", STANDARD.encode(typed))
}

/// Name, id and bytes.
fn parts(text: &str) -> Result<(&str, [u8; 4], Hash), KeyError> {
    let (name, rest) = text.split_once('+').ok_or(KeyError::Malformed)?;
    let (digits, base64) = rest.split_once('+').ok_or(KeyError::Malformed)?;
    let is_hex = digits.len() == 8 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hex || !is_key_name(name) {
        return Err(KeyError::Malformed);
    }
    let id = u32::from_str_radix(digits, 16).map_err(|_| KeyError::Malformed)?;
    let typed = STANDARD.decode(base64).map_err(|_| KeyError::Malformed)?;
    match typed.split_first() {
        Some((&TYPE_NOTE, key)) => {
            let key = key.try_into().map_err(|_| KeyError::Malformed)?;
            Ok((name, id.to_be_bytes(), key))
        }
        Some(_) => Err(KeyError::OtherType),
        None => Err(KeyError::Malformed),
    }
}

/// The topic in the name of a trail, `ordertrail/<topic>/<16 hex digits>`; `None` when it is no such name.
pub fn topic_of(origin: &str) -> Option<&str> {
    let (topic, digits) = origin.strip_prefix("ordertrail/")?.rsplit_once('/')?;
    (digits.len() == 16).then_some(topic)
}

/// A size as notes write it: decimal, no sign, no leading zero.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let size: u64 = text.parse().ok()?;
    (size.to_string() == text).then_some(size)
}

/// A root as notes write it.
pub(super) fn parse_root(text: &str) -> Option<Hash> {
    hash_text::decode(text)
}
