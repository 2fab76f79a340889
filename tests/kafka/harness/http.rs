//! Plain HTTP, one request a connection, with every byte of the head in the test's own hands.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A silent server is a failed test, not a test that waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line and headers as they came.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// A header, by its name in any case; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(one, _)| one.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim()).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.head, self.body))
    }
}

/// A GET by a client of this machine; `None` when nobody listens.
pub(crate) fn get(port: u16, target: &str) -> Option<Answer> {
    send(port, "GET", target, &[], "")
}

/// A request; `headers` stand behind our own, and one of these that is named again is theirs.
pub(crate) fn send(port: u16, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let host = format!("127.0.0.1:{port}");
    let length = body.len().to_string();
    let mut all = vec![("Host", host.as_str()), ("Connection", "close"), ("Content-Length", length.as_str())];
    all.retain(|(name, _)| !headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
    all.extend_from_slice(headers);
    let head: String = all.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    // A server may refuse before it has read everything: its answer counts, not that the rest found no reader.
    drop(stream.write_all(format!("{method} {target} HTTP/1.1\r\n{head}\r\n{body}").as_bytes()));
    read(&mut BufReader::new(stream))
}

fn read(stream: &mut BufReader<TcpStream>) -> Option<Answer> {
    let mut head = String::new();
    let mut line = String::new();
    while stream.read_line(&mut line).ok()? > 2 {
        head.push_str(&line);
        line.clear();
    }
    let answer = Answer { status: head.split(' ').nth(1)?.parse().ok()?, head, body: String::new() };
    let mut body = Vec::new();
    match answer.header("content-length").parse() {
        Ok(length) => stream.take(length).read_to_end(&mut body).ok()?,
        Err(_) => stream.read_to_end(&mut body).ok()?,
    };
    Some(Answer { body: String::from_utf8_lossy(&body).into_owned(), ..answer })
}
