//! Connections: so many at a time, each with its patience. When all are taken, a few more are served for probes alone: who
//! watches over a program must not depend on how many others look at it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::tools::shutdown::Shutdown;

/// The head of a request may take so long to arrive, the next one on a kept connection, too.
const HEAD: Duration = Duration::from_secs(15);

/// So many connections are served beside all others, each with one request, for probes.
const SPARE: usize = 16;

/// Such a connection may take so long as a whole.
const SPARE_PATIENCE: Duration = Duration::from_secs(5);

/// The head of a request may be so long, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;

/// After a refusal of the operating system, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n\
                      Content-Length: 21\r\n\r\ntoo many connections\n";

/// What is served.
pub(super) struct Routes {
    /// To everybody.
    pub(super) all: Router,
    /// To who comes when all places are taken: what is answered at once.
    pub(super) spare: Router,
}

/// Serves at most `most` connections at a time until a stop is asked for; connections that are open then are dropped.
pub(super) async fn serve(listener: std::net::TcpListener, routes: Routes, most: usize, stop: Shutdown) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::warn!(%error, "the web server ended"),
    };
    let (places, spare_places) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(SPARE)));
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => match (places.clone().try_acquire_owned(), spare_places.clone().try_acquire_owned())
                {
                    (Ok(place), _) => take(stream, routes.all.clone(), place, None),
                    (Err(_), Ok(place)) => {
                        take(stream, routes.spare.clone(), place, Some(SPARE_PATIENCE));
                        // Served before the next one comes, or a crowd would find no spare place free.
                        tokio::task::yield_now().await;
                    }
                    // Who does not take it at once misses only why.
                    (Err(_), Err(_)) => drop(stream.try_write(BUSY)),
                },
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

/// Serves a connection; with a `limit` one request, and no longer than that.
fn take(stream: TcpStream, router: Router, place: OwnedSemaphorePermit, limit: Option<Duration>) {
    // Small events must not wait for larger ones.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = TowerToHyperService::new(router);
    tokio::spawn(async move {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(LONGEST_HEAD)
            .keep_alive(limit.is_none());
        let serving = builder.serve_connection(TokioIo::new(stream), service);
        let served = match limit {
            Some(limit) => tokio::time::timeout(limit, serving).await.unwrap_or(Ok(())),
            None => serving.await,
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection ended");
        }
        drop(place);
    });
}
