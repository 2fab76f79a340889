//! Figures and positions as one text, so that they are kept and lost together.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::Figures;
use crate::base::position::Positions;

/// What a snapshot begins with, so that it is not taken for something else.
const KIND: &str = "techshop-analytics";

/// The version of the shape that is written.
const VERSION: u32 = 1;

/// Figures, and up to where each topic was read for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// By topic.
    pub positions: BTreeMap<String, Positions>,
    /// What was counted up to there.
    pub figures: Figures,
}

/// Why a text is no snapshot.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SnapshotError {
    /// Something else.
    #[error("it is no snapshot of the shop's analytics")]
    Foreign,
    /// Of a later version of this program.
    #[error("it has version {0}, which this program does not know")]
    Version(u32),
    /// It was one, and is damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Shape<'a> {
    kind: Cow<'a, str>,
    version: u32,
    positions: Cow<'a, BTreeMap<String, Positions>>,
    figures: Cow<'a, Figures>,
}

/// What every version has.
#[derive(Deserialize)]
struct Head {
    kind: String,
    version: u32,
}

impl Snapshot {
    /// One line of JSON, and one with its digest.
    pub fn write(positions: &BTreeMap<String, Positions>, figures: &Figures) -> Vec<u8> {
        let shape = Shape {
            kind: KIND.into(),
            version: VERSION,
            positions: Cow::Borrowed(positions),
            figures: Cow::Borrowed(figures),
        };
        // Texts, numbers and maps with keys that are both: nothing that has no JSON.
        let mut text = serde_json::to_vec(&shape).unwrap_or_default();
        let digest = digest(&text);
        text.push(b'\n');
        text.extend_from_slice(digest.as_bytes());
        text.push(b'\n');
        text
    }

    /// Reads it back.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn read(text: &[u8]) -> Result<Self, SnapshotError> {
        let damaged = |reason: &str| SnapshotError::Damaged(reason.to_owned());
        let is_ours = text.starts_with(format!("{{\"kind\":\"{KIND}\"").as_bytes());
        if !is_ours {
            return Err(SnapshotError::Foreign);
        }
        let end = memchr::memchr(b'\n', text).ok_or_else(|| damaged("its end is missing"))?;
        let (json, rest) = text.split_at(end);
        if rest != format!("\n{}\n", digest(json)).as_bytes() {
            return Err(damaged("its digest does not agree"));
        }
        let head: Head = serde_json::from_slice(json).map_err(|error| damaged(&error.to_string()))?;
        if head.version != VERSION || head.kind != KIND {
            return Err(SnapshotError::Version(head.version));
        }
        let shape: Shape<'_> = serde_json::from_slice(json).map_err(|error| damaged(&error.to_string()))?;
        Ok(Self { positions: shape.positions.into_owned(), figures: shape.figures.into_owned() })
    }
}

fn digest(json: &[u8]) -> String {
    let bytes = Sha256::digest(json);
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{}", digits.concat())
}
