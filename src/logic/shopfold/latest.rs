//! The last things that topics tell, in the order in which they were written.
//!
//! Partitions are read one after another where much is there: in the order of reading, all that one partition tells
//! would be newer than all that another does, and what is kept would depend on how they were mixed.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::recent::Spot;

/// So many are remembered.
pub(super) const MOST: usize = 20_000;

/// Something that one message tells.
pub trait Told {
    /// When it was written, which of several topics tells it, and where: no other thing has the same.
    fn place(&self) -> (Option<i64>, u8, Spot);
}

/// The last so many, oldest first, however the messages of partitions and topics were mixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest<T>(BTreeMap<(Option<i64>, u8, Spot), T>);

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Latest<T> {
    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.0.values()
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.0.retain(|_, one| keep(one));
    }
}

impl<T: Told> Latest<T> {
    pub(super) fn push(&mut self, one: T) {
        self.0.insert(one.place(), one);
        if self.0.len() > MOST {
            self.0.pop_first();
        }
    }
}

/// As a list: the places stand in what it holds.
impl<T: Serialize> Serialize for Latest<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.values())
    }
}

impl<'de, T: Told + Deserialize<'de>> Deserialize<'de> for Latest<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<T>::deserialize(deserializer)?;
        Ok(Self(list.into_iter().map(|one| (one.place(), one)).collect()))
    }
}
