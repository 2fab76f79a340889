//! The words of travel requests: their events, read with reasons, and what can be judged of each.

mod etat;
mod event;
mod verdict;

pub use etat::{ALIAS, Etat};
pub use event::{Details, Event, LONGEST_ID_BYTES, is_id, write_event};
pub use verdict::{Refusal, Unreadable, Verdict};
