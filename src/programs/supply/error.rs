//! Why a service ends before its time, and with which exit code.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::doors::kafka::PropertyError;
use crate::doors::store::StoreError;
use crate::doors::web::ServeError;
use crate::tools::config::SettingsError;
use crate::tools::exit::Exit;

/// Why a service ended before its time.
#[derive(Debug, Error)]
pub enum SupplyError {
    /// A flag does not take its value.
    #[error("{reason}")]
    Usage {
        /// Which, and what it takes.
        reason: String,
    },
    /// The Kafka settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A Kafka property is wrong.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// Kafka refuses who we are.
    #[error("{reason}")]
    Refused {
        /// What it said.
        reason: String,
    },
    /// The address cannot be had.
    #[error("{0}; pass another one to --port or --listen")]
    Listen(#[from] ServeError),
    /// The folder cannot be ours.
    #[error("cannot lock {path}: {source}; pass another folder to --dir", path = .path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The store cannot be opened.
    #[error("cannot open {path}: {source}; look at the disk, or pass another folder to --dir", path = .path.display())]
    Open {
        /// Its file.
        path: PathBuf,
        /// What was said.
        source: StoreError,
    },
    /// A commit failed: what was accepted before is on the disk, nothing else was answered with yes.
    #[error("{reason}; look at the disk under {path}, then start again: nothing that was accepted is lost", path = .path.display())]
    Disk {
        /// Its file.
        path: PathBuf,
        /// What was said.
        reason: String,
    },
    /// A part of the service ended before its time.
    #[error("{part} ended: {reason}; start again: nothing that was accepted is lost")]
    Ended {
        /// Which.
        part: &'static str,
        /// What ended it.
        reason: String,
        /// Whether the store could not be read.
        is_disk: bool,
    },
    /// The operating system gives no thread.
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
}

impl SupplyError {
    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Settings(_) | Self::Property(_) => Exit::Usage,
            Self::Disk { .. } | Self::Ended { is_disk: true, .. } => Exit::DiskFailed,
            _ => Exit::Failed,
        }
    }
}
