//! Tables: bytes by bytes, in the order of their keys.

use std::ops::Bound;

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata as _, TableDefinition, WriteTransaction};

use super::error::StoreError;

/// A table by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table(pub &'static str);

impl Table {
    pub(super) fn definition(self) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
        TableDefinition::new(self.0)
    }
}

/// A key with its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// From which side a range is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Smallest key first.
    First,
    /// Greatest key first.
    Last,
}

/// Bounds of keys.
type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// What can be read.
pub trait Reading {
    /// The value of a key.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// At most `limit` rows between two keys, from one side.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    fn range(&self, table: Table, bounds: Bounds<'_>, side: Side, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// How many rows a table has.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    fn count(&self, table: Table) -> Result<u64, StoreError>;

    /// All rows whose key begins with `prefix`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    fn beginning(&self, table: Table, prefix: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        // Up to the first key behind all that begin so: the rows of others would be copied only to be dropped.
        let mut end = prefix.to_vec();
        while end.last() == Some(&u8::MAX) {
            end.pop();
        }
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        let end = if end.is_empty() { Bound::Unbounded } else { Bound::Excluded(end.as_slice()) };
        self.range(table, (Bound::Included(prefix), end), Side::First, limit)
    }
}

/// What was in a store at one moment.
pub struct View {
    transaction: ReadTransaction,
}

impl View {
    pub(super) fn new(transaction: ReadTransaction) -> Self {
        Self { transaction }
    }
}

impl Reading for View {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get(&self.transaction.open_table(table.definition()).map_err(StoreError::of)?, key)
    }

    fn range(&self, table: Table, bounds: Bounds<'_>, side: Side, limit: usize) -> Result<Vec<Row>, StoreError> {
        range(&self.transaction.open_table(table.definition()).map_err(StoreError::of)?, bounds, side, limit)
    }

    fn count(&self, table: Table) -> Result<u64, StoreError> {
        self.transaction.open_table(table.definition()).map_err(StoreError::of)?.len().map_err(StoreError::of)
    }
}

/// A change that is being made. It sees what it has changed.
pub struct Change<'a> {
    transaction: &'a WriteTransaction,
}

impl<'a> Change<'a> {
    pub(super) fn new(transaction: &'a WriteTransaction) -> Self {
        Self { transaction }
    }

    /// Puts a value in the place of whatever the key had.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be written.
    pub fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let mut table = self.transaction.open_table(table.definition()).map_err(StoreError::of)?;
        table.insert(key, value).map(drop).map_err(StoreError::of)
    }

    /// Takes a key out; whether it was there.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be written.
    pub fn remove(&self, table: Table, key: &[u8]) -> Result<bool, StoreError> {
        let mut table = self.transaction.open_table(table.definition()).map_err(StoreError::of)?;
        let was = table.remove(key).map_err(StoreError::of)?;
        Ok(was.is_some())
    }
}

impl Reading for Change<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get(&self.transaction.open_table(table.definition()).map_err(StoreError::of)?, key)
    }

    fn range(&self, table: Table, bounds: Bounds<'_>, side: Side, limit: usize) -> Result<Vec<Row>, StoreError> {
        range(&self.transaction.open_table(table.definition()).map_err(StoreError::of)?, bounds, side, limit)
    }

    fn count(&self, table: Table) -> Result<u64, StoreError> {
        self.transaction.open_table(table.definition()).map_err(StoreError::of)?.len().map_err(StoreError::of)
    }
}

type Bytes = &'static [u8];

fn get(table: &impl ReadableTable<Bytes, Bytes>, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let found = table.get(key).map_err(StoreError::of)?;
    Ok(found.map(|value| value.value().to_vec()))
}

fn range(
    table: &impl ReadableTable<Bytes, Bytes>,
    bounds: Bounds<'_>,
    side: Side,
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let mut rows = table.range::<&[u8]>(bounds).map_err(StoreError::of)?;
    let mut found = Vec::new();
    while found.len() < limit {
        let row = match side {
            Side::First => rows.next(),
            Side::Last => rows.next_back(),
        };
        let Some(row) = row else { break };
        let (key, value) = row.map_err(StoreError::of)?;
        found.push((key.value().to_vec(), value.value().to_vec()));
    }
    Ok(found)
}
