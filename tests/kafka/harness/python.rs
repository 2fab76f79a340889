//! Python, with what others wrote for it: a client of Kafka, and a mail server.

use super::machine::answers;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// What pip fetches.
const PACKAGES: [&str; 2] = ["confluent-kafka==2.12.1", "aiosmtpd==1.4.6"];

/// What shows that it is there.
const IMPORT: &str = "import confluent_kafka, aiosmtpd.controller";

static PYTHON: LazyLock<Result<PathBuf, String>> = LazyLock::new(make);

/// A Python that has them. Only for tests that named [`super::Need::Python`].
pub(crate) fn python() -> &'static Path {
    PYTHON.as_ref().expect("tests that need Python say so")
}

/// Why there is none.
pub(super) fn missing() -> Option<String> {
    PYTHON.as_ref().err().cloned()
}

/// An environment of its own in the target directory, made when it is not there yet.
fn make() -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target directory");
    let home = target.join(format!("python-{}", PACKAGES.join("-")));
    let python = home.join("bin/python3");
    if answers(&python, "--version") && imports(&python) {
        return Ok(python);
    }
    let install = "install Python 3 with venv and pip (python3-venv), and let pip reach its package index";
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home).stdin(Stdio::null()).output();
    if !made.is_ok_and(|output| output.status.success()) {
        return Err(format!("no python3 that can make an environment: {install}"));
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    match Command::new(&python).args(pip).args(PACKAGES).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() && imports(&python) => Ok(python),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(format!("{} cannot be installed ({said}): {install}", PACKAGES.join(", ")))
        }
        Err(error) => Err(format!("no pip ({error}): {install}")),
    }
}

fn imports(python: &Path) -> bool {
    Command::new(python).args(["-c", IMPORT]).output().is_ok_and(|output| output.status.success())
}
