//! Why the tracker ends before its time, and with which exit code.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::doors::audit::{AppendError, RecoverError};
use crate::doors::kafka::ClusterError;
use crate::doors::web::ServeError;
use crate::services::output::OutputError;
use crate::tools::config::SettingsError;
use crate::tools::exit::Exit;
use crate::tools::in_order::Gone;

/// Why the tracker ended before its time.
#[derive(Debug, Error)]
pub enum TrackerError {
    /// A flag does not take its value.
    #[error("{reason}")]
    Usage {
        /// Which, and what it takes.
        reason: String,
    },
    /// The Kafka settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The cluster cannot be used.
    #[error(transparent)]
    Cluster(ClusterError),
    /// The folder cannot be written.
    #[error("cannot {what} {path}: {source}; pass --dir with a folder that can be written", path = .path.display())]
    Folder {
        /// What was tried.
        what: &'static str,
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another tracker holds the folder, and a one-shot command does not wait for it.
    #[error("another tracker (pid {holder}) holds {dir}: stop it first, or pass another --dir", dir = .dir.display())]
    Held {
        /// Its process id, as it wrote it.
        holder: String,
        /// The folder.
        dir: PathBuf,
    },
    /// `--only-partitions` names none that the topic has.
    #[error("topic {topic} has partitions 0 to {last}: --only-partitions names none of them", last = .count - 1)]
    NoPartition {
        /// The topic.
        topic: String,
        /// How many it has.
        count: i32,
    },
    /// A stop was asked for while dead letters were under way.
    #[error(
        "stopped while dead letters for {topic} were under way: their messages are not in the trail yet and come again at the next start"
    )]
    DeadLetters {
        /// The dead-letter topic.
        topic: String,
    },
    /// The producer of the dead-letter topic failed for good.
    #[error("no more dead letters can be sent to {topic} ({reason}): start the tracker again")]
    DeadLettersFailed {
        /// The dead-letter topic.
        topic: String,
        /// What was said.
        reason: String,
    },
    /// What is left to be read cannot be read, and the run was to end by itself.
    #[error(
        "topic {topic}: {what}. All else is in the trail, and nothing was passed over: delete the batch \
         (kafka-delete-records), which the trail then tells as a gap, and run again"
    )]
    Unreadable {
        /// The topic.
        topic: String,
        /// Which batch, and why.
        what: String,
    },
    /// The trail cannot be recovered.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// The group knows the trail as another one.
    #[error(
        "{dir} is not the trail that group {group} knows: a checkpoint of {published_lines} lines, signed by this trail's \
         key, was published there, and is none of this trail, though it reaches as far. So an older state was put in its \
         place and lines were written behind it by somebody else, or it was carried on twice. {signed}. Keep a copy of the \
         whole folder, it is evidence; then docs/operating.md, Another history",
        dir = .dir.display(),
        signed = if *.is_late {
            "What was sealed since this start was sealed before the group answered; nothing was since"
        } else {
            "Nothing was signed"
        }
    )]
    AnotherHistory {
        /// The folder.
        dir: PathBuf,
        /// The group.
        group: String,
        /// Of how many lines the checkpoint is.
        published_lines: u64,
        /// Whether the group did not answer before the trail was appended to.
        is_late: bool,
    },
    /// The trail cannot be appended to.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// `--listen` cannot be had.
    #[error("{0}; pass another address to --listen")]
    Listen(#[from] ServeError),
    /// Standard output cannot be written: the totals of `--until-end` were not said.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The operating system gives no thread or handle.
    #[error("cannot start: {source}")]
    Start {
        /// What it said.
        source: io::Error,
    },
    /// A thread panicked.
    #[error("{source}, which is a mistake in this program; what was not written comes again at the next start")]
    Thread {
        /// Which.
        source: Gone,
    },
}

impl<E: Into<ClusterError>> From<E> for TrackerError {
    fn from(error: E) -> Self {
        Self::Cluster(error.into())
    }
}

impl TrackerError {
    /// Whether it is only a stop that was asked for before anything was read.
    pub fn is_early_stop(&self) -> bool {
        match self {
            Self::Cluster(error) => error.is_stop(),
            Self::Recover(error) => matches!(error, RecoverError::Stopped),
            _ => false,
        }
    }

    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Settings(_) => Exit::Usage,
            Self::Cluster(error) => error.exit(),
            Self::Recover(RecoverError::Altered { .. }) | Self::AnotherHistory { .. } => Exit::DataAltered,
            Self::Recover(RecoverError::Disk { source, .. }) if !is_about_the_place(source) => Exit::DiskFailed,
            Self::Append(AppendError::Disk { .. } | AppendError::StillFull { .. }) => Exit::DiskFailed,
            _ => Exit::Failed,
        }
    }
}

/// Whether the disk is sound and only the path is wrong.
fn is_about_the_place(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::NotFound | Kind::PermissionDenied | Kind::IsADirectory | Kind::NotADirectory | Kind::InvalidInput
    )
}
