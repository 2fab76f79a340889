//! HTTP: the only room that names axum. It serves the routes that it is given, or a [`Site`]: pages that are made of
//! [`View`]s and stay up to date while they are open; or an [`Api`]: routes that take bodies and may wait.

mod api;
mod assets;
mod bodies;
#[cfg(test)]
pub(crate) mod checks;
mod connections;
mod guard;
mod html;
mod language;
mod live;
mod place;
mod site;
mod view;

pub use api::{Api, Asked, Handle, Method, Route, Told};
pub use language::Dictionary;
pub use place::{Place, search, segment};
pub use site::{Document, Limits, Page, Pages, Site, Writing};
pub use view::{Changes, Piece, Plot, Row, Tone, View};

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
use connections::Routes;

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
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Serves GET `routes` (path, handler) on `address` (`127.0.0.1:9464`; port 0 for any free one),
    /// on a thread of its own.
    ///
    /// # Errors
    /// [`ServeError`] when the address cannot be had.
    pub fn start(address: &str, routes: Vec<(&'static str, Handler)>) -> Result<Self, ServeError> {
        let router = probing(routes);
        let listener = listen(address)?;
        Self::serve(address, listener, Routes { all: router.clone(), spare: router }, Limits::default(), None)
    }

    /// Serves a site on `address`, on a thread of its own, and keeps its open pages up to date on another one.
    ///
    /// # Errors
    /// [`ServeError`] when the address cannot be had, or a template makes no sense.
    pub fn site(address: &str, site: Site) -> Result<Self, ServeError> {
        let listener = listen(address)?;
        let start = |source| ServeError::Start { address: address.to_owned(), source };
        let bound = listener.local_addr().map_err(start)?;
        let limits = site.limits;
        let (routes, hub) = site::build(site, bound).map_err(|reason| start(io::Error::other(reason)))?;
        Self::serve(address, listener, routes, limits, Some(hub))
    }

    /// Serves an API on `address`, on a thread of its own; what answers may wait.
    ///
    /// # Errors
    /// [`ServeError`] when the address cannot be had.
    pub fn api(address: &str, api: Api) -> Result<Self, ServeError> {
        let listener = listen(address)?;
        let bound =
            listener.local_addr().map_err(|source| ServeError::Start { address: address.to_owned(), source })?;
        let all = api::build(api, bound);
        Self::serve(address, listener, Routes { spare: all.clone(), all }, Limits::default(), None)
    }

    fn serve(
        address: &str,
        listener: TcpListener,
        routes: Routes,
        limits: Limits,
        hub: Option<Arc<live::Hub>>,
    ) -> Result<Self, ServeError> {
        let start = |source| ServeError::Start { address: address.to_owned(), source };
        let bound = listener.local_addr().map_err(start)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(limits.answers)
            .build()
            .map_err(start)?;
        let stop = Shutdown::new();
        let mut threads = Vec::new();
        if let Some(hub) = hub {
            let stopping = stop.clone();
            let run = move || hub.run(&stopping);
            threads.push(std::thread::Builder::new().name("pages".into()).spawn(run).map_err(start)?);
        }
        let stopping = stop.clone();
        let run = move || {
            runtime.block_on(connections::serve(listener, routes, limits.connections, stopping));
            // What still waits in a request must not hold the end up.
            runtime.shutdown_background();
        };
        threads.push(std::thread::Builder::new().name("web".into()).spawn(run).map_err(start)?);
        Ok(Self { address: bound, stop, threads })
    }

    /// Where it really listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.request();
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
    }
}

fn listen(address: &str) -> Result<TcpListener, ServeError> {
    let bind = |source| ServeError::Bind { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).map_err(bind)?;
    listener.set_nonblocking(true).map_err(bind)?;
    Ok(listener)
}

/// Routes that are answered at once.
fn probing(routes: Vec<(&'static str, Handler)>) -> Router {
    routes.into_iter().fold(Router::new(), |router, (path, handler)| {
        router.route(path, get(move || std::future::ready(respond(&handler()))))
    })
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

    /// A page at `/`, and nothing else.
    struct OnePage;

    impl Pages for OnePage {
        fn page(&self, place: &Place) -> Option<Page> {
            let page = Page { status: 200, template: "page.html", view: View::default(), variables: ().into() };
            (place.path == "/").then_some(page)
        }

        fn missing(&self, _: &Place) -> Page {
            Page { status: 404, template: "page.html", view: View::default(), variables: ().into() }
        }
    }

    fn crowded(connections: usize) -> Server {
        let alive: Handler = Arc::new(|| Answer { status: 200, content_type: "text/plain", body: "alive".into() });
        let site = Site {
            pages: Arc::new(OnePage),
            templates: &[("page.html", "a page")],
            dictionary: Arc::new(Dictionary::read("{}").expect("JSON")),
            probes: vec![("/healthz", Arc::clone(&alive))],
            figures: vec![("/figures", alive)],
            documents: Vec::new(),
            writings: vec![(
                "/write",
                Arc::new(|_| Answer { status: 200, content_type: "text/plain", body: "written".into() }),
            )],
            token: Some("token".to_owned()),
            hosts: Vec::new(),
            limits: Limits { connections, answers: 2 },
        };
        Server::site("127.0.0.1:0", site).expect("a free port")
    }

    fn ask(address: SocketAddr, path: &str, host: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).expect("sent");
        stream
    }

    fn status(mut stream: &TcpStream) -> String {
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("answered");
        String::from_utf8_lossy(&answer[9..]).into_owned()
    }

    #[test]
    fn probes_are_answered_by_any_name_and_pages_are_not() {
        let server = crowded(8);
        let answered = |path: &str, host: &str| status(&ask(server.address(), path, host));
        assert_eq!(answered("/healthz", "scraper.example:9464"), "200");
        assert_eq!(answered("/", "scraper.example:9464"), "421");
        assert_eq!(answered("/events?of=/", "scraper.example"), "421");
        assert_eq!(answered("/figures", "scraper.example"), "421");
        assert_eq!(answered("/figures", "localhost"), "200");
        assert_eq!(answered("/", "localhost"), "200");
        let mut hardened = ask(server.address(), "/healthz", "x\r\nConnection: close");
        let mut head = String::new();
        hardened.read_to_string(&mut head).expect("answered");
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    }

    #[test]
    fn open_pages_leave_room_for_others_and_a_crowd_for_probes() {
        const MOST: usize = 128;
        let server = crowded(MOST);
        let address = server.address();
        let streams: Vec<TcpStream> = (0..MOST).map(|_| ask(address, "/events?of=/", "localhost")).collect();
        let open = streams.iter().filter(|stream| status(stream) == "200").count();
        assert_eq!(open, MOST / 2, "streams take half of the connections");
        // The others were sent away; their places are free at once, or in a moment.
        let mut pages: Vec<TcpStream> = Vec::new();
        while pages.len() < MOST - open {
            let page = ask(address, "/", "localhost");
            match status(&page).as_str() {
                "200" => pages.push(page),
                other => assert_eq!(other, "503"),
            }
        }
        // Nobody has gone, and all places are taken.
        for _ in 0..20 {
            assert_eq!(status(&ask(address, "/healthz", "scraper.example")), "200");
            assert_eq!(status(&ask(address, "/figures", "localhost")), "200");
        }
        assert_eq!(status(&ask(address, "/", "localhost")), "503");
        drop((streams, pages));
    }

    /// A thousand connections that each sent one byte of a body, and no token, held all places for as long as they liked.
    #[test]
    fn who_may_not_write_is_told_before_his_body_comes() {
        let server = crowded(8);
        let begin = |token: &str| {
            let mut stream = TcpStream::connect(server.address()).expect("it listens");
            let head =
                "POST /write HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n";
            stream.write_all(format!("{head}Authorization: Bearer {token}\r\n\r\n{{").as_bytes()).expect("sent");
            stream
        };
        assert_eq!(status(&begin("guess")), "401", "though the body has not come");
        let mut stream = begin("token");
        stream.write_all(b"}").expect("sent");
        assert_eq!(status(&stream), "200");
        assert_eq!(status(&begin("token")), "408", "no body is waited for for long");
    }

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
