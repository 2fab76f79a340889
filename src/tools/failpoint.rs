//! Moments at which a test wants a process to die as `kill -9` would end it: between two steps that belong together.
//!
//! For tests alone. `ORDERTRAIL_FAILPOINT=NAME` ends the process when it comes to that moment, `NAME:3` when it does for
//! the third time. Without the variable a moment costs one look at what was read of it at the start.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the process is to die.
struct Plan {
    name: String,
    /// So many times it passes, this one included.
    left: AtomicU64,
}

impl Plan {
    fn read(text: &str) -> Self {
        let (name, count) = text.split_once(':').unwrap_or((text, "1"));
        Self { name: name.to_owned(), left: AtomicU64::new(count.parse().unwrap_or(1)) }
    }

    /// Whether this is the moment.
    fn is_due(&self, name: &str) -> bool {
        self.name == name && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

/// The process has come to this moment: it dies here when it is to.
pub fn failpoint(name: &str) {
    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    let plan = PLAN.get_or_init(|| std::env::var("ORDERTRAIL_FAILPOINT").ok().map(|text| Plan::read(&text)));
    if plan.as_ref().is_some_and(|plan| plan.is_due(name)) {
        // Nothing is unwound, flushed or closed.
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_is_the_one_that_was_named() {
        let plan = Plan::read("b:2");
        let due: Vec<bool> = ["a", "b", "a", "b", "b"].iter().map(|name| plan.is_due(name)).collect();
        assert_eq!(due, [false, false, false, true, false]);
        assert!(Plan::read("a").is_due("a"));
        failpoint("nobody has asked for this");
    }
}
