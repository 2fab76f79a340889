//! The `producer` command.
fn main() {}
