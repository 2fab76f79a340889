//! The two services, and where they differ.

use crate::tools::config::CommonArgs;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Orders material.
    WagonLits,
    /// Delivers it.
    DevMateriels,
}

impl Role {
    /// Its name in files, logs and messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WagonLits => "wagon-lits",
            Self::DevMateriels => "dev-materiels",
        }
    }

    /// What it sends.
    pub(super) fn sends(self) -> &'static str {
        match self {
            Self::WagonLits => "order",
            Self::DevMateriels => "update",
        }
    }

    /// Where its peer takes what it sends.
    pub(super) fn peer_path(self) -> &'static str {
        match self {
            Self::WagonLits => "/dev-materiels/orders",
            Self::DevMateriels => "/wagon-list/commands",
        }
    }

    /// The topic that it writes, with the prefix.
    pub(super) fn topic_out(self, common: &CommonArgs) -> String {
        common.built_in_topic(PREFIX, if self == Self::WagonLits { ORDERS } else { UPDATES })
    }

    /// The topic that it reads, with the prefix.
    pub(super) fn topic_in(self, common: &CommonArgs) -> String {
        common.built_in_topic(PREFIX, if self == Self::WagonLits { UPDATES } else { ORDERS })
    }

    /// As whose offsets its positions are published.
    pub(super) fn group(self) -> &'static str {
        match self {
            Self::WagonLits => "wagon-lits-consumer-server",
            Self::DevMateriels => "dev-materiels-consumer-server",
        }
    }
}

const PREFIX: &str = "supply.";
const ORDERS: &str = "orders";
const UPDATES: &str = "order-updates";
