//! The exit codes, said once for every binary. People's scripts branch on them. One more, 130, is that of
//! a forced end (see `shutdown`), which no program can return.

use std::process::{ExitCode, Termination};

/// How a run ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything that was asked is done.
    Done,
    /// 1: it failed, and the message says why.
    Failed,
    /// 2: a flag, a property or a file of settings is wrong.
    Usage,
    /// 3: the trail is damaged (`audit verify`).
    Damaged,
    /// 4: no broker answered within the connect timeout (one-shot commands only).
    NoBroker,
    /// 65: sealed data of the trail are missing or altered.
    DataAltered,
    /// 74: the disk failed while writing or syncing.
    DiskFailed,
    /// 75: some orders were not delivered.
    Undelivered,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Damaged => 3,
            Exit::NoBroker => 4,
            Exit::DataAltered => 65,
            Exit::DiskFailed => 74,
            Exit::Undelivered => 75,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
