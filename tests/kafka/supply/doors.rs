//! The HTTP routes: codes, shapes, and the same thing by many at once.

use super::pair::{ORDER, Pair, numbered, page, post};
use crate::harness::{LONG, Need, SHORT, get, send, shared, wait_until};
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "supply_doors",
        &[Need::Broker],
        [
            by_both_roads_and_by_many_at_once_an_order_has_one_effect,
            what_is_wrong_is_refused_with_what_to_do,
            the_routes_of_the_original_answer_as_it_did,
            what_programs_read,
            a_second_process_stands_by,
        ]
    )
}

fn by_both_roads_and_by_many_at_once_an_order_has_one_effect() {
    let pair = Pair::new(shared());
    let orders = pair.topic("orders");
    pair.kafka.make_topic(&orders, 3);
    let _dev = pair.dev(&["--interval", "1h"]);
    let body = numbered("WL-1234-5678");
    let record = crate::harness::Record::new(1, body.clone()).key("WL-1234-5678");
    let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
        let by_kafka = scope.spawn(|| pair.kafka.produce(&orders, &[record]));
        let call = || {
            let answer = post(pair.dev_port(), "/dev-materiels/orders", &[], &body).expect("it answers");
            (answer.status, answer.body)
        };
        let calls: Vec<_> = (0..32).map(|_| scope.spawn(call)).collect();
        let answers = calls.into_iter().map(|call| call.join().expect("no panic")).collect();
        by_kafka.join().expect("no panic");
        answers
    });
    assert!(answers.iter().filter(|(status, _)| *status == 201).count() <= 1, "{answers:?}");
    assert!(answers.iter().all(|(status, _)| matches!(status, 200 | 201)), "{answers:?}");
    assert!(answers.iter().all(|(_, body)| *body == answers[0].1), "the same receipt to the byte");
    let page = wait_until("the message has come, too", LONG, || {
        let page = pair.dev_page("WL-1234-5678");
        let copies = |road: &str| page["copies"][road].as_u64().unwrap_or_default();
        (copies("kafka") + copies("http") == 32).then_some(page)
    });
    assert_eq!(page["history"].as_array().map(Vec::len), Some(1), "{page:#}");
    assert_eq!(Pair::numbers(pair.dev_port(), "/dev-materiels/orders").len(), 1);
}

fn what_is_wrong_is_refused_with_what_to_do() {
    let pair = Pair::new(shared());
    let _dev = pair.dev(&["--interval", "1h"]);
    let to = "/dev-materiels/orders";
    let ask = |headers: &[(&str, &str)], body: &str| post(pair.dev_port(), to, headers, body).expect("it answers");
    let first = ask(&[("Idempotency-Key", "k")], &numbered("WL-1"));
    assert_eq!(first.status, 201);
    let again = ask(&[("Idempotency-Key", "k")], &numbered("WL-1"));
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, "true"));
    assert_eq!(again.body, first.body);
    let other = numbered("WL-1").replace("NORMAL", "HIGH");
    let cases = [
        (409, ask(&[], &other)),
        (422, ask(&[("Idempotency-Key", "k")], &numbered("WL-2"))),
        (422, ask(&[], ORDER)),
        (400, ask(&[], "{")),
        (400, ask(&[], "[]")),
        (413, ask(&[], &" ".repeat(1_100_000))),
        (415, send(pair.dev_port(), "POST", to, &[("Content-Type", "text/plain")], "{}").expect("it answers")),
        (403, ask(&[("Origin", "http://evil.example")], &numbered("WL-3"))),
        (421, ask(&[("Host", "evil.example")], &numbered("WL-3"))),
        (404, get(pair.dev_port(), "/dev-materiels/orders/WL-3").expect("it answers")),
        (404, get(pair.dev_port(), "/wagon-list/orders").expect("it answers")),
        (405, send(pair.dev_port(), "DELETE", to, &[], "").expect("it answers")),
        (422, get(pair.dev_port(), "/dev-materiels/orders?limit=0").expect("it answers")),
    ];
    for (status, answer) in cases {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
        let body = answer.json();
        for field in ["type", "title", "detail", "next"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {body}");
        }
    }
    let wrong = ask(&[], ORDER).json();
    assert_eq!(wrong["errors"][0]["path"], "orderNumber");
    let conflict = pair.dev_page("WL-1");
    let kept = conflict["conflicts"][0]["body"].as_str().expect("kept");
    assert_eq!(kept, other, "the exact bytes of what came second");
    assert_eq!(Pair::numbers(pair.dev_port(), to), ["WL-1"]);
}

fn the_routes_of_the_original_answer_as_it_did() {
    let pair = Pair::new(shared());
    let _dev = pair.dev(&["--interval", "50ms"]);
    let _wagon = pair.wagon(&[]);
    let (wagon, dev) = (pair.wagon_port(), pair.dev_port());
    let trigger = get(wagon, "/wagon-list/commands/trigger?wait=8s").expect("it answers");
    assert_eq!(trigger.status, 200, "{trigger:?}");
    let receipt = trigger.json();
    for field in ["confirmationId", "orderNumber", "received", "status", "estimatedDelivery", "message"] {
        assert!(receipt[field].is_string(), "{field} of {receipt}");
    }
    let number = receipt["orderNumber"].as_str().expect("a number").to_owned();
    assert!(number.len() == 12 && number.starts_with("WL-"), "{number}");
    pair.wait_shipped(std::slice::from_ref(&number));
    let update = json!({
        "orderNumber": number, "timestamp": "2001-01-01T00:00:00Z", "status": "PROCESSING", "updateMessage": "Vieille",
    });
    for (status, path) in [(201, "/wagon-list/commands"), (200, "/wagon-list/commands/webhook")] {
        let answer = post(wagon, path, &[], &update.to_string()).expect("it answers");
        assert_eq!((answer.status, &answer.json()["received"]), (status, &json!(true)), "{answer:?}");
        assert_eq!(answer.json()["status"], "SHIPPED", "never backwards");
    }
    let unknown = update.to_string().replace(&number, "WL-0-0");
    let answer = post(wagon, "/wagon-list/commands", &[], &unknown).expect("it answers");
    assert_eq!((answer.status, &answer.json()["received"]), (202, &json!(false)));
    // It comes, and with it what was early.
    assert!(
        post(wagon, "/wagon-list/orders?wait=0s", &[], &numbered("WL-0-0")).is_some_and(|answer| answer.status < 300)
    );
    assert_eq!(pair.wagon_page("WL-0-0")["history"][1]["updateMessage"], "Vieille");
    let status = page(dev, "/dev-materiels/orders/status");
    assert_eq!((&status["status"], &status["service"]), (&json!("active"), &json!("Dev-Materiels")));
    let callback = format!("http://127.0.0.1:{}/wagon-list/commands/webhook", pair.to_wagon.port());
    let body = json!({"client": "wagon-lits", "callbackUrl": callback}).to_string();
    for status in [201, 200] {
        assert_eq!(post(dev, "/dev-materiels/webhooks/subscribe", &[], &body).expect("it answers").status, status);
    }
    let other = body.replace("127.0.0.1", "10.0.0.1");
    assert_eq!(post(dev, "/dev-materiels/webhooks/subscribe", &[], &other).expect("it answers").status, 422);
    for (port, path) in [(wagon, "/wagon-list"), (dev, "/dev-materiels")] {
        assert!(get(port, path).expect("it answers").body.starts_with("Bienvenue"));
        let logs = page(port, &format!("{path}/logs?level=info&limit=2&skip=1"));
        assert_eq!((&logs["count"], &logs["limit"], &logs["skip"]), (&json!(2), &json!(2), &json!(1)));
        let line = &logs["logs"][0];
        let id = line["id"].as_str().expect("an id");
        assert_eq!(&page(port, &format!("{path}/logs/{id}")), line);
    }
    let file = std::fs::read_dir(pair.scratch.join("wagon-lits")).expect("there").flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with("wagon-lits-20") && name.ends_with(".log")
    });
    assert!(file, "a log with the day in its name");
}

fn what_programs_read() {
    let pair = Pair::new(shared());
    let _dev = pair.dev(&["--interval", "20ms"]);
    let _wagon = pair.wagon(&[]);
    let numbers = [pair.order("k")];
    pair.wait_shipped(&numbers);
    let port = pair.wagon_port();
    assert_eq!(page(port, "/readyz")["ready"], true);
    assert_eq!(get(port, "/healthz").expect("it answers").status, 200);
    let openapi = page(port, "/openapi.json");
    assert!(openapi["paths"]["/wagon-list/orders/{number}"]["get"].is_object());
    let schema: Value = page(port, "/schemas/order.json");
    assert_eq!(schema["properties"]["priority"]["enum"], json!(["HIGH", "NORMAL"]));
    let metrics = get(port, "/metrics").expect("it answers").body;
    for line in [
        "supply_accepted_total 1",
        "supply_received_total{kind=\"update\",path=\"",
        "supply_outbox_rows{lane=\"kafka\"} ",
        "supply_commit_seconds_bucket{",
    ] {
        assert!(metrics.contains(line), "{line} is not in:\n{metrics}");
    }
    let shipped = page(port, "/wagon-list/orders?status=SHIPPED");
    assert_eq!((&shipped["count"], &shipped["total"]), (&json!(1), &json!(1)));
    assert_eq!(page(port, "/wagon-list/orders?status=NEW")["count"], 0);
}

fn a_second_process_stands_by() {
    let pair = Pair::new(shared());
    let mut first = pair.wagon(&[]);
    let number = pair.order("k");
    let mut second = crate::harness::program("supply", &pair.scratch)
        .cluster(&pair.kafka)
        .args(["--topic-prefix", &pair.prefix, "wagon-lits", "--dir", "wagon-lits", "--count", "0"])
        .args(["--port", &pair.wagon_port().to_string()])
        .start();
    second.wait_for_output("service.standby", SHORT);
    first.kill_nine();
    second.wait_for_output("service.started", SHORT);
    wait_until("it answers", SHORT, || get(pair.wagon_port(), "/healthz").map(|_| ()));
    assert_eq!(pair.wagon_page(&number)["orderNumber"], json!(number));
    second.terminate(SHORT).expect_code(0);
}
