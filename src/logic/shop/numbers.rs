//! The memory of order numbers: the last so many, with what each was used for.
//!
//! Numbers and contents are kept as digests, so the memory is as large for long numbers as for short ones. They are
//! written in blocks, one a transaction; a block whose last number was forgotten is deleted.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;
use sha2::{Digest as _, Sha256};

use super::effects::{Effects, Output};
use super::state::BlockRecord;

/// The room for so many is made at once: grown by doubling, the memory would hold what it had outgrown as well.
const PREPARED: usize = 100_000;

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
    /// Number and content, oldest first.
    used: VecDeque<(Short, Short)>,
    /// How many were forgotten before the first of `used`, counted around: each one's turn is so many more than its
    /// place.
    first_turn: u32,
    /// The turn of each number: four bytes where the numbers themselves would take them a second time.
    turns: HashTable<u32>,
    /// Keyed anew in each run: nobody can make numbers that fall into one place.
    hasher: RandomState,
    /// How many were used since the last close, also at the end of `used`.
    fresh: usize,
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
            used: VecDeque::with_capacity(limit.clamp(1, PREPARED)),
            first_turn: 0,
            turns: HashTable::new(),
            hasher: RandomState::new(),
            fresh: 0,
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
        let turn = self.turns.find(self.hasher.hash_one(number), |&turn| self.number(turn) == Some(number))?;
        self.at(*turn).map(|(_, content)| *content)
    }

    /// Notes that a number, which is not known, is used.
    pub(super) fn add(&mut self, number: Short, content: Short) {
        self.remember(number, content);
        self.fresh += 1;
    }

    fn remember(&mut self, number: Short, content: Short) {
        if self.used.len() == self.limit {
            self.forget_oldest();
        }
        // There are never so many that two have one turn: the limit is far below 2^32.
        let turn = self.first_turn.wrapping_add(u32::try_from(self.used.len()).unwrap_or(u32::MAX));
        self.used.push_back((number, content));
        let Self { used, first_turn, hasher, turns, .. } = self;
        let hash =
            |turn: &u32| used.get(turn.wrapping_sub(*first_turn) as usize).map_or(0, |(n, _)| hasher.hash_one(n));
        turns.insert_unique(hasher.hash_one(number), turn, hash);
    }

    fn forget_oldest(&mut self) {
        let is_written = self.fresh < self.used.len();
        let Some((oldest, _)) = self.used.pop_front() else { return };
        let turn = self.first_turn;
        self.first_turn = turn.wrapping_add(1);
        if is_written {
            self.forgotten += 1;
        } else {
            // Used and forgotten between two closes: no block will have it.
            self.fresh -= 1;
        }
        if let Ok(entry) = self.turns.find_entry(self.hasher.hash_one(oldest), |known| *known == turn) {
            entry.remove();
        }
    }

    fn at(&self, turn: u32) -> Option<&(Short, Short)> {
        self.used.get(turn.wrapping_sub(self.first_turn) as usize)
    }

    fn number(&self, turn: u32) -> Option<Short> {
        self.at(turn).map(|(number, _)| *number)
    }

    pub(super) fn len(&self) -> usize {
        self.used.len()
    }

    /// The first block that is needed to make this memory again, and the number of the next one.
    pub(super) fn block_range(&self) -> (u64, u64) {
        (self.blocks.front().map_or(self.next_block, |(block, _)| *block), self.next_block)
    }

    /// Writes what is new and deletes what is not needed any more.
    pub(super) fn close(&mut self, effects: &mut Effects) {
        if self.fresh > 0 {
            let block = self.next_block;
            let fresh = self.used.range(self.used.len() - self.fresh..);
            let value = effects.value(|json| BlockRecord::write(json, block, fresh));
            let key = BlockRecord::key(block);
            effects.push(Output::OrderNumbers, Some(key.as_bytes()), value, Default::default());
            self.blocks.push_back((block, self.fresh));
            self.next_block += 1;
            self.fresh = 0;
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
        self.used.iter().map(|(number, _)| *number).collect()
    }
}
