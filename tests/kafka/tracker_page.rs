//! The tracker's page in a real browser: what it shows is what the trail holds, and the trail does not feel it.

use crate::harness::{
    Browser, LONG, Need, Process, Record, SHORT, Scratch, Trail, free_port, get, order, order_for, shared, tracker,
    trail_dir, wait_for_lines, wait_until,
};
use crate::techshop_dashboard_hostile::{SCRIPTS, expect_harmless};
use crate::techshop_dashboard_looks::in_both_colours;
use crate::techshop_dashboard_shop::{rows, text};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

pub(crate) fn trials() -> Vec<Trial> {
    let mut all = trials!(
        "tracker_page",
        &[Need::Broker, Need::Browser],
        [
            figures_move_and_equal_a_count_over_the_trail,
            hostile_records_are_shown_as_text,
            killed_and_started_again_its_page_recovers,
            it_can_be_read_by_everybody,
        ]
    );
    all.extend(trials!(
        "tracker_page",
        &[Need::Broker],
        [open_pages_change_nothing_of_what_is_written, people_are_shown_only_when_asked]
    ));
    all
}

/// A tracker with its page.
fn start(topic: &str, scratch: &Scratch, port: u16, flags: &[&str]) -> Process {
    let mut run = tracker(&shared(), topic, scratch).args(["--listen", &format!("127.0.0.1:{port}")]);
    run = run.args(flags).args(["--metrics-interval", "1s"]);
    let mut process = run.start();
    wait_until("it is ready", LONG, || {
        assert!(process.is_running(), "it ended: {}", process.stderr());
        get(port, "/readyz").filter(|answer| answer.status == 200)
    });
    process
}

/// Opens a page, and waits until its stream has told of it.
#[track_caller]
fn visit(browser: &Browser, port: u16, path: &str) {
    browser.go(&format!("http://127.0.0.1:{port}{path}"));
    wait_until(&format!("{path} is live"), SHORT, || {
        (browser.value("document.querySelector('#live')?.dataset.tone") == json!("good")).then_some(())
    });
}

fn figures_move_and_equal_a_count_over_the_trail() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("page");
    let port = free_port();
    let mut running = start(&topic, &scratch, port, &[]);
    let browser = Browser::open(&scratch);
    visit(&browser, port, "/");
    browser.run("window.__kept = true", &[]);
    assert_eq!(browser.text(&text("received.all")).as_deref(), Some("0"));
    let orders: Vec<Record> = (0..40).map(|n| Record::new(n % 2, order(n as u32)).key("client01")).collect();
    kafka.produce(&topic, &orders);
    kafka.produce(&topic, &[Record::new(0, "what?"), Record::new(1, vec![0xff, 0x00, b'@', b'x'])]);
    wait_for_lines(&mut running, &trail_dir(&scratch), 42);
    let trail = Trail::read(&trail_dir(&scratch));
    let valid = trail.messages().filter(|line| line.get("deserialized") == json!(true)).count();
    let all = trail.messages().count();
    browser.wait_for_text(&text("received.all"), |shown| shown == all.to_string());
    let told = format!("{valid} valid · {} invalid · 0 gaps", all - valid);
    browser.wait_for_text(&text("received.context"), |shown| shown == told);
    wait_until("each partition's next offset is shown", SHORT, || {
        let next: Vec<String> = rows(&browser, "partitions").into_iter().map(|row| row[1].clone()).collect();
        (next == ["21", "21"]).then_some(())
    });
    browser.wait_for_text(&text("lag.all"), |shown| shown == "0");
    wait_until("the checkpoint is shown", LONG, || {
        rows(&browser, "seal").iter().any(|row| row[0] == "Checkpoint" && row[1].starts_with("42 lines")).then_some(())
    });
    let shown = rows(&browser, "records");
    assert_eq!(shown.len(), 30, "{shown:?}");
    assert_eq!(shown.iter().filter(|row| row[2] == "BAD").count(), 2, "{shown:?}");
    assert!(!rows(&browser, "logs").is_empty());
    // Every message of the last quarter of an hour stands in the charts, once its column is over.
    let sum = "window.ordertrail.model.plots.throughput.y.flat().reduce((sum, value) => sum + (value ?? 0), 0)";
    wait_until("they are plotted", LONG, || {
        let messages = browser.value(sum).as_f64().unwrap_or_default() * 15.0;
        ((messages - 42.0).abs() < 0.5).then_some(())
    });
    opens_whole(&browser);
    assert_eq!(browser.value("window.__kept"), json!(true), "the page was not loaded anew");
    running.terminate(LONG).expect_code(0);
}

/// A record opens in the drawer, and on a page of its own.
#[track_caller]
fn opens_whole(browser: &Browser) {
    let order = "[...document.querySelectorAll('tbody[data-table=records] tr')]
        .find((row) => row.cells[2].textContent.trim() === 'ok').querySelector('th a')";
    let name = browser.value(&format!("{order}.textContent")).as_str().expect("a text").to_owned();
    let href = browser.value(&format!("{order}.getAttribute('href')")).as_str().expect("a link").to_owned();
    browser.run(&format!("{order}.click()"), &[]);
    browser.wait_for_text("#drawer [data-text='record.id']", |shown| shown.ends_with(&format!("/{name}")));
    let payload = browser.wait_for_text("#drawer [data-text='record.payload']", |shown| shown.contains("\"espresso\""));
    assert!(payload.contains("\"customer_id\": \"cl•••\"") && !payload.contains("client01@"), "{payload}");
    browser.wait_for_text("#drawer tbody[data-table=fields]", |shown| shown.contains("audit prove --offset"));
    browser.run("drawer.close()", &[]);
    let answer = browser.run("return fetch(arguments[0]).then((answer) => answer.text())", &[json!(href)]);
    let html = answer.as_str().expect("HTML");
    assert!(html.contains("espresso") && !html.contains("Rue de la Paix"), "{html}");
}

fn people_are_shown_only_when_asked() {
    let kafka = shared();
    for (flags, is_shown) in [(&[][..], false), (&["--unmask"][..], true)] {
        let topic = kafka.topic(1);
        let scratch = Scratch::new("page-people");
        kafka.produce(&topic, &[Record::new(0, order_for(1, "zoe.person", "")).key("zoe.person")]);
        kafka.produce(&topic, &[Record::new(0, "write to zoe.person@example.com")]);
        let port = free_port();
        let mut running = start(&topic, &scratch, port, flags);
        wait_for_lines(&mut running, &trail_dir(&scratch), 2);
        let view = wait_until("both are shown", SHORT, || {
            let view = get(port, "/api/view?of=/")?.json();
            (view["tables"]["records"].as_array().map(Vec::len) == Some(2)).then_some(view)
        });
        let mut told = view.to_string();
        for row in view["tables"]["records"].as_array().expect("rows") {
            let href = row["href"].as_str().expect("a link");
            told.push_str(&get(port, href).expect("it answers").body);
        }
        for personal in ["zoe.person", "33 6 00", "Rue de la Paix"] {
            assert_eq!(told.contains(personal), is_shown, "{personal}, {flags:?}: {told}");
        }
        running.terminate(LONG).expect_code(0);
    }
}

fn hostile_records_are_shown_as_text() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("page-hostile");
    let mut records = Vec::new();
    for value in SCRIPTS {
        let name = Value::from(value).to_string();
        let named = order(1).replace("\"espresso\"", &name).replace("\"client01\"", &name).replace("\"EUR\"", &name);
        records.push(Record::new(0, named).key(value).header(value, Some(value.as_bytes())));
        records.push(Record::new(0, value).key(value).header("h", Some(value.as_bytes())));
    }
    kafka.produce(&topic, &records);
    let port = free_port();
    let mut running = start(&topic, &scratch, port, &["--unmask"]);
    wait_for_lines(&mut running, &trail_dir(&scratch), records.len());
    let browser = Browser::open(&scratch);
    browser.requests();
    visit(&browser, port, "/");
    browser.wait_for_text(&text("received.all"), |shown| shown == records.len().to_string());
    let own = format!("http://127.0.0.1:{port}/");
    expect_harmless(&browser, &own, "/");
    let view = get(port, "/api/view?of=/").expect("it answers").json();
    let shown = view["tables"]["records"].as_array().expect("rows").clone();
    assert_eq!(shown.len(), records.len());
    let mut places: Vec<String> = shown.iter().filter_map(|row| row["href"].as_str().map(str::to_owned)).collect();
    for value in SCRIPTS {
        let quoted: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = get(port, &format!("/records/events/{quoted}")).expect("it answers");
        assert!(answer.status == 404 && !answer.body.contains("window.__x=1</script>"), "{}", answer.body);
    }
    // A link that was made by hand, into the middle of a line, is of nothing.
    places.push(format!("{}1", places.first().expect("a link")));
    for place in &places {
        let answer = get(port, place).expect("it answers");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{place}: {policy}");
        visit(&browser, port, place);
        expect_harmless(&browser, &own, place);
    }
    running.terminate(LONG).expect_code(0);
}

fn killed_and_started_again_its_page_recovers() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("page-killed");
    let orders = |from: u32| -> Vec<Record> { (from..from + 10).map(|n| Record::new(0, order(n))).collect() };
    kafka.produce(&topic, &orders(0));
    let port = free_port();
    let mut running = start(&topic, &scratch, port, &[]);
    wait_for_lines(&mut running, &trail_dir(&scratch), 10);
    let browser = Browser::open(&scratch);
    visit(&browser, port, "/");
    browser.wait_for_text(&text("received.all"), |shown| shown == "10");
    browser.run("window.__kept = true", &[]);
    running.kill_nine();
    browser.wait_for_text("#lost", |shown| shown.contains("does not answer"));
    assert_eq!(browser.text(&text("received.all")).as_deref(), Some("10"), "figures stay");
    kafka.produce(&topic, &orders(10));
    let mut again = start(&topic, &scratch, port, &[]);
    wait_until("the page says so no longer", LONG, || browser.text("#lost").is_none().then_some(()));
    wait_until("it counts on", LONG, || (browser.text(&text("received.all")).as_deref() == Some("20")).then_some(()));
    assert_eq!(browser.value("window.__kept"), json!(true), "the page was not loaded anew");
    again.terminate(LONG).expect_code(0);
}

/// A page that is open: its stream, of which the head was read.
fn open_stream(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let request = format!("GET /events?of=/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut head = [0; 12];
    stream.read_exact(&mut head).expect("answered");
    assert_eq!(&head, b"HTTP/1.1 200");
    stream
}

fn open_pages_change_nothing_of_what_is_written() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("page-open");
    let port = free_port();
    let mut running = start(&topic, &scratch, port, &[]);
    // None of them reads on; fifty are closed in the middle of it, and one stays.
    let never_reads = open_stream(port);
    let fifty: Vec<TcpStream> = (0..50).map(|_| open_stream(port)).collect();
    let records = |from: u32| -> Vec<Record> {
        (from..from + 2_000).map(|n| Record::new((n % 2) as i32, order(n)).key(&*n.to_string())).collect()
    };
    kafka.produce(&topic, &records(0));
    wait_for_lines(&mut running, &trail_dir(&scratch), 2_000);
    drop(fifty);
    kafka.produce(&topic, &records(2_000));
    wait_for_lines(&mut running, &trail_dir(&scratch), 4_000);
    assert_eq!(get(port, "/healthz").expect("it answers").status, 200);
    // More connections than are served at a time are told so, and the tracker's own files stay open.
    let many: Vec<TcpStream> = (0..200).map_while(|_| TcpStream::connect(("127.0.0.1", port)).ok()).collect();
    kafka.produce(&topic, &records(4_000));
    wait_for_lines(&mut running, &trail_dir(&scratch), 6_000);
    drop((many, never_reads));
    running.terminate(LONG).expect_code(0);
    let trail = Trail::read(&trail_dir(&scratch));
    trail.expect_records(&kafka.dump(&topic));
    trail.expect_unbroken();
}

fn it_can_be_read_by_everybody() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("page-looks");
    let orders: Vec<Record> = (0..40).map(|n| Record::new(n % 2, order(n as u32)).header("a", Some(b"b"))).collect();
    kafka.produce(&topic, &orders);
    kafka.produce(&topic, &[Record::new(0, "what?")]);
    let port = free_port();
    let mut running = start(&topic, &scratch, port, &[]);
    wait_for_lines(&mut running, &trail_dir(&scratch), 41);
    let browser = Browser::open(&scratch);
    let mut wrong = Vec::new();
    for language in ["en", "fr"] {
        visit(&browser, port, &format!("/preferences?lang={language}&back=/"));
        browser.wait_for_text(&text("received.all"), |shown| shown == "41");
        let record = browser.value("document.querySelector('tbody[data-table=records] th a').getAttribute('href')");
        for width_px in [320, 390, 1_000, 1_200, 1_920] {
            browser.emulate(width_px, "light");
            for (name, page) in [("page", "/"), ("record", record.as_str().expect("a link")), ("nothing", "/nothing")] {
                browser.go(&format!("http://127.0.0.1:{port}{page}"));
                in_both_colours(&browser, width_px, &format!("-{language}-{name}"), &mut wrong);
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    eprintln!("pictures: {}", browser.pictures().display());
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    running.terminate(LONG).expect_code(0);
}
