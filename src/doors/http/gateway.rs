//! Text messages: posted to a gateway.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// How long a gateway may take for an answer.
const ANSWER: Duration = Duration::from_secs(20);

/// A gateway that is no URL. It is not shown, since there may be a password in it.
#[derive(Debug, Error)]
#[error("it is no URL; write http://HOST:PORT/PATH or https://…")]
pub struct GatewayUrlError;

/// Why a message was not taken.
#[derive(Debug, Error)]
#[error("{reason}")]
pub struct PostError {
    /// What was said.
    pub reason: String,
    /// Whether the same message would be refused again and again.
    pub is_final: bool,
}

/// Takes text messages. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Gateway {
    agent: Agent,
    url: Uri,
}

impl Gateway {
    /// The gateway at `url`, with at most `connections` kept. Nothing is connected yet.
    ///
    /// # Errors
    /// [`GatewayUrlError`].
    pub fn new(url: &str, connections: usize) -> Result<Self, GatewayUrlError> {
        let url: Uri = url.parse().map_err(|_| GatewayUrlError)?;
        if url.host().is_none() || !matches!(url.scheme_str(), Some("http" | "https")) {
            return Err(GatewayUrlError);
        }
        let config = Agent::config_builder()
            .timeout_global(Some(ANSWER))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections_per_host(connections)
            .user_agent("ordertrail-techshop");
        let config = if url.scheme_str() == Some("https") { config.tls_config(tls()) } else { config };
        Ok(Self { agent: config.build().new_agent(), url })
    }

    /// Posts a JSON body with these headers; the gateway has taken it when this is all right.
    ///
    /// # Errors
    /// [`PostError`].
    pub fn post(&self, headers: &[(&str, &str)], body: &str) -> Result<(), PostError> {
        let mut request = self.agent.post(&self.url).content_type("application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send(body).map_err(|error| PostError { reason: error.to_string(), is_final: false })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        // These are about the message; all others are about the gateway or about us, and may be mended.
        let is_final = matches!(status.as_u16(), 400 | 410 | 413 | 422);
        Err(PostError { reason: format!("the gateway answered {status}"), is_final })
    }
}

/// The certificates that this machine trusts.
pub(super) fn tls() -> TlsConfig {
    let certificates = rustls_native_certs::load_native_certs().certs;
    let certificates: Vec<Certificate<'static>> =
        certificates.iter().map(|one| Certificate::from_der(one.as_ref()).to_owned()).collect();
    TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&certificates))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    /// A gateway that gives one answer, and what it was sent.
    fn answer(status: &'static str) -> (Result<(), PostError>, String) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let url = format!("http://{}/sms?x=1", listener.local_addr().expect("a port"));
        let server = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().expect("a client");
            let mut said = Vec::new();
            let mut bytes = [0; 4096];
            while !said.ends_with(b"{}") {
                let count = client.read(&mut bytes).expect("a request");
                said.extend_from_slice(&bytes[..count]);
            }
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            client.write_all(answer.as_bytes()).expect("it listens");
            String::from_utf8(said).expect("text")
        });
        let posted = Gateway::new(&url, 1).expect("a URL").post(&[("webhook-id", "msg_1")], "{}");
        (posted, server.join().expect("it ends"))
    }

    #[test]
    fn what_is_posted_arrives() {
        let (posted, said) = answer("202 Accepted");
        posted.expect("taken");
        let said = said.to_lowercase();
        assert!(said.starts_with("post /sms?x=1 http/1.1\r\n"), "{said}");
        for header in ["webhook-id: msg_1", "content-type: application/json", "content-length: 2"] {
            assert!(said.contains(header), "{said}");
        }
    }

    #[test]
    fn what_the_gateway_says_decides_whether_to_try_again() {
        for (status, is_final) in [
            ("400 Bad", true),
            ("422 No", true),
            ("401 Who", false),
            ("429 Slow", false),
            ("503 Busy", false),
            ("302 Found", false),
        ] {
            let error = answer(status).0.expect_err(status);
            assert_eq!(error.is_final, is_final, "{error}");
            assert!(error.reason.contains(status.split(' ').next().expect("a code")), "{error}");
        }
        let nobody = Gateway::new("http://127.0.0.1:1/", 1).expect("a URL").post(&[], "{}");
        assert!(!nobody.expect_err("nobody listens").is_final);
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for wrong in ["", "host", "ftp://host/", "http://", "/path"] {
            assert!(Gateway::new(wrong, 1).is_err(), "{wrong}");
        }
        assert!(Gateway::new("https://gateway.example/sms", 1).is_ok());
    }
}
