//! The HTTP routes of both services. What failed is told as in RFC 9457.

mod documents;
mod kept;
mod logs;
mod pages;
mod takes;
mod webhooks;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::role::Role;
use super::service::Service;
use crate::doors::store::StoreError;
use crate::doors::web::{Api, Asked, Handle, Method, Route, Told};

/// The longest body, in bytes.
const LONGEST_BODY: usize = 1 << 20;

/// Answers one route.
type Answering = fn(&Arc<Service>, &Asked) -> Told;

/// What both services answer, under their own paths; `*` stands for these.
const OF_BOTH: [(Method, &str, &str, Answering); 8] = [
    (Method::Get, "/wagon-list/orders", "/dev-materiels/orders", pages::list),
    (Method::Get, "/wagon-list/orders/{number}", "/dev-materiels/orders/{number}", pages::page),
    (Method::Get, "/wagon-list/quarantine", "/dev-materiels/quarantine", kept::list),
    (Method::Get, "/wagon-list/quarantine/{id}", "/dev-materiels/quarantine/{id}", kept::one),
    (Method::Post, "/wagon-list/quarantine/{id}/retry", "/dev-materiels/quarantine/{id}/retry", takes::retry),
    (Method::Post, "/wagon-list/quarantine/{id}/discard", "/dev-materiels/quarantine/{id}/discard", takes::discard_one),
    (Method::Get, "/wagon-list/logs", "/dev-materiels/logs", logs::list),
    (Method::Get, "/wagon-list/logs/{id}", "/dev-materiels/logs/{id}", logs::one),
];

const WAGON_LITS: [(Method, &str, Answering); 6] = [
    (Method::Get, "/wagon-list", documents::welcome),
    (Method::Get, "/wagon-list/commands/trigger", takes::trigger),
    (Method::Post, "/wagon-list/commands", takes::update),
    (Method::Post, "/wagon-list/commands/webhook", takes::update),
    (Method::Post, "/wagon-list/orders", takes::own_order),
    (Method::Get, "/wagon-list/status", documents::status),
];

const DEV_MATERIELS: [(Method, &str, Answering); 8] = [
    (Method::Get, "/dev-materiels", documents::welcome),
    (Method::Post, "/dev-materiels/orders", takes::order),
    (Method::Get, "/dev-materiels/orders/status", documents::status),
    (Method::Post, "/dev-materiels/webhooks/subscribe", webhooks::subscribe),
    (Method::Get, "/dev-materiels/webhooks/subscribers", webhooks::subscribers),
    (Method::Delete, "/dev-materiels/webhooks/subscribers/{id}", webhooks::unsubscribe),
    (Method::Get, "/dev-materiels/webhooks/dead-letters", webhooks::letters),
    (Method::Post, "/dev-materiels/webhooks/dead-letters/{id}/redeliver", webhooks::redeliver),
];

const ABOUT: [(&str, Answering); 7] = [
    ("/", documents::welcome),
    ("/healthz", documents::healthz),
    ("/readyz", documents::readyz),
    ("/metrics", documents::metrics),
    ("/openapi.json", documents::openapi),
    ("/schemas/order.json", documents::order_schema),
    ("/schemas/update.json", documents::update_schema),
];

/// Answered however many callers wait for something else.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// All routes of a service: how, where, who answers.
fn all(role: Role) -> Vec<(Method, &'static str, Answering)> {
    let own: &[_] = if role == Role::WagonLits { &WAGON_LITS } else { &DEV_MATERIELS };
    let both = OF_BOTH.iter().map(|(method, wagon, dev, answering)| {
        (*method, if role == Role::WagonLits { *wagon } else { *dev }, *answering)
    });
    let about = ABOUT.iter().map(|(path, answering)| (Method::Get, *path, *answering));
    own.iter().copied().chain(both).chain(about).collect()
}

/// What a service answers.
pub(super) fn api(service: &Arc<Service>) -> Api {
    let hosts = service.wishes.hosts.clone();
    let routes = all(service.role).into_iter().map(|(method, path, answering)| {
        let service = Arc::clone(service);
        let handle: Handle = Arc::new(move |asked| answering(&service, asked));
        Route { method, path, handle, is_probe: PROBES.contains(&path) }
    });
    Api {
        routes: routes.collect(),
        longest_body: LONGEST_BODY,
        hosts,
        refusal: |status, reason| problem(status, reason),
    }
}

/// A JSON document.
fn told(status: u16, body: &Value) -> Told {
    Told { status, content_type: "application/json", body: format!("{body}\n"), headers: Vec::new() }
}

/// A text.
fn text(status: u16, body: &str) -> Told {
    Told { status, content_type: "text/plain; charset=utf-8", body: format!("{body}\n"), headers: Vec::new() }
}

/// What a refusal is called, and what to do about it.
fn kind(status: u16) -> (&'static str, &'static str, &'static str) {
    match status {
        400 => ("not-json", "The body is no JSON object", "send one JSON object; /schemas/ has their shapes"),
        403 => ("foreign-page", "The request comes from another site", "ask from this machine, not from a page"),
        404 => ("not-found", "There is nothing", "see /openapi.json for what there is"),
        405 => ("wrong-method", "This path is asked in another way", "see /openapi.json"),
        409 => ("conflict", "Another order has this number", "take another number; the first order stays as it is"),
        413 => ("too-long", "The body is too long", "a body has at most 1 MiB"),
        415 => ("not-json-type", "The body says that it is no JSON", "send content-type: application/json"),
        422 => ("wrong-content", "The content is not taken", "mend what errors lists, then send it again"),
        503 => ("not-now", "Nothing was kept", "send the same again after Retry-After seconds"),
        _ => ("refused", "The request is refused", "see detail"),
    }
}

/// A refusal, in words.
fn problem(status: u16, detail: &str) -> Told {
    problem_with(status, detail, Map::new())
}

/// A refusal with more to it.
fn problem_with(status: u16, detail: &str, more: Map<String, Value>) -> Told {
    let (name, title, next) = kind(status);
    let mut body = Map::new();
    body.insert("type".to_owned(), format!("urn:ordertrail:supply:{name}").into());
    body.insert("title".to_owned(), title.into());
    body.insert("status".to_owned(), status.into());
    body.insert("detail".to_owned(), detail.into());
    body.insert("next".to_owned(), next.into());
    body.extend(more);
    let headers = if status == 503 { vec![("retry-after", "1".to_owned())] } else { Vec::new() };
    let body = format!("{}\n", Value::Object(body));
    Told { status, content_type: "application/problem+json", body, headers }
}

/// What is said when the store does not do what it should.
fn unkept(error: &StoreError) -> Told {
    problem_with(503, &error.to_string(), Map::from_iter([("kept".to_owned(), json!(false))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described() {
        for role in [Role::WagonLits, Role::DevMateriels] {
            let described = documents::description(role);
            let paths = described["paths"].as_object().expect("paths");
            for (method, path, _) in all(role) {
                let method = documents::method_text(method);
                assert!(paths.get(path).is_some_and(|path| path.get(method).is_some()), "{method} {path}");
            }
        }
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let refused = problem(503, "x");
        assert_eq!((refused.status, refused.headers.len()), (503, 1));
        let body: Value = serde_json::from_str(&refused.body).expect("JSON");
        assert_eq!(body["type"], "urn:ordertrail:supply:not-now");
        assert_eq!(body["detail"], "x");
    }
}
