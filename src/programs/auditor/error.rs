//! Why an `audit` command failed, and with which exit code.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::doors::audit::KeysError;
use crate::doors::audit::read::ReadError;
use crate::doors::audit::verify::{ProveError, VerifyError};
use crate::doors::kafka::ClusterError;
use crate::services::output::OutputError;
use crate::tools::config::SettingsError;
use crate::tools::exit::Exit;
use crate::tools::shown::size;

/// Why an `audit` command failed.
#[derive(Debug, Error)]
pub enum AuditError {
    /// A flag does not take its value, or does not go with another.
    #[error("{reason}")]
    Usage {
        /// Which, and what it takes.
        reason: String,
    },
    /// A trail cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The folders hold trails of different topics.
    #[error(
        "{one} is a trail of topic {}, {other} one of {}: pass --dir folders of one topic",
        .topics[0], .topics[1], one = .dirs[0].display(), other = .dirs[1].display()
    )]
    OtherTopic {
        /// The two topics.
        topics: [String; 2],
        /// Where they are.
        dirs: [PathBuf; 2],
    },
    /// A trail cannot be verified.
    #[error(transparent)]
    Verify(VerifyError),
    /// A line cannot be proven.
    #[error(transparent)]
    Prove(ProveError),
    /// The keys cannot be changed.
    #[error(transparent)]
    Keys(KeysError),
    /// The operating system gives no random bytes for a key.
    #[error("cannot get random bytes for a key: {reason}")]
    Random {
        /// What it said.
        reason: String,
    },
    /// A file that was named cannot be read.
    #[error(
        "cannot read {path}: {source}; pass a regular file of at most {most} (what comes from a pipe must be in a file \
         first)",
        path = .path.display(), most = size(*.most_bytes)
    )]
    NamedInput {
        /// The file.
        path: PathBuf,
        /// What the operating system said, or what it is.
        source: io::Error,
        /// What it may have.
        most_bytes: u64,
    },
    /// A file that was named cannot be written.
    #[error("cannot write {path}: {source}; pass --output with a file that can be written", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// No line is what was asked for.
    #[error("{reason}")]
    NotFound {
        /// What was asked for, and what there is.
        reason: String,
    },
    /// It would lose or change something: nothing was done.
    #[error("{reason}")]
    Refused {
        /// What, and what to do about it.
        reason: String,
    },
    /// The Kafka settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The cluster cannot be used.
    #[error(transparent)]
    Cluster(ClusterError),
    /// A stop was asked for before everything was read: a part tells nothing of the whole.
    #[error("stopped before the end, with {read} of {all} read: {left}", read = size(*.read_bytes), all = size(*.all_bytes))]
    Stopped {
        /// What was read of the trails, of which a selection may not need all.
        read_bytes: u64,
        /// What the trails have.
        all_bytes: u64,
        /// What was not done.
        left: &'static str,
    },
    /// A stop was asked for while a trail was compared with Kafka.
    #[error("stopped before the end of the comparison with Kafka: nothing is said of what was not compared")]
    NotCompared,
    /// A stop was asked for while it was written.
    #[error("stopped before the end: there is more than was written")]
    Incomplete,
    /// Standard output cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl<E: Into<ClusterError>> From<E> for AuditError {
    fn from(error: E) -> Self {
        Self::Cluster(error.into())
    }
}

impl AuditError {
    /// An error of writing to standard output.
    pub(super) fn output(source: io::Error) -> Self {
        Self::Output(source.into())
    }

    /// Whether only the reader of standard output has gone, as `| head` does: no failure.
    pub fn is_quiet_end(&self) -> bool {
        matches!(self, Self::Output(error) if error.is_quiet_end())
    }

    /// Whether it is only a stop that was asked for.
    pub(super) fn is_stop(&self) -> bool {
        match self {
            Self::Cluster(error) => error.is_stop(),
            Self::Stopped { .. } | Self::NotCompared | Self::Incomplete => true,
            _ => false,
        }
    }

    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Prove(ProveError::Damaged) => Exit::Damaged,
            // One that was stopped too: who reads 0 takes the trail for sound.
            Self::Verify(_) | Self::Prove(_) | Self::Keys(_) => Exit::Failed,
            Self::Random { .. } | Self::NamedInput { .. } => Exit::Failed,
            Self::Usage { .. } | Self::Settings(_) => Exit::Usage,
            Self::Cluster(error) => error.exit(),
            // Who reads 0 takes what was written for everything.
            Self::Stopped { .. }
            | Self::NotCompared
            | Self::Incomplete
            | Self::File { .. }
            | Self::Refused { .. }
            | Self::Read(_)
            | Self::OtherTopic { .. }
            | Self::NotFound { .. }
            | Self::Output(_) => Exit::Failed,
        }
    }
}
