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

struct Witness {
    process: Process,
    port: u16,
    _scratch: Scratch,
}

static WITNESS: Mutex<Option<Witness>> = Mutex::new(None);

/// Kafka's jars and further places, as a class path.
pub(crate) fn class_path(further: &[&Path]) -> String {
    let mut path = jars().join("*").display().to_string();
    for place in further {
        path.push(':');
        path.push_str(&place.display().to_string());
    }
    path
}

impl Witness {
    fn start() -> Witness {
        let scratch = Scratch::new("witness");
        let sources = super::command::source_dir().join("tests/kafka/java");
        let mut compiler = Command::new(java_tool("javac"));
        compiler
            .args(["-cp", &class_path(&[]), "-d"])
            .arg(scratch.path())
            .args(["Witness.java", "Records.java", "Transactions.java", "Cluster.java"].map(|name| sources.join(name)));
        let compiled = Process::start("javac", compiler, scratch.path()).wait(LONG);
        compiled.expect_code(0);
        let mut command = Command::new(java_tool("java"));
        command
            .args(["-Xmx1g", "-XX:+UseSerialGC", "-cp"])
            .args([&class_path(&[scratch.path()]), "Witness"])
            .stdin(Stdio::piped());
        let mut process = Process::start("witness", command, scratch.path());
        let port = wait_until("the Java witness listens", LONG, || {
            assert!(process.is_running(), "it ended: {}", process.stderr());
            process.stdout().strip_suffix('\n')?.parse().ok()
        });
        Witness { process, port, _scratch: scratch }
    }
}

fn port() -> u16 {
    let mut witness = WITNESS.lock().unwrap_or_else(PoisonError::into_inner);
    witness.get_or_insert_with(Witness::start).port
}

pub(crate) fn close() {
    let witness = WITNESS.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(mut witness) = witness {
        witness.process.kill_nine();
    }
}

/// A request that has been asked and not answered yet.
pub(crate) struct Request {
    connection: TcpStream,
}

impl Request {
    /// Asks with the request itself and the lines that belong to it.
    pub(crate) fn ask(request: &Value, lines: impl IntoIterator<Item = Value>) -> Request {
        let connection = TcpStream::connect(("127.0.0.1", port())).expect("the Java witness can be reached");
        let mut out = BufWriter::new(&connection);
        writeln!(out, "{request}").expect("the Java witness listens");
        for line in lines {
            writeln!(out, "{line}").expect("the Java witness listens");
        }
        out.flush().expect("the Java witness listens");
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
        Err("the Java witness broke off".to_owned())
    }
}
