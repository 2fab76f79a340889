//! Whoever subscribed is told of every update, in order; one who is gone holds up nobody.

use super::pair::{Pair, numbered, page, post};
use crate::harness::{Broker, LONG, Need, free_port, send, wait_until};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "supply_subscribers",
        &[Need::Broker],
        [
            each_subscriber_is_told_of_every_update_in_order_whoever_else_is_gone,
            what_is_given_up_can_be_seen_and_told_again,
            only_who_may_be_called_subscribes,
        ]
    )
}

const SUBSCRIBE: &str = "/dev-materiels/webhooks/subscribe";

/// Somebody who listens, and notes what comes.
struct Ear {
    port: u16,
    heard: Arc<Mutex<Vec<Value>>>,
    /// What it answers.
    status: Arc<AtomicU16>,
}

impl Ear {
    fn at(port: u16) -> Ear {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (heard, status) = (Arc::<Mutex<Vec<Value>>>::default(), Arc::new(AtomicU16::new(200)));
        let (notes, answers) = (Arc::clone(&heard), Arc::clone(&status));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let status = answers.load(Ordering::SeqCst);
                if let Some(body) = answered(client, status).filter(|_| status == 200) {
                    notes.lock().expect("no panic").push(body);
                }
            }
        });
        Ear { port, heard, status }
    }

    fn heard(&self) -> Vec<Value> {
        self.heard.lock().expect("no panic").clone()
    }

    /// How many different updates it has heard.
    fn updates(&self) -> usize {
        let heard = self.heard();
        heard
            .iter()
            .map(|update| (update["orderNumber"].to_string(), update["seq"].as_u64()))
            .collect::<BTreeSet<_>>()
            .len()
    }

    fn subscribe(&self, pair: &Pair, client: &str) -> Value {
        subscribe(pair, client, self.port, 201)
    }
}

/// Reads one request and answers it; its body, when it had one.
fn answered(mut client: TcpStream, status: u16) -> Option<Value> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    client.write_all(answer.as_bytes()).ok()?;
    serde_json::from_slice(&body).ok()
}

fn subscribe(pair: &Pair, client: &str, port: u16, status: u16) -> Value {
    let body = json!({"client": client, "callbackUrl": format!("http://127.0.0.1:{port}/told")});
    let answer = post(pair.dev_port(), SUBSCRIBE, &[], &body.to_string()).expect("it answers");
    assert_eq!(answer.status, status, "{answer:?}");
    answer.json()
}

fn order(pair: &Pair, number: &str) {
    let answer = post(pair.dev_port(), "/dev-materiels/orders", &[], &numbered(number)).expect("it answers");
    assert_eq!(answer.status, 201, "{answer:?}");
}

fn subscriber(pair: &Pair, id: &Value) -> Value {
    let list = page(pair.dev_port(), "/dev-materiels/webhooks/subscribers");
    let found = list["subscribers"].as_array().expect("a list").iter().find(|one| one["id"] == *id).cloned();
    found.unwrap_or_else(|| panic!("{id} is not in {list:#}"))
}

/// Each update at least once, and those of one order in their order.
fn expect_whole(heard: &[Value], orders: &[&str]) {
    let mut firsts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for update in heard {
        let number = update["orderNumber"].as_str().expect("a number").to_owned();
        let (seq, seqs) = (update["seq"].as_u64().expect("a number"), firsts.entry(number).or_default());
        if !seqs.contains(&seq) {
            seqs.push(seq);
        }
    }
    let expected = orders.iter().map(|number| ((*number).to_owned(), (1..=6).collect::<Vec<u64>>())).collect();
    assert_eq!(firsts, expected);
}

/// Neither Kafka nor the other service is there, nor one of the subscribers; then the service is killed.
fn each_subscriber_is_told_of_every_update_in_order_whoever_else_is_gone() {
    let pair = Pair::new(Broker::not_started().cluster());
    let flags = ["--interval", "50ms"];
    let mut dev = pair.dev(&flags);
    let (good, gone_port) = (Ear::at(0), free_port());
    good.subscribe(&pair, "good");
    let gone = subscribe(&pair, "gone", gone_port, 201)["id"].clone();
    assert_eq!(subscribe(&pair, "gone", gone_port, 200)["id"], gone, "asked again it is the same");
    let orders = ["WL-1", "WL-2", "WL-3"];
    orders.iter().for_each(|number| order(&pair, number));
    wait_until("the good one has heard all", LONG, || (good.updates() == 18).then_some(()));
    expect_whole(&good.heard(), &orders);
    wait_until("it is seen that the other one is gone", LONG, || {
        let one = subscriber(&pair, &gone);
        (one["waiting"] == 18 && one["lastError"].is_string()).then_some(())
    });
    dev.kill_nine();
    let _dev = pair.dev(&flags);
    assert_eq!(subscriber(&pair, &gone)["waiting"], 18, "a kill forgets nothing");
    let back = Ear::at(gone_port);
    wait_until("it hears all when it is back", LONG, || (subscriber(&pair, &gone)["waiting"] == 0).then_some(()));
    expect_whole(&back.heard(), &orders);
    assert_eq!(subscriber(&pair, &gone)["delivered"], 18);
    let remove = |id: &Value| {
        let target = format!("/dev-materiels/webhooks/subscribers/{id}");
        send(pair.dev_port(), "DELETE", &target, &[], "").expect("it answers").status
    };
    assert_eq!((remove(&gone), remove(&gone)), (200, 404));
    let before = back.heard().len();
    order(&pair, "WL-4");
    wait_until("the good one hears more", LONG, || (good.updates() == 24).then_some(()));
    assert_eq!(back.heard().len(), before, "who has unsubscribed is told no more");
}

fn what_is_given_up_can_be_seen_and_told_again() {
    let pair = Pair::new(Broker::not_started().cluster());
    let mut dev = pair.dev(&["--interval", "20ms"]);
    let letters = || page(pair.dev_port(), "/dev-materiels/webhooks/dead-letters");
    let picky = Ear::at(0);
    picky.status.store(422, Ordering::SeqCst);
    let id = picky.subscribe(&pair, "picky")["id"].clone();
    order(&pair, "WL-1");
    let refused = wait_until("all is refused", LONG, || Some(letters()).filter(|letters| letters["total"] == 6));
    let refused = refused["deadLetters"].as_array().expect("a list");
    assert!(refused.iter().all(|letter| letter["why"] == "refused" && letter["subscriber"] == id), "{refused:#?}");
    assert!(refused[0]["body"].as_str().is_some_and(|body| body.contains("SHIPPED")), "newest first");
    picky.status.store(200, Ordering::SeqCst);
    let again = format!("/dev-materiels/webhooks/dead-letters/{}/redeliver", refused[0]["id"]);
    let ask = || post(pair.dev_port(), &again, &[], "").expect("it answers").status;
    assert_eq!((ask(), ask()), (200, 404));
    wait_until("it hears it now", LONG, || (picky.heard().len() == 1).then_some(()));
    assert_eq!(picky.heard()[0]["status"], "SHIPPED");
    dev.terminate(LONG).expect_code(0);
    let _dev = pair.dev(&["--interval", "20ms", "--subscriber-patience", "300ms"]);
    let late = subscribe(&pair, "late", free_port(), 201)["id"].clone();
    order(&pair, "WL-2");
    wait_until("what waits for too long is given up", LONG, || {
        let one = subscriber(&pair, &late);
        (one["givenUp"] == 6).then_some(())
    });
    let part = page(pair.dev_port(), "/dev-materiels/webhooks/dead-letters?limit=4");
    assert!(part["deadLetters"].as_array().is_some_and(|part| part.len() == 4 && part[0]["why"] == "too_old"));
    let rest = page(pair.dev_port(), part["next"].as_str().expect("there is more"));
    assert_eq!((rest["total"].as_u64(), rest["deadLetters"][0]["why"].as_str()), (Some(11), Some("too_old")));
}

fn only_who_may_be_called_subscribes() {
    let pair = Pair::new(Broker::not_started().cluster());
    let mut dev = pair.dev(&[]);
    let ask = |url: &str| {
        let body = json!({"client": "c", "callbackUrl": url}).to_string();
        post(pair.dev_port(), SUBSCRIBE, &[], &body).expect("it answers")
    };
    for url in
        ["http://10.0.0.1/", "http://169.254.169.254/x", "https://127.0.0.1/", "file:///x", "http://a@127.0.0.1/", "x"]
    {
        let answer = ask(url);
        assert_eq!(answer.status, 422, "{url}: {answer:?}");
        assert!(!answer.json()["detail"].as_str().unwrap_or_default().is_empty());
    }
    assert!(ask("http://10.0.0.1/").json()["detail"].as_str().is_some_and(|why| why.contains("--subscribers")));
    let statuses: Vec<u16> = (1..=17).map(|n| ask(&format!("http://127.0.0.1:9/{n}")).status).collect();
    assert_eq!((&statuses[..16], statuses[16]), (&[201; 16][..], 422), "{statuses:?}");
    dev.kill_nine();
    let _dev = pair.dev(&["--subscribers", "shop.example"]);
    assert_eq!(
        (ask("http://shop.example:8080/x").status, ask("http://127.0.0.1/x").status),
        (422, 422),
        "all places are taken"
    );
    let list = page(pair.dev_port(), "/dev-materiels/webhooks/subscribers");
    assert_eq!(list["count"], 16);
    assert_eq!(list["subscribers"][0]["isAllowed"], false, "who may not be called any more is kept, and not called");
}
