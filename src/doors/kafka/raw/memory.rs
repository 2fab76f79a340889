//! How the C library keeps memory for librdkafka, which takes a piece of it for each message, on one thread, and gives it
//! back on another.

use std::sync::Once;

/// So much that is free stays with the process: less of it would be given back to the system and cleared anew by it again
/// and again, which was a twelfth of the CPU of `techshop process`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_FREE_BYTES: libc::c_int = 16 << 20;

/// The system is asked for so much at a time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ASKED_FOR_BYTES: libc::c_int = 1 << 20;

/// Sets it up, once in a process; to be called before there are clients. Where the C library is another one than glibc it
/// keeps its own ways, which cost memory or time and nothing else.
///
/// One heap for all threads: with one for each, as usual, what one thread has freed is of no use to the others, and a
/// tracker had 8 MiB more.
pub(in crate::doors::kafka) fn settle() {
    static SETTLED: Once = Once::new();
    SETTLED.call_once(|| {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        // SAFETY: these take two numbers each, and may be called at any time by any thread. What they answer does not
        // matter: a refusal leaves things as they are.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, 1);
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_FREE_BYTES);
            libc::mallopt(libc::M_TOP_PAD, ASKED_FOR_BYTES);
        }
    });
}
