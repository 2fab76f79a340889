//! The proof that one line is in a trail, in the text of C2SP tlog-proof: with the line and the
//! public key it can be checked alone.

use thiserror::Error;

use super::chain::KeyChain;
use super::checkpoint::{CheckpointError, SignedCheckpoint};
use super::hash_text;
use super::key::parse_size;
use crate::base::tree::{Hash, check_inclusion, leaf_hash};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A proof of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProof {
    /// The number of the line, less 1.
    pub index: u64,
    /// From the sibling of the line's hash up to the root's child.
    pub path: Vec<Hash>,
    /// The checkpoint, a signed note, as it stands in the trail.
    pub checkpoint: String,
}

/// Why a proof does not prove.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// It is not built like one.
    #[error("it is no proof: line {line} of it is not what {HEADER} asks for")]
    Malformed {
        /// Counted from 1.
        line: usize,
    },
    /// Its checkpoint is not by the key.
    #[error("its checkpoint does not count: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// It is a proof for other bytes.
    #[error("the line is not line {line} of {origin}: the line, the proof or the checkpoint was changed")]
    NotIncluded {
        /// The number it would have, counted from 1.
        line: u64,
        /// The name of the trail.
        origin: String,
    },
}

impl LineProof {
    /// Reads the text of a proof; nothing is checked yet. An `extra` line is passed over.
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let malformed = |line: usize| move || ProofError::Malformed { line };
        let (head, checkpoint) = text.split_once("\n\n").ok_or_else(malformed(text.lines().count()))?;
        let mut lines = head.split('\n').enumerate().map(|(number, line)| (number + 1, line)).peekable();
        lines.next().filter(|(_, header)| *header == HEADER).ok_or_else(malformed(1))?;
        lines.next_if(|(_, line)| line.starts_with("extra "));
        let (number, index) = lines.next().ok_or_else(malformed(2))?;
        let index = index.strip_prefix("index ").and_then(parse_size).ok_or_else(malformed(number))?;
        let hash = |(number, line): (usize, &str)| hash_text::decode(line).ok_or_else(malformed(number));
        let path = lines.map(hash).collect::<Result<Vec<Hash>, _>>()?;
        Ok(Self { index, path, checkpoint: checkpoint.to_owned() })
    }

    /// The text of the proof.
    pub fn to_text(&self) -> String {
        let hashes: String = self.path.iter().map(|hash| format!("{}\n", hash_text::encode(hash))).collect();
        format!("{HEADER}\nindex {}\n{hashes}\n{}", self.index, self.checkpoint)
    }

    /// Checks that `line_without_lf` is the line that this proof is of, in a trail of one of these keys.
    ///
    /// # Errors
    /// See [`ProofError`].
    pub fn check(&self, line_without_lf: &[u8], keys: &KeyChain) -> Result<SignedCheckpoint, ProofError> {
        let (signed, _) = keys.read(self.checkpoint.as_bytes(), 0)?;
        let checkpoint = &signed.checkpoint;
        let leaf = leaf_hash(line_without_lf);
        if check_inclusion(self.index, checkpoint.size, leaf, &self.path, checkpoint.root) {
            Ok(signed)
        } else {
            let line = self.index.saturating_add(1);
            Err(ProofError::NotIncluded { line, origin: checkpoint.origin.clone() })
        }
    }
}
