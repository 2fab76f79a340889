//! How the C library keeps memory for librdkafka, which takes a piece of it for each message, on one thread, and gives it
//! back on another.

use std::sync::Once;

/// So much that is free stays with the process: less of it would be given back to the system and cleared anew by it again
/// and again, which was a twelfth of the CPU of `techshop process`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_FREE_BYTES: libc::c_int = 16 << 20;

/// Pieces up to this size are kept as well for whoever sends: a batch of a megabyte, and what it is compressed from, has
/// more than one of them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_PIECE_BYTES: libc::c_int = 4 << 20;

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

/// Keeps also large pieces, for a producer of much; once in a process.
///
/// By itself glibc learns how large those are that come again and again, and keeps them; it stops learning as soon as it
/// is told anything, as [`settle`] does. Then each batch is memory of its own from the system, cleared by it: the producer
/// took 4.4 µs of CPU for an order instead of 3.0, and reached three quarters of its rate. Who reads is better off without:
/// a tracker that keeps them takes a tenth less CPU and 11 MiB more.
pub(in crate::doors::kafka) fn keep_large_pieces() {
    static KEPT: Once = Once::new();
    KEPT.call_once(|| {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        // SAFETY: as in `settle`.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_PIECE_BYTES);
        }
    });
}
