//! What a dashboard shows, figured out. Everything is ready to be drawn; words and numbers are for who draws.

use serde::Serialize;

use super::round::Silence;
use super::verdict::Verdict;

/// What a dashboard shows of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// When the last look was that saw anything, in milliseconds; `None` before the first.
    pub as_of_ms: Option<i64>,
    /// How the cluster does, in one word.
    pub verdict: Verdict,
    /// The cluster's own id.
    pub cluster_id: Option<String>,
    /// Brokers that are up, and those that are missing, by id.
    pub brokers: Vec<BrokerFigures>,
    /// Topics that are there, and those that went while it was watched, by name.
    pub topics: Vec<TopicFigures>,
    /// Groups that are there, and those that went, by lag, the longest first.
    pub groups: Vec<GroupFigures>,
    /// Sums.
    pub totals: Totals,
    /// Who did not answer in the last look.
    pub silences: Vec<Silence>,
}

/// Sums over a cluster; internal topics are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Messages that came, a second.
    pub messages_per_second: Option<f64>,
    /// Messages that no group may skip: the lags of all groups. Without markers.
    pub lag: Option<i64>,
    /// Offsets that hold a transaction's marker and that no reader ever gets.
    pub markers: i64,
    /// Partitions with fewer replicas in sync than they should have.
    pub under_replicated: usize,
    /// Partitions without a leader.
    pub leaderless: usize,
}

/// What a broker is known as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It keeps partitions.
    Broker,
    /// Each look named it as the controller as well.
    Controller,
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrokerFigures {
    /// Its number.
    pub id: i32,
    /// Where clients reach it; `None` of one that was never seen up.
    pub host: Option<String>,
    /// The port there.
    pub port: Option<u16>,
    /// What it is.
    pub role: Role,
    /// Since when it is missing; `None` when it is up.
    pub down_since_ms: Option<i64>,
    /// Partitions that it leads.
    pub leads: usize,
    /// Partitions that it should have.
    pub replicas: usize,
    /// Those that it has in sync.
    pub in_sync: usize,
}

/// Why a topic's row needs a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicNote {
    /// It is gone since this look.
    Deleted {
        /// When that was seen.
        since_ms: i64,
    },
    /// Some partitions have no leader.
    NoLeader {
        /// How many.
        partitions: usize,
    },
    /// Some partitions have fewer replicas in sync than they should.
    UnderReplicated {
        /// How many.
        partitions: usize,
    },
    /// Committed readers do not see so many records yet.
    OpenTransaction {
        /// Offsets behind the last stable one.
        hidden: i64,
    },
    /// It was written in transactions, whose markers take offsets.
    Transactional,
    /// Only the last value of each key is kept.
    Compacted,
    /// Nothing is in it.
    Empty,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopicFigures {
    /// Its name.
    pub name: String,
    /// Whether Kafka keeps its own records in it.
    pub is_internal: bool,
    /// How many partitions it has.
    pub partitions: usize,
    /// How many replicas each should have, the largest.
    pub replication_factor: usize,
    /// How many each has in sync, the fewest.
    pub in_sync: usize,
    /// The sum of the first offsets.
    pub first: Option<i64>,
    /// The sum of the ends.
    pub end: Option<i64>,
    /// How many offsets are between.
    pub messages: Option<i64>,
    /// Markers or compaction leave holes, or may: there are at most so many messages.
    pub is_at_most: bool,
    /// Messages that came, a second, over the last minute.
    pub in_per_second: Option<f64>,
    /// Messages that came in each of the last buckets, the oldest first; the last one is finished.
    pub history: Vec<Option<f64>>,
    /// How many groups read it.
    pub groups: usize,
    /// What is to be said of it, the gravest first.
    pub note: Option<TopicNote>,
}

/// Where a lag is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Too few looks, or nothing is known of its lag.
    Unknown,
    /// It grows.
    Grows,
    /// It falls.
    Falls,
    /// It stays as it is.
    Steady,
}

/// When a lag will be gone, if it goes on like this.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToZero {
    /// There is none.
    Done,
    /// After so many seconds.
    Seconds(f64),
    /// It grows.
    Never,
    /// Nobody knows: it is steady, or it was not watched for long enough.
    Unknown,
}

/// Who reads a group's partitions, as far as Kafka can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadBy {
    /// Members.
    Members,
    /// Nobody is a member, but its position moved: somebody assigns partitions by hand.
    ByHand,
    /// Nobody.
    Nobody,
    /// It is not known.
    Unknown,
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupFigures {
    /// Its name.
    pub group: String,
    /// As Kafka spells it; `Dead` of one that went.
    pub state: Option<String>,
    /// Whether it went while it was watched.
    pub is_gone: bool,
    /// Since when it is in this state, if that was seen.
    pub state_since_ms: Option<i64>,
    /// As Kafka spells it: `Classic` or `Consumer`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Who reads.
    pub read_by: ReadBy,
    /// Its members; `None` if they are not known.
    pub members: Option<Vec<MemberFigures>>,
    /// The topics that it reads, by name.
    pub topics: Vec<String>,
    /// Those of them that are not there any more.
    pub deleted_topics: Vec<String>,
    /// How far it is behind, as Kafka's own tool sums it up; `None` when no position is known.
    pub lag: Option<i64>,
    /// What of the lag is markers of transactions.
    pub markers: i64,
    /// What of the lag lies in a transaction that is still open.
    pub in_open_transaction: i64,
    /// Messages that its lag grows by each second; negative when it falls.
    pub slope: Option<f64>,
    /// Where its lag is going.
    pub trend: Trend,
    /// Whether it has been growing for a whole window.
    pub falls_behind: bool,
    /// When it will be done.
    pub to_zero: ToZero,
    /// Messages that come in what it reads, a second.
    pub in_per_second: Option<f64>,
    /// Messages that it reads, a second.
    pub read_per_second: Option<f64>,
    /// How old the oldest message is that it has not read, about, in seconds.
    pub behind_seconds: Option<f64>,
    /// Its lag at the end of each of the last buckets, the oldest first.
    pub history: Vec<Option<f64>>,
    /// Its partitions, by topic and number.
    pub partitions: Vec<PartitionLag>,
    /// When its coordinator last answered, in milliseconds.
    pub as_of_ms: i64,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberFigures {
    /// The id that the coordinator gave it.
    pub id: String,
    /// The name that it gave itself.
    pub client: String,
    /// From where it came.
    pub host: String,
    /// How many partitions it reads.
    pub partitions: usize,
}

/// How far a group is behind in one partition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartitionLag {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The next offset that it would read.
    pub committed: Option<i64>,
    /// The offset that the next message gets.
    pub end: Option<i64>,
    /// The difference.
    pub lag: Option<i64>,
    /// Messages that the lag grows by each second.
    pub slope: Option<f64>,
    /// Where the lag is going.
    pub trend: Trend,
    /// When it will be gone.
    pub to_zero: ToZero,
    /// What is behind is the marker of a transaction.
    pub is_marker: bool,
    /// Who reads it, by the place in the group's `members`.
    pub member: Option<usize>,
}
