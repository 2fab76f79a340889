//! The memory of order numbers: the last so many, with what each was used for.
//!
//! Numbers and contents are kept as digests, so the memory is as large for long numbers as for short ones. They are
//! written in blocks, one a transaction; a block whose last number was forgotten is deleted.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest as _, Sha256};

use super::effects::{Effects, Output};
use super::state::BlockRecord;

/// The first 128 bits of a SHA-256: nobody finds two texts that share them.
pub(super) type Short = u128;

/// The digest of some parts; those before the last must not be of the sender's making.
pub(super) fn digest(parts: &[&[u8]]) -> Short {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let hash: [u8; 32] = hash.finalize().into();
    hash.first_chunk::<16>().map_or(0, |first| Short::from_le_bytes(*first))
}

/// Numbers that were used in one transaction, each with its content, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Its own number: one more than that of the block before.
    pub block: u64,
    /// Number and content.
    pub entries: Vec<(u128, u128)>,
}

#[derive(Debug)]
pub(super) struct Numbers {
    limit: usize,
    contents: HashMap<Short, Short>,
    /// Oldest first.
    order: VecDeque<Short>,
    /// Those since the last close, also at the end of `order`.
    fresh: Vec<(Short, Short)>,
    /// Written blocks with how many of their numbers are remembered, oldest first.
    blocks: VecDeque<(u64, usize)>,
    /// How many numbers were forgotten that `blocks` still counts.
    forgotten: usize,
    next_block: u64,
}

impl Numbers {
    /// The memory as it was.
    pub(super) fn restore(blocks: Vec<Block>, next_block: u64, limit: usize) -> Self {
        let mut numbers = Self {
            limit: limit.max(1),
            contents: HashMap::new(),
            order: VecDeque::new(),
            fresh: Vec::new(),
            blocks: VecDeque::new(),
            forgotten: 0,
            next_block,
        };
        for Block { block, entries } in blocks {
            numbers.blocks.push_back((block, entries.len()));
            for (number, content) in entries {
                numbers.remember(number, content);
            }
        }
        numbers
    }

    /// What a number was used for.
    pub(super) fn content_of(&self, number: Short) -> Option<Short> {
        self.contents.get(&number).copied()
    }

    /// Notes that a number, which is not known, is used.
    pub(super) fn add(&mut self, number: Short, content: Short) {
        self.remember(number, content);
        self.fresh.push((number, content));
    }

    fn remember(&mut self, number: Short, content: Short) {
        self.contents.insert(number, content);
        self.order.push_back(number);
        while self.order.len() > self.limit {
            if let Some(oldest) = self.order.pop_front() {
                self.contents.remove(&oldest);
                self.forgotten += 1;
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The first block that is needed to make this memory again, and the number of the next one.
    pub(super) fn block_range(&self) -> (u64, u64) {
        (self.blocks.front().map_or(self.next_block, |(block, _)| *block), self.next_block)
    }

    /// Writes what is new and deletes what is not needed any more.
    pub(super) fn close(&mut self, effects: &mut Effects) {
        if !self.fresh.is_empty() {
            let block = self.next_block;
            let value = effects.value(|json| BlockRecord::write(json, block, &self.fresh));
            let key = BlockRecord::key(block);
            effects.push(Output::OrderNumbers, Some(key.as_bytes()), value, Default::default());
            self.blocks.push_back((block, self.fresh.len()));
            self.next_block += 1;
            self.fresh.clear();
        }
        while let Some((block, remembered)) = self.blocks.front_mut() {
            let gone = (*remembered).min(self.forgotten);
            *remembered -= gone;
            self.forgotten -= gone;
            if *remembered > 0 {
                break;
            }
            effects.bury(Output::OrderNumbers, BlockRecord::key(*block).as_bytes());
            self.blocks.pop_front();
        }
    }
}

#[cfg(test)]
impl Numbers {
    /// All that are remembered, oldest first.
    pub(super) fn order_of_use(&self) -> Vec<Short> {
        self.order.iter().copied().collect()
    }
}
