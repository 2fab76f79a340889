//! Exact decimal money.
