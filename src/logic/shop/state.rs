//! The records of topic `order-numbers`: how far was read, and the numbers that were used.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::numbers::Block;
use crate::base::position::Positions;

/// Bytes of one entry of a block: 16 of the number's digest, 16 of the content's.
const ENTRY_BYTES: usize = 32;

/// How far everything that is read was read. Its key is `position`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionRecord {
    /// Version of this shape.
    pub v: u32,
    /// Who wrote it: tells one run of `process` from another.
    pub owner: String,
    /// How many products topic `stock` has levels of.
    pub products: usize,
    /// The first block of numbers that is remembered.
    pub first_block: u64,
    /// The number of the next block.
    pub next_block: u64,
    /// By topic.
    pub positions: BTreeMap<String, Positions>,
}

/// Why a record of topic `order-numbers` cannot be read.
#[derive(Debug, Error)]
pub enum StateError {
    /// Not JSON of this shape.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// Made by a later version of this program.
    #[error("it has version {0}, which this program does not know")]
    Version(u32),
    /// The numbers are no base64 of whole entries.
    #[error("block {block} is damaged")]
    Block {
        /// Its number.
        block: u64,
    },
}

impl PositionRecord {
    /// Its key.
    pub const KEY: &'static [u8] = b"position";

    /// The version that this program writes.
    pub const VERSION: u32 = 1;

    pub(super) fn write(&self, json: &mut Vec<u8>) {
        // Texts and numbers cannot fail to serialise into memory.
        let written = serde_json::to_writer(json, self);
        debug_assert!(written.is_ok(), "{written:?}");
    }

    /// Reads a record's value.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn read(json: &[u8]) -> Result<Self, StateError> {
        let record: Self = serde_json::from_slice(json)?;
        if record.v == Self::VERSION { Ok(record) } else { Err(StateError::Version(record.v)) }
    }
}

/// Numbers that were used in one transaction. Its key is `block-<number>`.
#[derive(Debug, Serialize, Deserialize)]
pub struct BlockRecord {
    block: u64,
    count: usize,
    numbers: String,
}

impl BlockRecord {
    pub(super) fn key(block: u64) -> String {
        format!("block-{block}")
    }

    /// The number of the block with this key; `None` for another record's.
    pub fn number(key: &[u8]) -> Option<u64> {
        std::str::from_utf8(key.strip_prefix(b"block-")?).ok()?.parse().ok()
    }

    pub(super) fn write<'e>(json: &mut Vec<u8>, block: u64, entries: impl ExactSizeIterator<Item = &'e (u128, u128)>) {
        let count = entries.len();
        let mut packed = Vec::with_capacity(count * ENTRY_BYTES);
        for (number, content) in entries {
            packed.extend_from_slice(&number.to_le_bytes());
            packed.extend_from_slice(&content.to_le_bytes());
        }
        let numbers = STANDARD.encode(packed);
        // Texts and numbers cannot fail to serialise into memory.
        let written = serde_json::to_writer(json, &Self { block, count, numbers });
        debug_assert!(written.is_ok(), "{written:?}");
    }

    /// Reads a record's value.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn read(json: &[u8]) -> Result<Block, StateError> {
        let Self { block, count, numbers } = serde_json::from_slice(json)?;
        let damaged = || StateError::Block { block };
        let packed = STANDARD.decode(numbers).map_err(|_| damaged())?;
        let (entries, rest) = packed.as_chunks::<ENTRY_BYTES>();
        if entries.len() != count || !rest.is_empty() {
            return Err(damaged());
        }
        let half = |half: &[u8]| half.first_chunk::<16>().map_or(0, |bytes| u128::from_le_bytes(*bytes));
        let entry = |entry: &[u8; ENTRY_BYTES]| {
            let (number, content) = entry.split_at(ENTRY_BYTES / 2);
            (half(number), half(content))
        };
        Ok(Block { block, entries: entries.iter().map(entry).collect() })
    }
}
