//! Messages by second and by minute.

/// Messages of one span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// All of them.
    pub(super) received: u32,
    /// Of these, what was not expected.
    pub(super) invalid: u32,
}

/// Messages by second for at least an hour, and by minute for at least a day, before the newest of them. They may come in
/// any order of time.
#[derive(Clone, Debug)]
pub struct Buckets {
    seconds: Ring,
    minutes: Ring,
    complete_since_ms: Option<i64>,
}

#[derive(Clone, Debug)]
struct Ring {
    span_ms: i64,
    /// Each with its number since 1970, at the place of that number's remainder.
    slots: Vec<(i64, Count)>,
}
