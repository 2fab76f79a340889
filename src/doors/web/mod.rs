//! HTTP: the only room that names axum. It serves the routes that it is given.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use thiserror::Error;

use crate::tools::shutdown::Shutdown;

/// What a route answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status: 200, 503, …
    pub status: u16,
    /// Content type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// Answers one path. Called for each request, so it must be quick.
pub type Handler = Arc<dyn Fn() -> Answer + Send + Sync>;

/// Why there is no server.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address cannot be had: taken, not ours, or no address.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// As it was given.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The server's thread could not be made.
    #[error("cannot serve on {address}: {source}")]
    Start {
        /// As it was given.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
}

/// A running server; dropping it ends it.
pub struct Server {
    address: SocketAddr,
    stop: Shutdown,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves GET `routes` (path, handler) on `address` (`127.0.0.1:9464`; port 0 for any free one),
    /// on a thread of its own.
    ///
    /// # Errors
    /// [`ServeError`] when the address cannot be had.
    pub fn start(address: &str, routes: Vec<(&'static str, Handler)>) -> Result<Self, ServeError> {
        let bind = |source| ServeError::Bind { address: address.to_owned(), source };
        let start = |source| ServeError::Start { address: address.to_owned(), source };
        let listener = TcpListener::bind(address).map_err(bind)?;
        listener.set_nonblocking(true).map_err(start)?;
        let bound = listener.local_addr().map_err(start)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(start)?;
        let router = routes.into_iter().fold(Router::new(), |router, (path, handler)| {
            router.route(path, get(move || std::future::ready(respond(&handler()))))
        });
        let stop = Shutdown::new();
        let stopping = stop.clone();
        let thread = std::thread::Builder::new()
            .name("web".into())
            .spawn(move || {
                runtime.block_on(async move {
                    let listener = match tokio::net::TcpListener::from_std(listener) {
                        Ok(listener) => listener,
                        Err(error) => return tracing::warn!(%error, "the web server ended"),
                    };
                    // Connections that are kept open must not hold the end up: whoever ends first wins.
                    tokio::select! {
                        served = axum::serve(listener, router) => {
                            if let Err(error) = served {
                                tracing::warn!(%error, "the web server ended");
                            }
                        }
                        () = stopping.requested() => {}
                    }
                });
            })
            .map_err(start)?;
        Ok(Self { address: bound, stop, thread: Some(thread) })
    }

    /// Where it really listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.request();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
    }
}

fn respond(answer: &Answer) -> axum::response::Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, answer.content_type)], answer.body.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    #[test]
    fn it_serves_what_it_is_given_and_ends_with_its_handle() {
        let handler: Handler = Arc::new(|| Answer { status: 503, content_type: "text/plain", body: "not yet".into() });
        let server = Server::start("127.0.0.1:0", vec![("/readyz", handler)]).expect("a free port");
        let address = server.address();
        // Kept open on purpose: it must not hold the end up.
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("answered");
        assert_eq!(&answer, b"HTTP/1.1 503");
        assert!(Server::start(&address.to_string(), Vec::new()).is_err(), "the port is taken");
        drop(server);
        assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
    }
}
