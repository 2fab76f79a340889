//! The pages without Kafka: served, read back, and held to what documents and dictionary promise.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use clap::Parser as _;
use serde_json::{Value, json};

use super::state::State;
use super::views::{FRENCH, TEMPLATES};
use super::{documents, views};
use crate::base::message::{Headers, Message, MessageTime, push_header};
use crate::doors::health::ServiceMeters;
use crate::doors::web::{Dictionary, Server, Site, Writing};
use crate::programs::techshop::TechshopArgs;
use crate::programs::techshop::names::Names;
use crate::words::shop::Catalogue;

/// A site that shows `state`.
fn serve(state: &Arc<State>, token: Option<String>) -> Server {
    let meters = Arc::new(ServiceMeters::new("techshop_dashboard"));
    let shown = Arc::clone(state);
    let writing: Writing =
        Arc::new(|_| crate::doors::web::Answer { status: 200, content_type: "text/plain", body: "written".to_owned() });
    let served = documents::all(state, &meters, move || documents::trouble(&shown, None));
    let site = Site {
        pages: Arc::clone(state) as Arc<dyn crate::doors::web::Pages>,
        templates: TEMPLATES,
        dictionary: Arc::clone(&state.dictionary),
        probes: served.probes,
        figures: served.figures,
        documents: served.documents,
        writings: vec![("/api/restocks", writing)],
        token,
        hosts: Vec::new(),
        limits: crate::doors::web::Limits::default(),
    };
    Server::site("127.0.0.1:0", site).expect("a free port")
}

fn state() -> Arc<State> {
    let args = TechshopArgs::parse_from(["techshop", "setup-topics"]);
    let dictionary = Dictionary::read(FRENCH).expect("JSON");
    let state = State::new(Catalogue::built_in().expect("ours"), Names::new(&args.common), dictionary, false);
    Arc::new(state)
}

/// Status, head and body.
fn ask(address: SocketAddr, method: &str, target: &str, more: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head.to_ascii_lowercase(), body.to_owned())
}

fn get(address: SocketAddr, target: &str) -> (u16, String, String) {
    ask(address, "GET", target, "")
}

/// Tells `state` of an order, as `process` would.
fn tell(state: &State, offset: i64, order: &Value) {
    let payload = order.to_string();
    let mut headers = Vec::new();
    push_header(&mut headers, b"order-source", Some(format!("techshop.orders/0@{offset}").as_bytes()));
    push_header(&mut headers, b"order-timestamp-ms", Some(b"1795323260000"));
    let message = Message {
        partition: 0,
        offset,
        time: MessageTime::Create(1_795_323_260_021),
        key: None,
        payload: Some(payload.as_bytes()),
        headers: Headers::from_block(&headers),
        leader_epoch: None,
    };
    let mut figures = state.figures.write().expect("whole");
    if order["status"] == "confirmed" { figures.sale(&message) } else { figures.refusal(&message) }
}

fn order(id: &str, text: &str) -> Value {
    json!({
        "order_id": id, "customer_id": text, "customer_email": "alice.martin@email.com", "customer_vip": true,
        "customer_region": text, "product_id": text, "product_name": text, "product_category": text, "price": 10,
        "quantity": 2, "total": 20, "timestamp": "2026-11-22T04:54:05Z", "status": "confirmed",
    })
}

const PAGES: [&str; 6] = ["/", "/orders", "/stock", "/errors", "/notifications", "/kafka"];

#[test]
fn every_word_of_the_templates_has_its_french_and_no_french_is_left_over() {
    assert_eq!(crate::doors::web::checks::untold(TEMPLATES, FRENCH), Vec::<String>::new());
}

#[test]
fn what_is_described_is_served_and_what_is_served_is_described() {
    let state = state();
    let server = serve(&state, None);
    let (_, _, body) = get(server.address(), "/openapi.json");
    let described: Value = serde_json::from_str(&body).expect("JSON");
    let paths = described["paths"].as_object().expect("paths");
    let all = documents::all(&state, &Arc::new(ServiceMeters::new("x")), || None);
    let at_once = all.probes.iter().chain(&all.figures).map(|(path, _)| *path);
    let served: BTreeSet<&str> = at_once
        .chain(all.documents.iter().map(|(path, _)| *path))
        .chain(["/events", "/api/view", "/api/restocks"])
        .collect();
    assert_eq!(paths.keys().map(String::as_str).collect::<BTreeSet<_>>(), served);
    for (path, methods) in paths {
        if path != "/events" && methods.get("get").is_some() {
            let (status, head, _) = get(server.address(), path);
            let kinds = methods["get"]["responses"][status.to_string()]["content"].as_object().expect("described");
            assert!(kinds.keys().any(|kind| head.contains(&format!("content-type: {kind}"))), "{path}: {head}");
        }
    }
}

#[test]
fn an_empty_shop_and_a_hostile_one_read_well_in_both_languages() {
    let hostile = "<script>alert(1)</script>\"'\u{202e}&amp;";
    let state = state();
    let server = serve(&state, None);
    for is_hostile in [false, true] {
        if is_hostile {
            tell(&state, 1, &order(hostile, hostile));
            let mut refused = order(hostile, hostile);
            refused["status"] = json!("invalid");
            refused["error_reason"] = json!(hostile);
            tell(&state, 2, &refused);
        }
        for page in PAGES.into_iter().chain(["/orders/%3Cscript%3E", "/nowhere%3Cscript%3E"]) {
            for language in ["en", "fr"] {
                let (status, head, body) = ask(server.address(), "GET", page, &format!("Cookie: lang={language}\r\n"));
                assert_eq!(status, if page.starts_with("/nowhere") { 404 } else { 200 }, "{page}: {body}");
                assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
                assert!(body.contains(&format!("<html lang=\"{language}\"")), "{page}");
                assert!(!body.contains("<script>alert") && !body.contains("alice.martin@"), "{page}: {body}");
                assert!(!body.contains(" style="), "{page}");
            }
        }
    }
    assert!(get(server.address(), "/").2.contains("&lt;script&gt;alert(1)"));
    let (_, _, json) = get(server.address(), "/metrics");
    let metrics: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&metrics["total_orders"], &metrics["error_count"]), (&json!(1), &json!(1)));
    assert_eq!(metrics["orders_by_region"][hostile], json!(1));
}

#[test]
fn filters_find_what_they_ask_for_and_no_hidden_address() {
    let state = state();
    let server = serve(&state, None);
    tell(&state, 1, &order("ORD-1", "Lyon"));
    tell(&state, 2, &order("ORD-2", "Nice"));
    let rows = |target: &str| {
        let of: String = form_urlencoded::byte_serialize(target.as_bytes()).collect();
        let (_, _, body) = get(server.address(), &format!("/api/view?of={of}"));
        let view: Value = serde_json::from_str(&body).expect("JSON");
        view["tables"]["orders"].as_array().expect("rows").len()
    };
    for (target, expected) in [
        ("/orders", 2),
        ("/orders?q=ord-2", 1),
        ("/orders?region=Lyon", 1),
        ("/orders?region=Lyon&q=nice", 0),
        ("/orders?status=invalid", 0),
        ("/orders?q=alice", 0),
    ] {
        assert_eq!(rows(target), expected, "{target}");
    }
}

#[test]
fn long_lists_are_sorted_and_paged_by_links_alone() {
    let state = state();
    let server = serve(&state, None);
    for number in 0..450 {
        let mut order = order(&format!("ORD-{:03}", (number * 7) % 450), "Lyon");
        if number % 2 == 1 {
            (order["status"], order["error_reason"]) = (json!("invalid"), json!("no such thing"));
        }
        tell(&state, number, &order);
    }
    let ids = |target: &str, table: &str| -> Vec<String> {
        let of: String = form_urlencoded::byte_serialize(target.as_bytes()).collect();
        let (_, _, body) = get(server.address(), &format!("/api/view?of={of}"));
        let view: Value = serde_json::from_str(&body).expect("JSON");
        let rows = view["tables"][table].as_array().expect("rows");
        rows.iter().map(|row| row["cells"][1]["title"].as_str().expect("an id").to_owned()).collect()
    };
    let sorted = ids("/orders?sort=order&page=3", "orders");
    assert_eq!(sorted, (400..450).map(|number| format!("ORD-{number:03}")).collect::<Vec<_>>());
    assert_eq!(ids("/errors?sort=order&order=desc", "errors").len(), 200);
    let (_, _, html) = get(server.address(), "/orders?sort=order&page=2");
    for part in [
        "aria-sort=\"ascending\"><a href=\"/orders?order=desc&amp;sort=order\">Order</a>",
        "href=\"/orders?sort=order\" data-optional>Previous page</a>",
        "href=\"/orders?page=3&amp;sort=order\" data-optional>Next page</a>",
        ">page 2 of 3</span>",
    ] {
        assert!(html.replace("&#x2f;", "/").contains(part), "no {part}");
    }
}

#[test]
fn preferences_are_kept_and_lead_only_back_here() {
    let server = serve(&state(), None);
    let (status, head, _) = get(server.address(), "/preferences?lang=fr&theme=dark&back=/stock%3Fa%3Db");
    assert_eq!(status, 303);
    for text in ["location: /stock?a=b", "set-cookie: lang=fr;", "set-cookie: theme=dark;"] {
        assert!(head.contains(text), "{head}");
    }
    for back in ["//evil.example", "/\\evil.example", "https://evil.example", "/a%0d%0aSet-Cookie:x=y"] {
        let (_, head, _) = get(server.address(), &format!("/preferences?lang=xx&back={back}"));
        assert!(head.contains("location: /\r\n") && !head.contains("set-cookie"), "{head}");
    }
}

#[test]
fn the_last_hour_is_plotted_to_the_minute() {
    let state = state();
    tell(&state, 1, &order("ORD-1", "Lyon"));
    let figures = state.figures();
    // The order's own minute, and the one in which Kafka took it.
    let hour = views::hour_at(&figures, 1_795_323_260_021);
    assert_eq!(hour.len(), 60);
    assert_eq!(hour.iter().map(|(orders, _)| orders).sum::<u64>(), 1);
    assert_eq!(hour.iter().filter_map(|(_, p99)| *p99).collect::<Vec<_>>(), [21]);
}
