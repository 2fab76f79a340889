//! Why a part of the shop ends before its time, and with which exit code.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::doors::kafka::ClusterError;
use crate::doors::web::ServeError;
use crate::services::output::OutputError;
use crate::tools::config::SettingsError;
use crate::tools::exit::Exit;
use crate::words::shop::CatalogueError;

/// Why a part of the shop ended before its time.
#[derive(Debug, Error)]
pub enum TechshopError {
    /// A flag does not take its value, or the input of a command makes no sense.
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
    /// The catalogue cannot be read.
    #[error("cannot read the catalogue {path}: {source}; pass --catalogue with a readable file", path = .path.display())]
    CatalogueFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The catalogue makes no sense.
    #[error("{origin} is no catalogue: {source}; see docs/formats.md for its shape")]
    Catalogue {
        /// The file, or the built-in one.
        origin: String,
        /// What is wrong.
        source: CatalogueError,
    },
    /// `--listen` cannot be had.
    #[error("{0}; pass another address to --listen, or off")]
    Listen(#[from] ServeError),
    /// Standard output cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A file or folder cannot be used.
    #[error("cannot {what} {path}: {source}; {hint}", path = .path.display())]
    File {
        /// What was tried: `write`, `lock`, …
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
        /// The next step.
        hint: &'static str,
    },
    /// The disk under the outbox fails.
    #[error("the disk under {path} failed: {source}; look at the disk, then start again: nothing is lost", path = .path.display())]
    Disk {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Something of Kafka failed for good; the text names the next step.
    #[error("{reason}")]
    Failed {
        /// What, and what to do.
        reason: String,
    },
    /// The operating system gives no thread or handle.
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
}

impl<E: Into<ClusterError>> From<E> for TechshopError {
    fn from(error: E) -> Self {
        Self::Cluster(error.into())
    }
}

impl TechshopError {
    /// Whether it is only a stop that was asked for before there was anything to do.
    pub(super) fn is_early_stop(&self) -> bool {
        matches!(self, Self::Cluster(error) if error.is_stop())
    }

    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Settings(_) => Exit::Usage,
            Self::Cluster(error) => error.exit(),
            Self::Disk { .. } => Exit::DiskFailed,
            _ => Exit::Failed,
        }
    }
}
