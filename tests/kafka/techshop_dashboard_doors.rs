//! `techshop dashboard` without a browser: what programs read, who may write, and what nobody may see.

use crate::harness::{Answer, Need, Process, SHORT, Scratch, Shop, free_port, program, send, wait_until};
use crate::techshop_dashboard_shop::{Dashboard, order};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "techshop_dashboard_doors",
        &[Need::Broker],
        [
            programs_read_the_same_figures,
            what_is_described_is_answered_and_nothing_else,
            only_our_own_pages_with_the_token_may_write,
            nothing_is_written_unless_it_was_allowed,
            a_restock_that_is_sent_twice_is_added_once,
            what_is_too_long_is_refused,
            addresses_are_shown_to_nobody,
            addresses_are_shown_when_asked_for,
            a_taken_port_is_refused_by_the_name_of_its_flag,
        ]
    )
}

fn programs_read_the_same_figures() {
    let shop = Shop::new().set_up();
    shop.run(&["produce", "--count", "120"]).expect_code(0);
    shop.order_raw(&[b"what?".to_vec()]);
    shop.decide_all();
    let dashboard = shop.dashboard(&[]);
    let counted = shop.counted();
    let metrics = dashboard.get("/metrics");
    assert_eq!(metrics.header("content-type"), "application/json");
    let metrics = metrics.json();
    let names: BTreeSet<&str> = metrics.as_object().expect("an object").keys().map(String::as_str).collect();
    let due = ["total_orders", "total_revenue", "orders_by_region", "top_products", "error_count", "last_update"];
    assert_eq!(names, BTreeSet::from(due), "the shape that the original has");
    assert_eq!(metrics["total_orders"], json!(counted.confirmed));
    assert_eq!(metrics["total_revenue"].as_f64(), Some(counted.revenue_cents as f64 / 100.0));
    assert_eq!(metrics["error_count"], json!(counted.errors()));
    let regions: Value = counted.regions.iter().map(|(name, (_, orders))| (name.clone(), json!(orders))).collect();
    assert_eq!(metrics["orders_by_region"], regions);
    assert_eq!(metrics["top_products"], json!(counted.product_orders));
    let updated_s = metrics["last_update"].as_f64().expect("seconds since 1970");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later than 1970");
    assert!((now.as_secs_f64() - updated_s).abs() < SHORT.as_secs_f64(), "{updated_s}");
    let text = dashboard.get("/metrics/prometheus");
    let samples = prometheus(&text.body);
    let sample = |name: &str| {
        let found = samples.iter().find(|(one, _)| one == name);
        found.unwrap_or_else(|| panic!("no {name} in {}", text.body)).1
    };
    assert_eq!(sample("techshop_orders_total{status=\"confirmed\"}"), counted.confirmed as f64);
    assert_eq!(sample("techshop_orders_total{status=\"out_of_stock\"}"), counted.out_of_stock as f64);
    assert_eq!(sample("techshop_orders_total{status=\"invalid\"}"), counted.invalid as f64);
    assert_eq!(sample("techshop_revenue_euros_total"), counted.revenue_cents as f64 / 100.0);
}

/// Names with labels, and values, of OpenMetrics text; panics at what a scraper would refuse.
#[track_caller]
fn prometheus(text: &str) -> Vec<(String, f64)> {
    let body = text.strip_suffix("# EOF\n").unwrap_or_else(|| panic!("it ends with # EOF: {text}"));
    let (mut samples, mut families) = (Vec::<(String, f64)>::new(), Vec::<String>::new());
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (what, name) = (words.next().expect("a word"), words.next().expect("a name"));
            assert!(["HELP", "TYPE", "UNIT"].contains(&what), "{line}");
            if families.last().is_none_or(|last| last != name) {
                assert!(!families.iter().any(|family| family == name), "{name} is told twice");
                families.push(name.to_owned());
            }
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line:?}"));
        let bare = name.split('{').next().expect("a name");
        let family = families.last().unwrap_or_else(|| panic!("{line} before any family"));
        let is_of_family = bare
            .strip_prefix(family.as_str())
            .is_some_and(|rest| ["", "_total", "_created", "_count", "_sum", "_bucket", "_info"].contains(&rest));
        assert!(is_of_family, "{line} does not belong to {family}");
        assert!(name.contains('{') == name.ends_with('}'), "{line}");
        assert!(!samples.iter().any(|(one, _)| one == name), "{name} has two values");
        samples.push((name.to_owned(), value.parse().unwrap_or_else(|error| panic!("{error}: {line}"))));
    }
    samples
}

fn what_is_described_is_answered_and_nothing_else() {
    let shop = Shop::new().set_up();
    shop.order_raw(&[order("ORD-1", &json!({}))]);
    shop.decide_all();
    let dashboard = shop.dashboard(&["--allow-write"]);
    wait_until("Kafka was looked at", SHORT, || (dashboard.get("/api/kafka").status == 200).then_some(()));
    let description = dashboard.get("/openapi.json").json();
    assert!(description["openapi"].as_str().is_some_and(|version| version.starts_with("3.")), "{description}");
    let paths = description["paths"].as_object().expect("paths");
    let named: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    let routes = [
        "/metrics",
        "/metrics/prometheus",
        "/health",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/events",
        "/api/view",
        "/api/kafka",
        "/api/restocks",
        "/errors.json",
        "/errors.csv",
    ];
    assert_eq!(named, BTreeSet::from(routes));
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            // A stream has no end that could be waited for; the browser's tests read it.
            if path == "/events" {
                continue;
            }
            let answer = send(dashboard.port, &method.to_uppercase(), path, &[], "").expect("it answers");
            let described = &operation["responses"][answer.status.to_string()];
            assert!(described.is_object(), "{method} {path} answers {}, which is not described", answer.status);
            let kind = answer.header("content-type").split(';').next().expect("a kind");
            assert!(described["content"][kind].is_object(), "{method} {path}: {kind} is not described: {described}");
            let other = if method == "get" { "POST" } else { "GET" };
            let json = [("Content-Type", "application/json")];
            let refused = send(dashboard.port, other, path, &json, "").expect("it answers").status;
            assert_eq!(refused, 405, "{other} {path}");
        }
    }
    assert_eq!(dashboard.get("/nothing").status, 404);
    assert_eq!(dashboard.get("/api/view?of=/nothing").status, 404);
}

const RESTOCK: &str = r#"{"restock_id":"01a93b8e-6f7c-4d3e-9a51-0c2b7d8e9f10","product_id":"P001","quantity":20}"#;

/// A restock with these headers beside its content type.
#[track_caller]
fn restock(dashboard: &Dashboard, headers: &[(&str, &str)]) -> Answer {
    let mut all = vec![("Content-Type", "application/json")];
    all.retain(|(name, _)| !headers.iter().any(|(other, _)| other == name));
    all.extend_from_slice(headers);
    send(dashboard.port, "POST", "/api/restocks", &all, RESTOCK).expect("it answers")
}

#[track_caller]
fn token_of(shop: &Shop) -> String {
    let path = shop.scratch.join("dashboard.token");
    let mode = std::fs::metadata(&path).expect("the token is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only its owner may read it");
    format!("Bearer {}", std::fs::read_to_string(&path).expect("ours").trim())
}

fn only_our_own_pages_with_the_token_may_write() {
    let shop = Shop::new().set_up();
    let dashboard = shop.dashboard(&["--allow-write"]);
    let token = token_of(&shop);
    let with_token = ("Authorization", token.as_str());
    let status = |headers: &[(&str, &str)]| restock(&dashboard, headers).status;
    assert_eq!(status(&[]), 401);
    assert_eq!(status(&[("Authorization", "Bearer guess")]), 401);
    assert_eq!(status(&[("Authorization", "")]), 401);
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1.evil.example"] {
        assert_eq!(status(&[with_token, ("Origin", origin)]), 403, "{origin}");
    }
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(status(&[with_token, ("Sec-Fetch-Site", site)]), 403, "{site}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        assert_eq!(status(&[with_token, ("Content-Type", kind)]), 415, "{kind}");
    }
    for host in ["evil.example", "evil.example:5000", "localhost.evil.example", "10.0.0.1"] {
        assert_eq!(status(&[with_token, ("Host", host)]), 421, "{host}");
        for path in ["/", "/metrics", "/events?of=/", "/assets/page.js", "/api/view?of=/"] {
            let answer = send(dashboard.port, "GET", path, &[("Host", host)], "").expect("it answers");
            assert_eq!(answer.status, 421, "{host}{path}");
        }
    }
    assert!(shop.kafka.dump(&shop.topic("restocks")).is_empty(), "none of them came through");
}

fn nothing_is_written_unless_it_was_allowed() {
    let shop = Shop::new().set_up();
    let dashboard = shop.dashboard(&[]);
    let answer = restock(&dashboard, &[("Authorization", "Bearer guess")]);
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("--allow-write"), "{}", answer.body);
    assert!(!shop.scratch.join("dashboard.token").exists(), "no token is made");
    assert!(shop.kafka.dump(&shop.topic("restocks")).is_empty());
}

fn a_restock_that_is_sent_twice_is_added_once() {
    let shop = Shop::new().set_up();
    let _process: Process = shop.active();
    let dashboard = shop.dashboard(&["--allow-write"]);
    let token = token_of(&shop);
    let own = format!("http://127.0.0.1:{}", dashboard.port);
    let headers = [("Authorization", token.as_str()), ("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let first = restock(&dashboard, &headers);
    assert_eq!(first.status, 200, "{}", first.body);
    assert!(first.body.contains("50 → 70 (+20)"), "{}", first.body);
    let again = restock(&dashboard, &headers);
    assert_eq!((again.status, again.body), (200, first.body), "the same one has the same answer");
    // One that comes behind both tells what they came to.
    shop.run(&["restock", "P001", "1"]).expect_code(0);
    let exit = shop.run(&["stock", "--json"]);
    let told: Value = serde_json::from_str(&exit.stdout).expect("JSON");
    let products = told["products"].as_array().expect("products");
    let product = products.iter().find(|product| product["product_id"] == json!("P001")).expect("it is there");
    assert_eq!((&product["stock"], &product["restocked"]), (&json!(71), &json!(21)));
    let bad = [("restock_id", json!("1")), ("quantity", json!(0)), ("quantity", json!(1.5)), ("product_id", json!(""))];
    for (name, value) in bad {
        let mut body: Value = serde_json::from_str(RESTOCK).expect("JSON");
        body[name] = value;
        let all = [headers.as_slice(), &[("Content-Type", "application/json")]].concat();
        let answer = send(dashboard.port, "POST", "/api/restocks", &all, &body.to_string()).expect("it answers");
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
    }
}

fn what_is_too_long_is_refused() {
    let shop = Shop::new().set_up();
    let dashboard = shop.dashboard(&["--allow-write"]);
    let token = token_of(&shop);
    assert_eq!(dashboard.get(&format!("/orders?q={}", "x".repeat(3_000))).status, 414);
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
    let long = format!("{{\"product_id\":\"{}\"}}", "x".repeat(5_000));
    let answer = send(dashboard.port, "POST", "/api/restocks", &headers, &long).expect("it answers");
    assert_eq!(answer.status, 413);
    let cookie = "x".repeat(20_000);
    let answer = send(dashboard.port, "GET", "/", &[("Cookie", &cookie)], "");
    assert!(answer.is_none_or(|answer| answer.status == 431), "a head of 20 kB is refused");
    assert_eq!(dashboard.get("/healthz").status, 200);
}

/// Every place where something of an order may be shown.
fn places(ids: &[&str]) -> Vec<String> {
    let fixed = ["/", "/orders", "/errors", "/notifications", "/stock", "/kafka", "/orders?q=alice", "/orders?q=email"];
    let orders = ids.iter().map(|id| format!("/orders/{id}"));
    let mut places: Vec<String> = fixed.map(str::to_owned).into_iter().chain(orders).collect();
    let views: Vec<String> = places.iter().map(|place| format!("/api/view?of={}", place.replace('?', "%3F"))).collect();
    places.extend(views);
    places.extend(["/errors.json", "/errors.csv", "/api/kafka", "/metrics", "/metrics/prometheus"].map(str::to_owned));
    places
}

/// Orders of three customers: one confirmed, one out of stock, others invalid in several ways.
fn shop_of_customers() -> Shop {
    let shop = Shop::new().set_up();
    let bob = json!({"customer_id": "bob.durand", "customer_email": "bob.durand@email.com", "product_id": "P002",
        "price": 2499, "quantity": 100, "total": 249_900});
    let invalid = order("ORD-3", &json!({"customer_email": "carol.bernard@email.com", "quantity": 0}));
    let torn = b"{\"order_id\":\"ORD-4\",\"customer_email\":\"david.petit@email.com\",".to_vec();
    let nested = order("ORD-5", &json!({"cc": ["emma.lopez@email.com"], "note": "call zoe@shop.example"}));
    let used = order("ORD-1", &json!({"customer_email": "yann@shop.example"}));
    shop.order_raw(&[order("ORD-1", &json!({})), order("ORD-2", &bob), invalid, torn, nested, used]);
    shop.decide_all();
    shop.notify_all(&[]);
    shop
}

const IDS: [&str; 6] = ["ORD-1", "ORD-2", "ORD-3", "ORD-4", "ORD-5", "k"];

fn addresses_are_shown_to_nobody() {
    let shop = shop_of_customers();
    let dashboard = shop.dashboard(&[]);
    let unnamed = unnamed(&dashboard);
    let ids: Vec<&str> = IDS.into_iter().chain(unnamed.iter().map(String::as_str)).collect();
    for place in places(&ids) {
        let answer = dashboard.get(&place);
        assert_eq!(answer.status, if answer.status == 404 { 404 } else { 200 }, "{place}");
        for address in ["@email.com", "@shop.example"] {
            for (at, _) in answer.body.match_indices(address) {
                let before = &answer.body[..at];
                assert!(before.ends_with('•'), "{place} tells an address: {:?}", tail(before));
            }
        }
    }
    assert!(dashboard.get("/orders").body.contains("al•••@email.com"));
    assert!(!dashboard.get("/orders?q=alice").body.contains("ORD-1"), "what is hidden is not found either");
}

/// The ids of pages of orders without a number.
fn unnamed(dashboard: &Dashboard) -> Vec<String> {
    let rows = dashboard.get("/api/view?of=/errors").json();
    let rows = rows["tables"]["errors"].as_array().expect("rows").clone();
    let ids = rows.iter().filter_map(|row| row["href"].as_str()?.strip_prefix("/orders/").map(str::to_owned));
    ids.filter(|id| id.starts_with('@')).collect()
}

fn tail(text: &str) -> String {
    text.chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect()
}

fn addresses_are_shown_when_asked_for() {
    let shop = shop_of_customers();
    let dashboard = shop.dashboard(&["--unmask"]);
    assert!(dashboard.get("/orders").body.contains("alice.martin@email.com"));
    assert!(dashboard.get("/orders?q=alice").body.contains("ORD-1"));
    assert!(dashboard.get("/orders/ORD-1").body.contains("alice.martin@email.com"));
    assert!(dashboard.get("/errors.csv").body.contains("bob.durand@email.com"));
}

fn a_taken_port_is_refused_by_the_name_of_its_flag() {
    let shop = Shop::new().set_up();
    let port = free_port();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).expect("it is free");
    let scratch = Scratch::new("taken");
    for flags in [["--port".to_owned(), port.to_string()], ["--listen".to_owned(), format!("127.0.0.1:{port}")]] {
        let run = program("techshop", &scratch).cluster(&shop.kafka).arg("dashboard").args(&flags);
        let exit = run.finish();
        exit.expect_code(1).expect_message(&[&port.to_string()]);
        assert!(exit.stderr.contains("--listen") || exit.stderr.contains("--port"), "{}", exit.stderr);
    }
}
