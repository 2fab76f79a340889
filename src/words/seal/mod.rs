//! What stands beside `tracker.events` and makes it evidence: the seal, the signed checkpoints, the
//! keys, the closed segments, the index, and the proof of one line. Each text is defined here and
//! nowhere else, as `docs/formats.md` says under "Beside it". Pure: the bytes of a new key and the
//! time of a signature come from outside.

mod chain;
mod checkpoint;
mod hash_text;
mod key;
mod note;
mod proof;
mod published;
mod state;

pub use chain::{ChainError, KeyChain, SealSignatureError, Succession};
pub use checkpoint::{Checkpoint, CheckpointError, Notes, SignedCheckpoint, StoredNote};
pub use key::{KeyError, SigningKey, VerifierKey, topic_of};
pub use proof::{LineProof, ProofError};
pub use published::{HeldTo, PublishedCheckpoint, PublishedText, hold_to_published, newest_published};
pub use state::{IndexEntry, Seal, SealError, SealedPosition, SealedSegment, SegmentEntry, Tail};

#[cfg(test)]
mod tests;
