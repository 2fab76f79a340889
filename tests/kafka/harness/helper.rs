//! The Java process behind [`super::cluster::Cluster`]: compiled and started once, asked by all.

use super::machine::{jars, java_tool};
use super::process::Process;
use super::scratch::Scratch;
use super::wait::{LONG, wait_until};
use serde_json::Value;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

struct Helper {
    process: Process,
    port: u16,
    _scratch: Scratch,
}

static HELPER: Mutex<Option<Helper>> = Mutex::new(None);

/// Kafka's jars and further places, as a class path.
pub(crate) fn class_path(further: &[&Path]) -> String {
    let mut path = jars().join("*").display().to_string();
    for place in further {
        path.push(':');
        path.push_str(&place.display().to_string());
    }
    path
}

impl Helper {
    fn start() -> Helper {
        let scratch = Scratch::new("helper");
        let sources = super::command::source_dir().join("tests/kafka/java");
        let mut compiler = Command::new(java_tool("javac"));
        compiler
            .args(["-cp", &class_path(&[]), "-d"])
            .arg(scratch.path())
            .args(["Helper.java", "Records.java", "Cluster.java"].map(|name| sources.join(name)));
        let compiled = Process::start("javac", compiler, scratch.path()).wait(LONG);
        compiled.expect_code(0);
        let mut command = Command::new(java_tool("java"));
        command
            .args(["-Xmx1g", "-XX:+UseSerialGC", "-cp"])
            .args([&class_path(&[scratch.path()]), "Helper"])
            .stdin(Stdio::piped());
        let mut process = Process::start("helper", command, scratch.path());
        let port = wait_until("the Java helper listens", LONG, || {
            assert!(process.is_running(), "it ended: {}", process.stderr());
            process.stdout().strip_suffix('\n')?.parse().ok()
        });
        Helper { process, port, _scratch: scratch }
    }
}

fn port() -> u16 {
    let mut helper = HELPER.lock().unwrap_or_else(PoisonError::into_inner);
    helper.get_or_insert_with(Helper::start).port
}

pub(crate) fn close() {
    let helper = HELPER.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(mut helper) = helper {
        helper.process.kill_nine();
    }
}

/// A request that has been asked and not answered yet.
pub(crate) struct Request {
    connection: TcpStream,
}

impl Request {
    /// Asks with the request itself and the lines that belong to it.
    pub(crate) fn ask(request: &Value, lines: impl IntoIterator<Item = Value>) -> Request {
        let connection = TcpStream::connect(("127.0.0.1", port())).expect("the Java helper can be reached");
        let mut out = BufWriter::new(&connection);
        writeln!(out, "{request}").expect("the Java helper listens");
        for line in lines {
            writeln!(out, "{line}").expect("the Java helper listens");
        }
        out.flush().expect("the Java helper listens");
        drop(out);
        Request { connection }
    }

    /// Ends the request, hears the whole answer, and gives its lines and what stood in its last.
    #[track_caller]
    pub(crate) fn answer(self) -> (Vec<Value>, Value) {
        self.try_answer().unwrap_or_else(|error| panic!("the independent client failed: {error}"))
    }

    pub(crate) fn try_answer(self) -> Result<(Vec<Value>, Value), String> {
        self.connection.shutdown(Shutdown::Write).map_err(|error| error.to_string())?;
        let mut lines = Vec::new();
        for line in BufReader::new(&self.connection).lines() {
            let line = line.map_err(|error| error.to_string())?;
            let value: Value = serde_json::from_str(&line).map_err(|error| error.to_string())?;
            if value.get("done").is_some() {
                return Ok((lines, value));
            }
            if let Some(error) = value.get("error") {
                return Err(error.to_string());
            }
            lines.push(value);
        }
        Err("the Java helper broke off".to_owned())
    }
}
