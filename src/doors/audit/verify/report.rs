//! What a verification found.

use std::fmt;

use serde::Serialize;

use crate::words::seal::KeyChain;

/// What is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DamageKind {
    /// A line is wrong by itself, or does not follow the one before it in its partition.
    Line,
    /// Somewhere among these lines one was changed, removed, added or moved: together they do not
    /// make the root that was signed.
    Altered,
    /// Lines that were sealed or signed are not there.
    Missing,
    /// A segment is not what was noted when it was closed, or its note is damaged.
    Segment,
    /// The seal.
    Seal,
    /// A checkpoint.
    Checkpoint,
    /// The public keys.
    Keys,
    /// A checkpoint from elsewhere is not of this trail.
    Anchor,
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// What is damaged.
    pub kind: DamageKind,
    /// In which file of the folder.
    pub file: String,
    /// The line, or the first of the lines among which the damage is; counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_line: Option<u64>,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_line: Option<u64>,
    /// Where in the file it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    /// What is wrong, in words.
    pub what: String,
}

impl Damage {
    /// Damage of a whole file.
    pub(super) fn of_file(kind: DamageKind, file: &str, what: impl Into<String>) -> Self {
        Self { kind, file: file.to_owned(), first_line: None, last_line: None, byte: None, what: what.into() }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first_line, self.last_line) {
            (Some(first), Some(last)) if first < last => write!(formatter, "lines {first} to {last} (")?,
            (Some(line), _) => write!(formatter, "line {line} (")?,
            _ => {}
        }
        formatter.write_str(&self.file)?;
        if let Some(byte) = self.byte {
            write!(formatter, ", byte {byte}")?;
        }
        let end = if self.first_line.is_some() { ")" } else { "" };
        write!(formatter, "{end}: {}", self.what)
    }
}

/// Lines that are as they were signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SoundLines {
    /// The first, counted from 1.
    pub first: u64,
    /// The last: as many lines as a checkpoint says.
    pub last: u64,
    /// When that checkpoint was signed, seconds since 1970-01-01 UTC; absent when its signature could
    /// not be checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_s: Option<u64>,
}

/// The key that all signatures rest on: the first one that is trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustedKey {
    /// Its eight hex digits.
    pub id: String,
    /// Whether it was given, and not only read from the folder that it is to vouch for.
    pub is_given: bool,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing is damaged.
    pub is_sound: bool,
    /// The name of the trail, as its key tells it, or else its seal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// By which key it was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<TrustedKey>,
    /// All keys of the trail that it was judged by.
    #[serde(skip)]
    pub keys: Option<KeyChain>,
    /// Lines up to the end, archived ones too.
    pub lines: u64,
    /// Lines at the beginning that are not here, but stand behind the first root that was checked.
    pub archived_lines: u64,
    /// Lines that the seal covers.
    pub sealed_lines: u64,
    /// Lines that a good signature covers: those of the seal, or of the last checkpoint.
    pub covered_lines: u64,
    /// Whole lines after those.
    pub unsealed_lines: u64,
    /// Bytes of a last line without its LF.
    pub torn_bytes: u64,
    /// Length of the segments that are here.
    pub bytes: u64,
    /// How many segments are here.
    pub segments: usize,
    /// How many partitions have lines.
    pub partitions: usize,
    /// Valid messages among the lines that are here.
    pub valid: u64,
    /// Messages that were not what was expected.
    pub invalid: u64,
    /// Gap lines.
    pub gaps: u64,
    /// How many checkpoints have good signatures.
    pub checkpoints: u64,
    /// The lines of the last of them.
    pub signed_lines: u64,
    /// When it was signed, seconds since 1970-01-01 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_s: Option<u64>,
    /// What is damaged, the first line first; of lines and of checkpoints at most
    /// [`Report::MOST_DAMAGES`] each.
    pub damages: Vec<Damage>,
    /// How many more there are.
    pub more_damages: u64,
    /// What is sound in spite of it: the lines before the first damage, then stretches after it.
    pub sound: Vec<SoundLines>,
    /// What is worth knowing and no damage.
    pub information: Vec<String>,
}

impl Report {
    /// More are only counted.
    pub const MOST_DAMAGES: usize = 100;
}
