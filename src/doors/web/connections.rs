//! Connections: so many at a time, each with its patience.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::tools::shutdown::Shutdown;

/// The head of a request may take so long to arrive, the next one on a kept connection, too.
const HEAD: Duration = Duration::from_secs(15);

/// The head of a request may be so long, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;

/// After a refusal of the operating system, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n\
                      Content-Length: 21\r\n\r\ntoo many connections\n";

/// Serves at most `most` connections at a time until a stop is asked for; connections that are open then are dropped.
pub(super) async fn serve(listener: std::net::TcpListener, router: Router, most: usize, stop: Shutdown) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::warn!(%error, "the web server ended"),
    };
    let places = Arc::new(Semaphore::new(most));
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => take(stream, &router, &places),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accept => {}
        () = stop.requested() => {}
    }
}

fn take(stream: TcpStream, router: &Router, places: &Arc<Semaphore>) {
    // Small events must not wait for larger ones.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let Ok(place) = Arc::clone(places).try_acquire_owned() else {
        // Who does not take it at once misses only why.
        drop(stream.try_write(BUSY));
        return;
    };
    let service = TowerToHyperService::new(router.clone());
    tokio::spawn(async move {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD);
        if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
            tracing::debug!(%error, "a connection ended");
        }
        drop(place);
    });
}
