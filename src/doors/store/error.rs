//! What can go wrong with a store.

use thiserror::Error;

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoreError {
    /// The disk or the file fails.
    #[error("the store failed: {0}")]
    Failed(String),
    /// Too many wait to be written; nothing was changed.
    #[error("the store is busy")]
    Busy,
    /// It is closed, or has failed before: nothing more is written.
    #[error("the store is closed")]
    Closed,
    /// What it holds is not what was put into it.
    #[error("the store holds what makes no sense: {0}")]
    Damaged(String),
}

impl StoreError {
    pub(super) fn of(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}
