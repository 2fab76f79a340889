//! The order, its menu and its checks.
