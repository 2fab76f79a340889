//! What an [`Inlet`](super::Inlet) brings.

use super::batch::MessageBatch;

/// One thing that was read or learnt.
#[derive(Debug)]
pub enum Inflow {
    /// Messages; ask [`Inlet::take`](super::Inlet::take) about each, and give the batch back with
    /// [`Inlet::recycle`](super::Inlet::recycle).
    Messages(MessageBatch),
    /// Offsets that were never read are gone: retention was faster, or the log was cut and grew again.
    Lost {
        /// Which partition.
        partition: i32,
        /// The first that is gone.
        from: i64,
        /// Where reading goes on.
        to: i64,
    },
    /// The log was cut behind the position: what stands there now is read as new.
    Cut {
        /// Which partition.
        partition: i32,
        /// Where reading stood.
        from: i64,
        /// Where it goes on.
        to: i64,
    },
    /// The topic is another one of the same name now, and is read from its beginning.
    NewTopic,
    /// No broker can be reached.
    BrokerLost {
        /// Why, as far as the client knows.
        reason: String,
    },
    /// A broker can be reached again.
    BrokerBack,
    /// A batch cannot be read, and its partition waits there: nothing is passed over. Told once.
    Unreadable {
        /// Which partition.
        partition: i32,
        /// The first offset of the batch.
        offset: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// All partitions that waited so have gone on.
    Readable,
    /// Something else failed; it goes on by itself.
    Trouble {
        /// What was said.
        reason: String,
    },
    /// A sign of life of the cluster: ends were told.
    Ends,
}
