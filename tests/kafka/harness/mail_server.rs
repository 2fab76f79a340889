//! A real SMTP server, of somebody else's making: `aiosmtpd` of the Python package index, installed beside the
//! tests' own files.

use super::command::{Run, source_dir};
use super::process::Process;
use super::python::python;
use super::scratch::Scratch;
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// It writes each mail that it has taken as a line of JSON: `from`, `to`, `message_id`, `date`, `subject`,
/// `content_type`, `body`, and the `names` of all headers.
pub(crate) struct MailServer {
    process: Process,
    taken: PathBuf,
}

impl MailServer {
    /// A server on this port. Mails to `refused@…` it refuses for good, mails to `later@…` for now.
    pub(crate) fn start(port: u16, scratch: &Scratch) -> MailServer {
        Self::start_with(port, scratch, &[])
    }

    /// The same over TLS: `starttls`, or `implicit` from the first byte.
    pub(crate) fn start_tls(port: u16, scratch: &Scratch, mode: &str, certificate: &Path, key: &Path) -> MailServer {
        Self::start_with(port, scratch, &[mode.as_ref(), certificate.as_ref(), key.as_ref()])
    }

    fn start_with(port: u16, scratch: &Scratch, tls: &[&OsStr]) -> MailServer {
        let taken = scratch.join("mails");
        let mut process = Run::new("mail-server", python(), scratch)
            .arg(source_dir().join("tests/kafka/python/mail_server.py"))
            .arg(port.to_string())
            .arg(&taken)
            .args(tls)
            .start();
        process.wait_for_output("ready", super::wait::SHORT);
        MailServer { process, taken }
    }

    /// What it has taken so far, and on earlier starts.
    pub(crate) fn mails(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.taken).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).expect("it writes JSON")).collect()
    }

    pub(crate) fn stop(mut self) {
        self.process.kill_nine();
    }
}
