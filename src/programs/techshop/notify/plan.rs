//! What is to be delivered and how, and who decides which letters a message asks for.

use std::time::Duration;

use super::hands::Routes;
use super::teller::Teller;
use crate::base::message::Message;
use crate::doors::health::ServiceEvent;
use crate::doors::kafka::{Cluster, TopicInfo};
use crate::logic::letters::{Channel, Kind, Letter};
use crate::programs::techshop::Shop;
use crate::services::runtime::Service;

/// So many messages may wait when a repeat costs nothing.
pub(super) const MOST_WAITING: usize = 1_024;

/// So many when letters leave the house, where each may be repeated after a kill.
pub(super) const MOST_WAITING_OUTSIDE: usize = 256;

/// What a message asks for.
pub(crate) enum Reading {
    /// These letters; none is fine.
    Letters(Vec<Letter>),
    /// It cannot be read, so it is kept as a dead letter, of this channel and kind if that is known.
    Unfit(Option<(Channel, Kind)>, String),
}

/// Decides what messages ask for.
pub(crate) trait Clerk {
    /// What this one asks for.
    fn read(&mut self, message: &Message<'_>, teller: &mut Teller) -> Reading;

    /// Where the message stood first, and how often its letter was tried before.
    fn history(&self, topic: &str, message: &Message<'_>) -> (String, u32) {
        (format!("{topic}/{}@{}", message.partition, message.offset), 0)
    }

    /// Says now and then what was counted.
    fn summary(&mut self) -> Option<ServiceEvent> {
        None
    }
}

/// What is to be delivered, and how.
pub(crate) struct Plan<'a> {
    pub(crate) shop: &'a Shop<'a>,
    pub(crate) service: &'a Service,
    pub(crate) cluster: &'a Cluster,
    pub(crate) routes: &'a Routes,
    /// Names whoever leaves files in the outbox.
    pub(crate) owner: &'a str,
    pub(crate) group: &'a str,
    /// The transactional id.
    pub(crate) id: &'a str,
    pub(crate) topic: &'a TopicInfo,
    pub(crate) dead_letters: &'a str,
    pub(crate) retry_for: Duration,
    /// What is counted from the start.
    pub(crate) kinds: &'a [(Channel, Kind)],
    /// Whether it ends where the topic ended when it began.
    pub(crate) is_until_end: bool,
    /// Whether each letter is told on standard output.
    pub(crate) tells_letters: bool,
}

/// What a run has done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Done {
    pub(crate) handed_over: u64,
    pub(crate) given_up: u64,
}
