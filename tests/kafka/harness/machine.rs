//! What this machine has of the things that tests need, and which tests run for it.

use super::small::can_mount;
use super::{browser, python};
use libtest_mimic::{Completion, Failed, Trial};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a test cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A Kafka broker (`KAFKA_BOOTSTRAP_SERVERS`, or one of our own), and the Java client that
    /// checks it.
    Broker,
    /// `kcat`.
    Kcat,
    /// `jq` and `curl`, which the documents use.
    Jq,
    /// `strace`, and a system that lets it trace.
    Strace,
    /// The right to mount a file system: root.
    Mount,
    /// Python, with a client of Kafka and a mail server that pip fetches.
    Python,
    /// Chromium and its driver.
    Browser,
}

const OLDEST_JAVA: u32 = 17;

static MISSING: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

static TOOK: Mutex<Vec<(Duration, String)>> = Mutex::new(Vec::new());

static JARS: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
    java_is_new_enough()?;
    if !answers(java_tool("javac"), "-version") {
        return Err("no javac: install a JDK, not only a JRE (default-jdk-headless)".into());
    }
    fetch_jars()
});

static KCAT: LazyLock<Result<(), String>> = LazyLock::new(|| {
    if answers("kcat", "-V") {
        return Ok(());
    }
    Err("no kcat: install it (kcat)".into())
});

static JQ: LazyLock<Result<(), String>> = LazyLock::new(|| {
    if answers("jq", "--version") && answers("curl", "--version") {
        return Ok(());
    }
    Err("no jq or no curl: install them (jq, curl)".into())
});

static STRACE: LazyLock<Result<(), String>> = LazyLock::new(|| {
    let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    if traced.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    Err("no strace that may trace: install it (strace); in a container, allow it (SYS_PTRACE)".into())
});

static MOUNT: LazyLock<Result<(), String>> = LazyLock::new(|| {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mount-probe");
    if can_mount(&dir) {
        return Ok(());
    }
    Err("no right to mount a small file system: run the tests as root to see a disk that is really full".into())
});

/// Kafka's jars, its tools among them. Only for tests that named [`Need::Broker`].
pub(crate) fn jars() -> &'static Path {
    JARS.as_ref().expect("tests that need jars say so")
}

/// A test that runs when this machine has what it needs, and is counted as ignored otherwise.
pub(crate) fn trial(name: String, needs: &'static [Need], test: fn()) -> Trial {
    Trial::ignorable_test(name.clone(), move || {
        if let Some((need, reason)) = needs.iter().find_map(|need| Some((need, missing(*need)?))) {
            match need {
                // Nobody need be root: that is said, and is no failure anywhere.
                Need::Mount => eprintln!("\nIGNORED: {reason}\n"),
                _ => {
                    MISSING.lock().unwrap_or_else(PoisonError::into_inner).insert(reason.clone());
                }
            }
            return Ok(Completion::ignored_with(reason));
        }
        let began = Instant::now();
        test();
        TOOK.lock().unwrap_or_else(PoisonError::into_inner).push((began.elapsed(), name));
        Ok::<Completion, Failed>(Completion::Completed)
    })
}

/// The passed tests that took longest, the longest first, and what all took together.
pub(crate) fn slowest(at_most: usize) -> (Vec<(Duration, String)>, Duration) {
    let mut took = TOOK.lock().unwrap_or_else(PoisonError::into_inner).clone();
    took.sort_by(|a, b| b.cmp(a));
    let all = took.iter().map(|(each, _)| *each).sum();
    took.truncate(at_most);
    (took, all)
}

/// What kept tests from running, so that it can be said loudly at the end.
pub(crate) fn missing_tools() -> BTreeSet<String> {
    MISSING.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn missing(need: Need) -> Option<String> {
    match need {
        Need::Broker => JARS.as_ref().err().cloned(),
        Need::Kcat => KCAT.as_ref().err().cloned(),
        Need::Jq => JQ.as_ref().err().cloned(),
        Need::Strace => STRACE.as_ref().err().cloned(),
        Need::Mount => MOUNT.as_ref().err().cloned(),
        Need::Python => python::missing(),
        Need::Browser => browser::missing(),
    }
}

/// One of Java's programs: that of `JAVA_HOME`, or of the PATH.
pub(crate) fn java_tool(name: &str) -> PathBuf {
    let home = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin").join(name));
    home.filter(|tool| tool.is_file()).unwrap_or_else(|| name.into())
}

pub(super) fn answers(tool: impl AsRef<OsStr>, argument: &str) -> bool {
    Command::new(tool).arg(argument).stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

fn java_is_new_enough() -> Result<(), String> {
    let install = format!("install Java {OLDEST_JAVA} or newer (default-jdk-headless)");
    let output = Command::new(java_tool("java"))
        .arg("-version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("no java ({error}): {install}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match major_version(&said) {
        Some(major) if major >= OLDEST_JAVA => Ok(()),
        _ => Err(format!("java is too old ({}): {install}", said.trim())),
    }
}

/// The 17 of `openjdk version "17.0.15" 2025-04-15`; the 1 of `"1.8.0_392"`, which is too old.
pub(super) fn major_version(said: &str) -> Option<u32> {
    let version = said.split('"').nth(1)?;
    version.split(['.', '-', '+']).next()?.parse().ok()
}

/// Kafka's jars in the target directory, fetched with Maven when they are not there yet.
fn fetch_jars() -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target directory");
    let jars = target.join("kafka-jars");
    let output = Command::new(super::command::source_dir().join("broker/local.sh"))
        .arg("jars")
        .arg(&jars)
        .arg("--tools")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("broker/local.sh cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(jars);
    }
    Err(format!(
        "Kafka's jars cannot be had (is Maven installed? is Maven Central in reach?): {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}
