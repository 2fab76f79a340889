//! A site: pages that live, documents, and what may be written.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::assets::LIVE_PAGE;
use super::connections::Routes;
use super::guard::{MISDIRECTED, harden, is_meant_for_us, may_write};
use super::html::Templates;
use super::language::{Dictionary, asked, cookie};
use super::live::{Hub, NoStream};
use super::place::Place;
use super::view::View;
use super::{Answer, Handler, probing, respond};

/// The longest path and query that is looked at, in bytes.
const LONGEST_TARGET: usize = 2_048;

/// The longest body of a request, in bytes.
const LONGEST_BODY: usize = 4_096;

/// So many requests to write may wait at a time.
const MOST_WRITING: usize = 4;

/// The body of a request may take so long to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// A page may take so long to be made.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is at a place.
#[derive(Clone, Debug)]
pub struct Page {
    /// HTTP status: 200, 404.
    pub status: u16,
    /// The template that shows it.
    pub template: &'static str,
    /// What it shows.
    pub view: View,
    /// What the template names beside the view: an object.
    pub variables: Value,
}

/// Who knows the pages.
pub trait Pages: Send + Sync + 'static {
    /// What is at `place`, from memory: it is asked for twice a second while somebody looks.
    fn page(&self, place: &Place) -> Option<Page>;

    /// The same for somebody who comes now; may look things up, for a few seconds at most.
    fn fresh(&self, place: &Place) -> Option<Page> {
        self.page(place)
    }

    /// What is shown where there is no page.
    fn missing(&self, place: &Place) -> Page;
}

/// Makes a document for a place.
pub type Document = Arc<dyn Fn(&Place) -> Answer + Send + Sync>;

/// Takes the body of a request to write; may take a few seconds.
pub type Writing = Arc<dyn Fn(&[u8]) -> Answer + Send + Sync>;

/// How much of the machine a site may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many connections are served at a time; another one is told so and closed.
    pub connections: usize,
    /// So many answers are made at a time, each on a thread; the others wait.
    pub answers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1_024, answers: 64 }
    }
}

/// What a server shows.
pub struct Site {
    /// Its pages.
    pub pages: Arc<dyn Pages>,
    /// Their templates: names and sources.
    pub templates: &'static [(&'static str, &'static str)],
    /// Their words.
    pub dictionary: Arc<Dictionary>,
    /// What machines ask for to see how the program does, by path: answered at once, by whatever name they ask, also when
    /// all connections are taken. So they tell nothing that is not for everybody.
    pub probes: Vec<(&'static str, Handler)>,
    /// The same, for who asks by one of our names alone: figures that are not for everybody.
    pub figures: Vec<(&'static str, Handler)>,
    /// Other things to get, by path.
    pub documents: Vec<(&'static str, Document)>,
    /// What may be written by who has the token, by path.
    pub writings: Vec<(&'static str, Writing)>,
    /// The token; without one nothing may be written.
    pub token: Option<String>,
    /// The names that it answers to beside those of this machine; see [`crate::tools::config::HostArgs`].
    pub hosts: Vec<String>,
    /// What it may take.
    pub limits: Limits,
}

/// What every request of a site needs.
struct Inside {
    hub: Arc<Hub>,
    pages: Arc<dyn Pages>,
    templates: Templates,
    token: Option<String>,
    bound: SocketAddr,
    hosts: Vec<String>,
    writing: tokio::sync::Semaphore,
}

/// All routes of a site, its probes alone, and who keeps its pages up to date.
///
/// # Errors
/// A template that makes no sense, in words.
pub(super) fn build(site: Site, bound: SocketAddr) -> Result<(Routes, Arc<Hub>), String> {
    let templates = Templates::new(site.templates, site.dictionary, &LIVE_PAGE)
        .map_err(|error| format!("a template makes no sense: {error:#}"))?;
    let hub = Arc::new(Hub::new(Arc::clone(&site.pages), site.limits.connections));
    let inside = Arc::new(Inside {
        hub: Arc::clone(&hub),
        pages: site.pages,
        templates,
        token: site.token,
        bound,
        hosts: site.hosts,
        writing: tokio::sync::Semaphore::new(MOST_WRITING),
    });
    let mut router: Router<Arc<Inside>> = Router::new()
        .route("/assets/{name}", get(asset))
        .route("/events", get(events))
        .route("/api/view", get(view))
        .route("/preferences", get(preferences));
    for (path, document) in site.documents {
        let make = move |headers: HeaderMap, uri: Uri| {
            let document = Arc::clone(&document);
            async move { blocking(move || respond(&document(&place(&uri, &headers)))).await }
        };
        router = router.route(path, get(make));
    }
    for (path, writing) in site.writings {
        let take = move |State(inside): State<Arc<Inside>>, request: Request| {
            let writing = Arc::clone(&writing);
            async move { write(&inside, request, writing).await }
        };
        router = router.route(path, post(take));
    }
    let router = router
        .fallback(get(page))
        .layer(middleware::from_fn_with_state(Arc::clone(&inside), guarded))
        .with_state(Arc::clone(&inside));
    let figures = probing(site.figures).layer(middleware::from_fn_with_state(inside, guarded));
    // Beside the guard: a scraper has no page that could be led here, and may know us by any name.
    let probes = probing(site.probes).layer(middleware::map_response(hardened)).merge(figures);
    let spare = probes.clone().fallback(busy);
    Ok((Routes { all: router.merge(probes), spare }, hub))
}

async fn hardened(mut response: Response) -> Response {
    harden(&mut response);
    response
}

async fn busy() -> Response {
    plain(StatusCode::SERVICE_UNAVAILABLE, "too many connections")
}

async fn guarded(State(inside): State<Arc<Inside>>, request: Request, next: Next) -> Response {
    let mut response = if request.uri().path_and_query().map_or(0, |target| target.as_str().len()) > LONGEST_TARGET {
        plain(StatusCode::URI_TOO_LONG, "the address is too long")
    } else if is_meant_for_us(inside.bound, &inside.hosts, request.headers(), request.uri()) {
        next.run(request).await
    } else {
        plain(StatusCode::MISDIRECTED_REQUEST, MISDIRECTED)
    };
    harden(&mut response);
    response
}

fn plain(status: StatusCode, text: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{text}\n")).into_response()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn place(uri: &Uri, headers: &HeaderMap) -> Place {
    let language = asked(text(headers, header::COOKIE), text(headers, header::ACCEPT_LANGUAGE));
    Place::read(uri.path_and_query().map_or("/", |target| target.as_str()), language)
}

/// The place that a page asks about.
fn place_of(uri: &Uri, headers: &HeaderMap) -> Place {
    let asking = place(uri, headers);
    Place::read(asking.asks("of").unwrap_or("/"), asking.language)
}

/// Where waiting is allowed.
async fn blocking(make: impl FnOnce() -> Response + Send + 'static) -> Response {
    match tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(make)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            tracing::warn!(%error, "an answer could not be made");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be made; the log says more")
        }
        Err(_) => plain(StatusCode::GATEWAY_TIMEOUT, "it took too long; try again"),
    }
}

async fn page(State(inside): State<Arc<Inside>>, headers: HeaderMap, uri: Uri) -> Response {
    blocking(move || {
        let place = place(&uri, &headers);
        let page = inside.pages.fresh(&place).unwrap_or_else(|| inside.pages.missing(&place));
        let theme = match cookie(text(&headers, header::COOKIE), "theme") {
            Some("light") => "light",
            Some("dark") => "dark",
            _ => "auto",
        };
        let mut variables = json!({
            "path": uri.path_and_query().map_or("/", |target| target.as_str()),
            "theme": theme, "search": place.search(), "query": place.query, "may_write": inside.token.is_some(),
            "version": env!("CARGO_PKG_VERSION"),
        });
        if let (Value::Object(all), Value::Object(more)) = (&mut variables, page.variables) {
            all.extend(more);
        }
        let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match inside.templates.render(page.template, place.language, page.view, variables) {
            Ok(html) => {
                let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
                (status, [kind, (header::VARY, "Accept-Language, Cookie")], html).into_response()
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), template = page.template, "a page could not be made");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made; the log says more")
            }
        }
    })
    .await
}

async fn view(State(inside): State<Arc<Inside>>, headers: HeaderMap, uri: Uri) -> Response {
    blocking(move || match inside.pages.fresh(&place_of(&uri, &headers)) {
        Some(page) => {
            let json = inside.hub.json(&page.view);
            ([(header::CONTENT_TYPE, "application/json")], json).into_response()
        }
        None => plain(StatusCode::NOT_FOUND, "there is no such page"),
    })
    .await
}

async fn events(State(inside): State<Arc<Inside>>, headers: HeaderMap, uri: Uri) -> Response {
    blocking(move || match inside.hub.open(&place_of(&uri, &headers)) {
        Ok(body) => {
            let kind = (header::CONTENT_TYPE, "text/event-stream");
            ([kind, (header::CACHE_CONTROL, "no-store")], body).into_response()
        }
        Err(NoStream::NoPage) => plain(StatusCode::NOT_FOUND, "there is no such page"),
        Err(NoStream::Full) => {
            let full = plain(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open; close some");
            // Its place is for somebody else.
            ([(header::CONNECTION, "close")], full).into_response()
        }
    })
    .await
}

async fn asset(Path(name): Path<String>, uri: Uri) -> Response {
    let Some(asset) = LIVE_PAGE.iter().find(|asset| asset.name == name) else {
        return plain(StatusCode::NOT_FOUND, "there is no such file");
    };
    let is_exact = uri.query().and_then(|query| query.strip_prefix("v=")) == Some(asset.version());
    let keep = if is_exact { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, keep)];
    (headers, asset.text).into_response()
}

/// Language and theme, kept in cookies; then back to where one was.
async fn preferences(uri: Uri) -> Response {
    let asked = Place::read(&uri.to_string(), crate::base::language::Language::En);
    // Browsers take other beginnings for another host.
    let is_own = |back: &&str| {
        back.starts_with('/')
            && !back.starts_with("//")
            && back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    let back = asked.asks("back").filter(is_own).unwrap_or("/");
    let mut response = (StatusCode::SEE_OTHER, Body::empty()).into_response();
    if let Ok(back) = HeaderValue::from_str(back) {
        response.headers_mut().insert(header::LOCATION, back);
    }
    for (name, values) in [("lang", &["en", "fr"][..]), ("theme", &["auto", "light", "dark"][..])] {
        let value = asked.asks(name).filter(|value| values.contains(value));
        let cookie = value.map(|value| format!("{name}={value}; Path=/; SameSite=Lax; Max-Age=31536000"));
        if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// The body is only waited for when who sends it may write, and not for long: a connection is a place that others want.
async fn write(inside: &Inside, request: Request, writing: Writing) -> Response {
    let (head, body) = request.into_parts();
    let Some(token) = &inside.token else {
        return plain(StatusCode::FORBIDDEN, "nothing may be written here: start it with --allow-write");
    };
    if let Err(refusal) = may_write(&head.headers, token) {
        let (status, text) = refusal.answer();
        return plain(status, text);
    }
    let Ok(_permit) = inside.writing.try_acquire() else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "others are writing; try again in a moment");
    };
    match tokio::time::timeout(BODY_PATIENCE, axum::body::to_bytes(body, LONGEST_BODY)).await {
        Ok(Ok(body)) => blocking(move || respond(&writing(&body))).await,
        Ok(Err(_)) => plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long, or was cut short"),
        Err(_) => plain(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive"),
    }
}
