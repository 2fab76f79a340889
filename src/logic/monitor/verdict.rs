//! Is it healthy? The thresholds, the score, and the one cause that stands above the others.

use super::input::ProcessState;

/// A share in hundredths of a percent, 0 to 10,000, cut and never rounded up: 10,000 means all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

/// How good the share of valid messages is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SuccessState {
    /// From 95 %.
    Excellent,
    /// From 80 %.
    Good,
    /// Below.
    Critical,
}

/// How good the throughput is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThroughputState {
    /// From 0.3/s.
    Normal,
    /// From 0.1/s.
    Low,
    /// Below.
    Stopped,
}

/// How long ago the newest error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorState {
    /// None within 5 min.
    None,
    /// None within 1 min.
    Recent,
    /// One within 1 min.
    Active,
}

/// What the score is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QualityWord {
    /// From 90.
    Excellent,
    /// From 70.
    Good,
    /// From 50.
    Fair,
    /// Below.
    Poor,
}

/// The shape before a word: `●`, `▲`, `■`, `…`, `○`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// `●`: all is well.
    Good,
    /// `▲`: somebody should look.
    Warn,
    /// `■`: it is bad.
    Bad,
    /// `…`: not known yet.
    Pending,
    /// `○`: neither good nor bad.
    Neutral,
}

/// Is it healthy, and why not.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The shape.
    pub sign: Sign,
    /// What it comes from, with the word.
    pub cause: Cause,
}

/// What a verdict comes from, the gravest first. Moments are milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// A tracker that runs by its log wrote nothing for 2.5 of its intervals.
    NoSignOfLife {
        /// How long it has been silent, in milliseconds.
        silent_ms: i64,
        /// How often it would write, in milliseconds.
        interval_ms: i64,
        /// What `tracker.pid` says.
        process: ProcessState,
        /// Partition and offset of the newest line of the trail.
        last: Option<(i32, i64)>,
    },
    /// It ended because it could not go on.
    Failed {
        /// When.
        at_ms: i64,
        /// Why.
        error: Option<String>,
    },
    /// It stopped as it was asked to.
    Stopped {
        /// When.
        at_ms: i64,
        /// How many lines were sealed then.
        sealed_lines: Option<u64>,
    },
    /// A file is there and cannot be read.
    FileRefused {
        /// Whether it is the trail, else the log.
        is_events: bool,
        /// What the operating system said.
        reason: String,
    },
    /// Messages could not be had, less than 5 minutes ago.
    Gap {
        /// When.
        at_ms: i64,
        /// Which partition.
        partition: i32,
        /// The first missing offset.
        from: i64,
        /// Where reading went on.
        to: i64,
    },
    /// The tracker waits for room.
    DiskFull {
        /// Since when.
        since_ms: i64,
        /// How much is free.
        free_bytes: Option<u64>,
        /// What waits in Kafka.
        lag: Option<u64>,
    },
    /// The tracker waits for a broker.
    BrokerLost {
        /// Since when.
        since_ms: i64,
        /// Which.
        brokers: Option<String>,
        /// What it said.
        error: Option<String>,
    },
    /// The tracker waits for its topic, which does not come back by itself.
    TopicMissing {
        /// Since when.
        since_ms: i64,
        /// Which.
        topic: Option<String>,
        /// What the cluster said.
        error: Option<String>,
    },
    /// A run that does not read yet: it reads its own trail, or waits for Kafka.
    Starting {
        /// Since when.
        since_ms: i64,
        /// What it last said is in its way.
        error: Option<String>,
    },
    /// A partition waits before a batch that cannot be read, and others may go on.
    BatchUnreadable {
        /// Since when.
        since_ms: i64,
        /// The one that waits longest.
        partition: i32,
        /// Where the batch begins.
        offset: Option<i64>,
        /// What is wrong with it.
        error: Option<String>,
    },
    /// Only a tracker is there that waits for another one to go.
    Standby {
        /// Its process.
        pid: Option<u32>,
        /// Whom it waits for.
        holder: Option<String>,
    },
    /// The trail is not there.
    NoTrail {
        /// Since when, if it was there before.
        gone_since_ms: Option<i64>,
    },
    /// The trail holds no message yet.
    NoMessage,
    /// Lines of the trail do not parse.
    Unreadable {
        /// How many.
        lines: u64,
        /// Where the newest known one begins.
        byte: Option<u64>,
        /// Where a last line without its end begins.
        torn_byte: Option<u64>,
    },
    /// The trail is still being counted.
    Counting {
        /// How much is done, 0 to 100.
        percent: Option<u8>,
    },
    /// The worst of the three.
    Health {
        /// Valid messages.
        success: Option<SuccessState>,
        /// Messages a second.
        throughput: Option<ThroughputState>,
        /// Errors.
        errors: Option<ErrorState>,
        /// How long no message has come, in milliseconds.
        idle_ms: Option<i64>,
        /// What waits in Kafka.
        lag: Option<u64>,
    },
}

impl Percent {
    /// Not one.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(10_000);

    /// `part` of `whole`, cut; `None` of nothing.
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        let hundredths = u128::from(part.min(whole)).checked_mul(10_000)?.checked_div(u128::from(whole))?;
        u32::try_from(hundredths).ok().map(Self)
    }

    /// So many hundredths of a percent, at most all.
    pub fn from_hundredths(hundredths: u32) -> Self {
        Self(hundredths.min(10_000))
    }

    /// Hundredths of a percent, 0 to 10,000.
    pub fn hundredths(self) -> u32 {
        self.0
    }
}

impl SuccessState {
    /// That of a share.
    pub fn of(success: Percent) -> Self {
        match success.hundredths() {
            9_500.. => Self::Excellent,
            8_000.. => Self::Good,
            _ => Self::Critical,
        }
    }
}

impl ThroughputState {
    /// That of a rate.
    pub fn of(per_second: f64) -> Self {
        match per_second {
            0.3.. => Self::Normal,
            0.1.. => Self::Low,
            _ => Self::Stopped,
        }
    }
}

impl ErrorState {
    /// That of the newest error's age in milliseconds; `None` without one.
    pub fn of(newest_age_ms: Option<i64>) -> Self {
        match newest_age_ms {
            Some(..60_000) => Self::Active,
            Some(..300_000) => Self::Recent,
            _ => Self::None,
        }
    }
}

impl QualityWord {
    /// That of a score.
    pub fn of(score: u32) -> Self {
        match score {
            90.. => Self::Excellent,
            70.. => Self::Good,
            50.. => Self::Fair,
            _ => Self::Poor,
        }
    }
}

impl SuccessState {
    /// Its shape.
    pub fn sign(self) -> Sign {
        match self {
            Self::Excellent => Sign::Good,
            Self::Good => Sign::Warn,
            Self::Critical => Sign::Bad,
        }
    }
}

impl ThroughputState {
    /// Its shape.
    pub fn sign(self) -> Sign {
        match self {
            Self::Normal => Sign::Good,
            Self::Low => Sign::Warn,
            Self::Stopped => Sign::Bad,
        }
    }
}

impl ErrorState {
    /// Its shape.
    pub fn sign(self) -> Sign {
        match self {
            Self::None => Sign::Good,
            Self::Recent => Sign::Warn,
            Self::Active => Sign::Bad,
        }
    }
}
