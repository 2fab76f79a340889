//! An API: routes that take bodies and may wait. How many are answered at once, how long a body is and how long an
//! answer may take are bounded; what is refused here is told in the API's own form. Probes never wait for the others.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::bodies::{Bodies, NoBody};
use super::guard::{MISDIRECTED, harden, is_foreign, is_json, is_meant_for_us};
use super::place::Place;
use crate::base::language::Language;

/// So many requests are answered at a time.
const MOST_AT_ONCE: usize = 512;

/// So many answers are being made at a time; the other threads of a server are kept for probes.
const MOST_WORKING: usize = 48;

/// A request may take so long to arrive, and its answer so long to be made.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The longest path and query that is looked at, in bytes.
const LONGEST_TARGET: usize = 8_192;

/// How a route is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// For something.
    Get,
    /// To take something.
    Post,
    /// To take something away.
    Delete,
}

/// What was asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Path and query.
    pub place: Place,
    /// The parts of the path that the route names.
    pub parts: BTreeMap<String, String>,
    /// The headers that are texts, by their names in small letters; of several of one name the last.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// HTTP status.
    pub status: u16,
    /// Content type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
    /// Other headers.
    pub headers: Vec<(&'static str, String)>,
}

/// Answers one route; may wait.
pub type Handle = Arc<dyn Fn(&Asked) -> Told + Send + Sync>;

/// One route.
pub struct Route {
    /// How it is asked.
    pub method: Method,
    /// Its path; `{name}` is a part that may be anything.
    pub path: &'static str,
    /// Who answers.
    pub handle: Handle,
    /// Whether it is about the service and answers at once: such a route is answered however many others wait.
    pub is_probe: bool,
}

/// What a server answers.
pub struct Api {
    /// Its routes.
    pub routes: Vec<Route>,
    /// The longest body, in bytes.
    pub longest_body: usize,
    /// The names that it answers to beside those of this machine; see [`crate::tools::config::HostArgs`].
    pub hosts: Vec<String>,
    /// How a refusal is told: status, and why in words.
    pub refusal: fn(u16, &str) -> Told,
}

struct Inside {
    places: Semaphore,
    working: Arc<Semaphore>,
    bound: SocketAddr,
    hosts: Vec<String>,
    bodies: Bodies,
    refusal: fn(u16, &str) -> Told,
}

/// The routes of an API.
pub(super) fn build(api: Api, bound: SocketAddr) -> Router {
    let inside = Arc::new(Inside {
        places: Semaphore::new(MOST_AT_ONCE),
        working: Arc::new(Semaphore::new(MOST_WORKING)),
        bound,
        hosts: api.hosts,
        bodies: Bodies::new(api.longest_body),
        refusal: api.refusal,
    });
    let mut router: Router<Arc<Inside>> = Router::new();
    for Route { method, path, handle, is_probe } in api.routes {
        let take = move |State(inside): State<Arc<Inside>>, parts: RawPathParams, request: Request| {
            let handle = Arc::clone(&handle);
            let parts = parts.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            async move {
                if is_probe {
                    return made(&inside, request.into_parts().0, parts, Vec::new(), handle, Vec::new()).await;
                }
                answer(&inside, parts, request, handle).await
            }
        };
        router = router.route(
            path,
            match method {
                Method::Get => get(take),
                Method::Post => post(take),
                Method::Delete => delete(take),
            },
        );
    }
    let missing =
        |State(inside): State<Arc<Inside>>| async move { shown((inside.refusal)(404, "there is no such path")) };
    let wrong = |State(inside): State<Arc<Inside>>| async move {
        shown((inside.refusal)(405, "this path is not asked in this way"))
    };
    router
        .fallback(missing)
        .method_not_allowed_fallback(wrong)
        .layer(middleware::from_fn_with_state(Arc::clone(&inside), guarded))
        .with_state(inside)
}

async fn guarded(State(inside): State<Arc<Inside>>, request: Request, next: Next) -> Response {
    let refuse = |status, text: &str| shown((inside.refusal)(status, text));
    let mut response = if request.uri().path_and_query().map_or(0, |target| target.as_str().len()) > LONGEST_TARGET {
        refuse(414, "the address is too long")
    } else if !is_meant_for_us(inside.bound, &inside.hosts, request.headers(), request.uri()) {
        refuse(421, MISDIRECTED)
    } else if is_foreign(request.headers()) {
        refuse(403, "the request comes from a page of another site")
    } else {
        next.run(request).await
    };
    harden(&mut response);
    response
}

async fn answer(inside: &Inside, parts: BTreeMap<String, String>, request: Request, handle: Handle) -> Response {
    let refuse = |status, text: &str| shown((inside.refusal)(status, text));
    let Ok(_place) = inside.places.try_acquire() else { return refuse(503, "too many requests at once") };
    let (head, body) = request.into_parts();
    let (body, held) = match tokio::time::timeout(PATIENCE, inside.bodies.read(&head.headers, body)).await {
        Ok(Ok(read)) => read,
        Ok(Err(NoBody::TooLong)) => return refuse(413, "the body is too long, or was cut short"),
        Ok(Err(NoBody::Full)) => return refuse(503, "too many large bodies at once"),
        Err(_) => return refuse(408, "the body took too long to arrive"),
    };
    if !body.is_empty() && !is_json(&head.headers) {
        return refuse(415, "send the body as application/json");
    }
    match tokio::time::timeout(PATIENCE, Arc::clone(&inside.working).acquire_owned()).await {
        Ok(Ok(working)) => made(inside, head, parts, body, handle, vec![Some(working), held]).await,
        _ => refuse(503, "too many requests at once"),
    }
}

/// Makes an answer on a thread. What it holds is given back when it is made, also when nobody waits for it any more.
async fn made(
    inside: &Inside,
    head: Parts,
    parts: BTreeMap<String, String>,
    body: Vec<u8>,
    handle: Handle,
    held: Vec<Option<OwnedSemaphorePermit>>,
) -> Response {
    let refuse = |status, text: &str| shown((inside.refusal)(status, text));
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let asked = Asked { place: Place::read(target, Language::En), parts, headers: texts(&head.headers), body };
    let due = std::time::Instant::now() + PATIENCE;
    // One that waited for a thread until its caller was sent away does nothing any more.
    let make = move || {
        let _held = held;
        (std::time::Instant::now() < due).then(|| handle(&asked))
    };
    match tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(make)).await {
        Ok(Ok(Some(told))) => shown(told),
        Ok(Ok(None)) => refuse(503, "too many requests at once"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "an answer could not be made");
            refuse(500, "the answer could not be made; the log says more")
        }
        Err(_) => refuse(503, "it took too long; whether it was done is not known: ask again with the same content"),
    }
}

fn texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    // Not only ASCII: a key that was dropped would make a second order of one that is sent again.
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn shown(told: Told) -> Response {
    let mut response = Response::new(Body::from(told.body));
    *response.status_mut() = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(told.content_type));
    for (name, value) in told.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::web::Server;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    fn told(status: u16, body: &str) -> Told {
        Told { status, content_type: "text/plain", body: body.to_owned(), headers: Vec::new() }
    }

    fn server() -> Server {
        let echo: Handle = Arc::new(|asked| {
            let body = String::from_utf8_lossy(&asked.body).into_owned();
            told(201, &format!("{}|{}|{body}", asked.parts["n"], asked.place.asks("q").unwrap_or_default()))
        });
        let get: Handle = Arc::new(|_| Told { headers: vec![("location", "/x".into())], ..told(200, "got") });
        let routes = vec![
            Route { method: Method::Post, path: "/orders/{n}", handle: echo, is_probe: false },
            Route { method: Method::Get, path: "/orders/{n}", handle: get, is_probe: false },
        ];
        Server::api("127.0.0.1:0", Api { routes, longest_body: 10, hosts: Vec::new(), refusal: told })
            .expect("a free port")
    }

    fn ask(server: &Server, request: &str) -> String {
        let mut stream = TcpStream::connect(server.address()).expect("it listens");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    }

    #[test]
    fn bodies_are_taken_and_what_is_refused_is_told_in_its_own_form() {
        let server = server();
        let head = "Host: localhost\r\nConnection: close\r\n";
        let post = |more: &str, body: &str| {
            let length = body.len();
            ask(
                &server,
                &format!("POST /orders/a%2Fb?q=1 HTTP/1.1\r\n{head}{more}Content-Length: {length}\r\n\r\n{body}"),
            )
        };
        let json = "Content-Type: application/json\r\n";
        let answer = post(json, "{}");
        assert!(answer.starts_with("HTTP/1.1 201") && answer.ends_with("a/b|1|{}"), "{answer}");
        assert!(post("", "{}").starts_with("HTTP/1.1 415"));
        assert!(post(json, "12345678901").starts_with("HTTP/1.1 413"));
        assert!(post(&format!("{json}Origin: http://evil.example\r\n"), "{}").starts_with("HTTP/1.1 403"));
        let get = |path: &str, host: &str| {
            ask(&server, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
        };
        assert!(get("/orders/1", "localhost").contains("location: /x"));
        assert!(get("/orders/1", "evil.example").starts_with("HTTP/1.1 421"));
        assert!(get("/nothing", "localhost").ends_with("there is no such path"));
        assert!(ask(&server, &format!("DELETE /orders/1 HTTP/1.1\r\n{head}\r\n")).starts_with("HTTP/1.1 405"));
    }

    #[test]
    fn probes_are_answered_while_all_others_wait() {
        let (open, opened) = std::sync::mpsc::sync_channel::<()>(1);
        let opened = std::sync::Mutex::new(opened);
        // One has the lock and waits until the test lets go, all others wait for the lock.
        let waiting: Handle = Arc::new(move |_| match opened.lock().expect("no panic").recv() {
            Ok(()) => told(200, "let go"),
            Err(_) => told(200, "the test is over"),
        });
        let probe: Handle = Arc::new(|_| told(200, "well"));
        let routes = vec![
            Route { method: Method::Get, path: "/wait", handle: waiting, is_probe: false },
            Route { method: Method::Get, path: "/healthz", handle: probe, is_probe: true },
        ];
        let server = Server::api("127.0.0.1:0", Api { routes, longest_body: 10, hosts: Vec::new(), refusal: told })
            .expect("a free port");
        let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let waiters: Vec<TcpStream> = (0..200)
            .map(|_| {
                let mut stream = TcpStream::connect(server.address()).expect("it listens");
                stream.write_all(request("/wait").as_bytes()).expect("sent");
                stream
            })
            .collect();
        assert!(ask(&server, &request("/healthz")).ends_with("well"));
        drop((open, waiters));
    }
}
