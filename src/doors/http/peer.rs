//! Another service of ours, called for JSON.

use std::time::Duration;

use thiserror::Error;
use ureq::Agent;
use ureq::http::Uri;

use super::gateway::tls;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(1);

/// How long the whole call may take.
const ANSWER: Duration = Duration::from_secs(5);

/// No answer is longer.
const LONGEST_ANSWER: u64 = 16 << 20;

/// What is no base of a URL. It is told to others, so it repeats nothing of what was given.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PeerUrlError {
    /// It cannot be read.
    #[error("it is no URL; write http://HOST:PORT")]
    NoUrl,
    /// The address is shown in logs and to whoever asks, so that a password in it would be, too.
    #[error(
        "it must hold no user and no password: where the service is, is shown to everybody; write http://HOST:PORT"
    )]
    Credentials,
}

/// Nothing was answered: whether the other side has heard it is not known.
#[derive(Debug, Error)]
#[error("{reason}")]
pub struct CallError {
    /// What was said.
    pub reason: String,
    /// Something was answered, and it is too long to be read.
    pub is_too_long: bool,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct PeerAnswer {
    /// HTTP status.
    pub status: u16,
    /// How long the other side asks to be left alone.
    pub retry_after_ms: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
}

impl PeerAnswer {
    /// Whether it took what it was sent.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it is in no state to answer now. Few answers are about what was sent; all others are about the road, such
    /// as the 404 of a proxy while the service behind it starts.
    pub fn is_unavailable(&self) -> bool {
        !self.is_success() && !matches!(self.status, 400 | 409 | 413 | 415 | 422)
    }
}

/// A service at a place. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Peer {
    agent: Agent,
    base: String,
}

impl Peer {
    /// The service at `base`: `http://127.0.0.1:3001`. Nothing is connected yet. Neither redirects nor the
    /// environment's proxy are followed.
    ///
    /// # Errors
    /// [`PeerUrlError`].
    pub fn new(base: &str) -> Result<Self, PeerUrlError> {
        let base = base.trim_end_matches('/');
        let url: Uri = base.parse().map_err(|_| PeerUrlError::NoUrl)?;
        if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(PeerUrlError::Credentials);
        }
        if url.host().is_none() || !matches!(url.scheme_str(), Some("http" | "https")) {
            return Err(PeerUrlError::NoUrl);
        }
        let config = Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(ANSWER))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent("ordertrail-supply");
        let config = if url.scheme_str() == Some("https") { config.tls_config(tls()) } else { config };
        Ok(Self { agent: config.build().new_agent(), base: base.to_owned() })
    }

    /// Where it is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The host of its URL.
    pub fn host(&self) -> Option<String> {
        self.base.parse::<Uri>().ok()?.host().map(str::to_owned)
    }

    /// Posts a JSON body to `path`.
    ///
    /// # Errors
    /// [`CallError`] when nothing was answered.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Result<PeerAnswer, CallError> {
        let mut request = self.agent.post(format!("{}{path}", self.base)).content_type("application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answered(request.send(body))
    }

    /// Asks for `path`.
    ///
    /// # Errors
    /// [`CallError`] when nothing was answered.
    pub fn get(&self, path: &str) -> Result<PeerAnswer, CallError> {
        answered(self.agent.get(format!("{}{path}", self.base)).call())
    }
}

fn answered(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<PeerAnswer, CallError> {
    let broken = |error: ureq::Error| CallError {
        reason: error.to_string(),
        is_too_long: matches!(error, ureq::Error::BodyExceedsLimit(_)),
    };
    let mut answer = answer.map_err(broken)?;
    let asked = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    let body = answer.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec().map_err(broken)?;
    let retry_after_ms = asked.map(|seconds| seconds.saturating_mul(1_000));
    Ok(PeerAnswer { status: answer.status().as_u16(), retry_after_ms, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    #[test]
    fn what_is_answered_is_told_and_nobody_is_an_error() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let base = format!("http://{}/", listener.local_addr().expect("a port"));
        let server = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().expect("a client");
            let mut said = Vec::new();
            let mut bytes = [0; 4096];
            while !said.ends_with(b"{}") {
                let count = client.read(&mut bytes).expect("a request");
                said.extend_from_slice(&bytes[..count]);
            }
            let answer = "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
            client.write_all(answer.as_bytes()).expect("it listens");
            String::from_utf8(said).expect("text").to_lowercase()
        });
        let peer = Peer::new(&base).expect("a URL");
        let answer = peer.post("/orders", &[("idempotency-key", "k")], "{}").expect("answered");
        assert_eq!((answer.status, answer.retry_after_ms, answer.body.as_slice()), (503, Some(7_000), &b"no"[..]));
        assert!(answer.is_unavailable() && !answer.is_success());
        let said = server.join().expect("it ends");
        assert!(said.starts_with("post /orders http/1.1\r\n") && said.contains("idempotency-key: k"), "{said}");
        assert!(peer.get("/orders").is_err(), "nobody listens any more");
        assert!(Peer::new("ftp://x").is_err() && Peer::new("x").is_err());
        assert_eq!(Peer::new("http://[::1]:80").expect("a URL").host().as_deref(), Some("[::1]"));
    }

    /// A password in `--peer` was printed at the start and told to everybody by `/readyz`.
    #[test]
    fn an_address_with_a_password_is_refused_and_not_repeated() {
        for url in [
            "user:s3cret@host",
            "http://user:s3cret@host",
            "https://s3cret@host:1/",
            "http://user:s3cret@127.0.0.1:3001/x",
        ] {
            let refused = Peer::new(url).expect_err(url);
            assert_eq!(refused, PeerUrlError::Credentials, "{url}");
            assert!(!refused.to_string().contains("s3cret"), "{refused}");
        }
    }

    #[test]
    fn an_answer_that_is_too_long_is_told_from_none() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("a port"));
        let server = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().expect("a client");
            let mut bytes = [0; 4096];
            drop(client.read(&mut bytes));
            drop(client.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"));
            // As long as anybody reads.
            while client.write_all(&[b'x'; 1 << 16]).is_ok() {}
        });
        let peer = Peer::new(&base).expect("a URL");
        let error = peer.get("/orders").expect_err("it has no end");
        assert!(error.is_too_long, "{error}");
        drop(peer);
        server.join().expect("it ends");
    }
}
