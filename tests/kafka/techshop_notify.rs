//! `techshop notify`: each letter once in the outbox whatever is killed; servers that go away, refuse, come back.

use crate::harness::{
    LONG, MailServer, Need, Record, SHORT, Shop, Signal, free_port, wait_until, wait_while_time_passes,
};
use crate::techshop_notify_shop::{Posted, SECRET, digest, gateway, header, message, order};
use libtest_mimic::Trial;
use std::time::Duration;

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = trials!(
        "techshop_notify",
        &[Need::Broker],
        [
            killed_again_and_again_each_letter_is_there_once,
            what_a_letter_says_and_is_called,
            hostile_orders_stay_in_the_outbox_and_in_their_lines,
            what_is_no_order_or_no_address_is_a_dead_letter_at_once,
            the_older_of_two_instances_is_fenced,
            a_second_one_on_the_same_outbox_waits,
            text_messages_are_signed_and_tried_again,
            wrong_flags_are_refused,
        ]
    );
    trials.extend(trials!(
        "techshop_notify",
        &[Need::Broker, Need::Python],
        [
            mails_arrive_and_a_repeat_has_the_same_id,
            a_server_that_comes_late_is_waited_for_while_others_go_on,
            dead_letters_are_handed_over_again,
        ]
    ));
    trials
}

fn killed_again_and_again_each_letter_is_there_once() {
    const ORDERS: usize = 4_000;
    const KILLS: usize = 20;
    let shop = Shop::new().with_topic("notifications");
    let records: Vec<Record> = (0..ORDERS)
        .map(|n| message(n as i32 % 3, &order(&format!("ORD-{n}"), n % 3 == 0, "alice@email.com", "confirmed")))
        .collect();
    shop.kafka.produce(&shop.topic("notifications"), &records);
    for kill in 0..KILLS {
        let before = shop.outbox("").len();
        let mut notify = shop.notify(&[]).start();
        // At the very start, and then after more and more letters.
        let more = if kill % 4 == 0 { 0 } else { 1 + kill * 37 % 120 };
        if more == 0 {
            notify.wait_for_output("service.started", SHORT);
        } else {
            wait_until("more letters are there", LONG, || (shop.outbox("").len() >= before + more).then_some(()));
        }
        notify.kill_nine();
        assert!(shop.outbox("").len() < ORDERS * 4 / 3, "it was not killed while it worked");
    }
    // As a kill between two syscalls would leave it.
    shop.scratch.file(&format!("outbox/.{}~half.eml.tmp", shop.group()), "half");
    shop.notify_all(&[]);
    let expected = |channel: &str, ending: &str, step: usize| -> BTreeSet<String> {
        (0..ORDERS).step_by(step).map(|n| digest("confirmation", channel, &format!("ORD-{n}")) + ending).collect()
    };
    assert_eq!(shop.outbox(".eml"), expected("email", ".eml", 1));
    assert_eq!(shop.outbox(".json"), expected("sms", ".json", 3));
    assert_eq!(shop.outbox("").len(), ORDERS + ORDERS.div_ceil(3));
    let left = std::fs::read_dir(shop.scratch.join("outbox")).expect("there").flatten();
    let left = left.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "tmp")).count();
    assert_eq!(left, 0, "nothing half is left");
    let results = shop.results();
    assert_eq!(results.len(), ORDERS + ORDERS.div_ceil(3), "each letter is told");
    assert!(results.values().all(|count| *count == 1), "once");
    assert!(shop.dump("notifications-dlq").is_empty());
}

fn what_a_letter_says_and_is_called() {
    let shop = Shop::new().with_topic("notifications");
    let order = order("ORD-1", true, "alice@email.com", "confirmed");
    shop.kafka.produce(&shop.topic("notifications"), &[message(1, &order)]);
    let mut notify = shop.notify(&["--lang", "fr"]).start();
    shop.wait_for_group(&mut notify, &shop.group(), "notifications");
    let exit = notify.terminate(SHORT);
    exit.expect_code(0);
    assert!(exit.stdout.contains("ORD-1         confirmation   email  alice@email.com"), "{}", exit.stdout);
    let id = digest("confirmation", "email", "ORD-1");
    let mail = std::fs::read_to_string(shop.scratch.join(&format!("outbox/{id}.eml"))).expect("it is there");
    let head = mail.split("\r\n\r\n").next().expect("headers");
    for line in [
        "From: TechShop <no-reply@techshop.example>".to_owned(),
        "To: alice@email.com".to_owned(),
        "Date: Wed, 18 Nov 2026 11:06:40 +0000".to_owned(),
        format!("Message-ID: <{id}@techshop.example>"),
        "Content-Type: text/plain; charset=utf-8".to_owned(),
    ] {
        assert!(head.lines().any(|one| one == line), "{line} is missing:\n{head}");
    }
    let sms = digest("confirmation", "sms", "ORD-1");
    let sms = std::fs::read_to_string(shop.scratch.join(&format!("outbox/{sms}.json"))).expect("it is there");
    let sms: Value = serde_json::from_str(&sms).expect("JSON");
    assert_eq!(sms["type"], "sms.confirmation");
    assert_eq!(sms["timestamp"], "2026-11-18T11:06:40Z");
    assert_eq!((&sms["data"]["to"], &sms["data"]["order_id"]), (&json!("alice.martin"), &json!("ORD-1")));
    assert!(sms["data"]["text"].as_str().expect("a text").contains("nous préparons votre commande ORD-1"));
}

fn hostile_orders_stay_in_the_outbox_and_in_their_lines() {
    let shop = Shop::new().with_topic("notifications");
    let long = "x".repeat(5_000);
    let ids = ["../../x", "/etc/passwd", "a\r\nBcc: eve@email.com", "\u{0}", "..", "\u{202e}gnp", "é\u{1b}[2J", &long];
    let records: Vec<Record> = ids
        .iter()
        .map(|id| {
            let mut order = order(id, true, "alice@email.com", "confirmed");
            order["customer_id"] = json!("eve\r\nBcc: eve@email.com\r\n\r\nbody");
            order["product_name"] = json!("\r\n.\r\nMAIL FROM:<eve@email.com>");
            message(0, &order)
        })
        .collect();
    shop.kafka.produce(&shop.topic("notifications"), &records);
    shop.notify_all(&[]);
    let expected: BTreeSet<String> = ids.iter().map(|id| digest("confirmation", "email", id) + ".eml").collect();
    assert_eq!(shop.outbox(".eml"), expected);
    assert_eq!(shop.outbox(".json").len(), ids.len());
    for name in shop.outbox(".eml") {
        let mail = std::fs::read(shop.scratch.join("outbox").join(name)).expect("it is there");
        let text = String::from_utf8(mail).expect("ASCII");
        let head = text.split("\r\n\r\n").next().expect("headers");
        let names: Vec<&str> =
            head.lines().filter(|line| !line.starts_with(' ')).map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(names.len(), 8, "{head}");
        assert!(!names.contains(&"Bcc") && !text.contains('\u{1b}'), "{text}");
    }
    let beside: Vec<_> =
        std::fs::read_dir(shop.scratch.path()).expect("there").flatten().map(|e| e.file_name()).collect();
    assert!(!beside.iter().any(|name| name == "x"), "{beside:?}");
}

fn what_is_no_order_or_no_address_is_a_dead_letter_at_once() {
    let shop = Shop::new().with_topic("notifications");
    let topic = shop.topic("notifications");
    let bad = order("ORD-bad", true, "nobody at all", "confirmed");
    let good = order("ORD-good", false, "bob@email.com", "confirmed");
    shop.kafka.produce(
        &topic,
        &[message(0, &bad), Record::new(0, "no JSON").key("k"), Record::tombstone(0), message(0, &good)],
    );
    shop.notify_all(&[]);
    assert_eq!(shop.outbox(".eml"), BTreeSet::from([digest("confirmation", "email", "ORD-good") + ".eml"]));
    assert_eq!(shop.outbox(".json").len(), 1, "the text message to the same customer goes");
    let dead = shop.dump("notifications-dlq");
    assert_eq!(dead.len(), 3);
    let of_bad = dead.iter().find(|record| record.key.as_deref() == Some(b"ORD-bad")).expect("it is kept");
    assert_eq!(of_bad.value, message(0, &bad).value, "the order's own bytes");
    assert_eq!((header(of_bad, "channel"), header(of_bad, "kind")), ("email", "confirmation"));
    assert_eq!((header(of_bad, "attempts"), header(of_bad, "order-source")), ("1", "techshop.orders/0@7"));
    assert_eq!(header(of_bad, "source"), format!("{topic}/0@0"));
    assert!(header(of_bad, "reason").contains("no mail address"), "{of_bad:?}");
    let unreadable = dead.iter().find(|record| record.key.as_deref() == Some(b"k")).expect("it is kept");
    assert_eq!(unreadable.value.as_deref(), Some(&b"no JSON"[..]));
    assert!(header(unreadable, "reason").contains("it is no order"));
    let results = shop.results();
    let key = ["ORD-bad", "email", "confirmation", "dead_letter"].map(str::to_owned);
    assert_eq!((results.len(), results.get(&key)), (3, Some(&1)));
}

fn the_older_of_two_instances_is_fenced() {
    let shop = Shop::new().with_topic("notifications");
    let topic = shop.topic("notifications");
    let send = |id: &str| shop.kafka.produce(&topic, &[message(0, &order(id, false, "bob@email.com", "confirmed"))]);
    send("ORD-1");
    let mut older = shop.notify(&["--outbox", "one"]).start();
    shop.wait_for_group(&mut older, &shop.group(), "notifications");
    let mut younger = shop.notify(&["--outbox", "two"]).start();
    // Idle, neither of them asks the broker for anything: the older one learns of it with the next order that it has.
    let mut orders = 1;
    wait_until("the older one ends", LONG, || {
        orders += 1;
        send(&format!("ORD-{orders}"));
        wait_while_time_passes(Duration::from_millis(200));
        (!older.is_running()).then_some(())
    });
    let exit = older.wait(SHORT);
    exit.expect_code(1).expect_message(&[&shop.group(), "has taken over", "let that one run, or stop it"]);
    shop.wait_for_group(&mut younger, &shop.group(), "notifications");
    younger.terminate(SHORT).expect_code(0);
    assert_eq!(shop.results().values().copied().collect::<Vec<_>>(), vec![1; orders], "each told once");
}

fn a_second_one_on_the_same_outbox_waits() {
    let shop = Shop::new().with_topic("notifications");
    let topic = shop.topic("notifications");
    let send = |id: &str| shop.kafka.produce(&topic, &[message(0, &order(id, false, "bob@email.com", "confirmed"))]);
    send("ORD-1");
    let mut first = shop.notify(&[]).start();
    shop.wait_for_group(&mut first, &shop.group(), "notifications");
    let mut second = shop.notify(&[]).start();
    second.wait_for_output("service.standby", SHORT);
    second.wait_for_output(&first.pid().to_string(), SHORT);
    let mut third = shop.notify(&[]).start();
    third.wait_for_output("service.standby", SHORT);
    third.terminate(SHORT).expect_code(0);
    assert!(first.is_running() && second.is_running());
    first.kill_nine();
    send("ORD-2");
    shop.wait_for_group(&mut second, &shop.group(), "notifications");
    second.terminate(SHORT).expect_code(0);
    assert_eq!(shop.outbox("").len(), 2);
}

fn text_messages_are_signed_and_tried_again() {
    let shop = Shop::new().with_topic("notifications");
    let (url, posted) = gateway(2);
    let order = order("ORD-1", true, "alice@email.com", "confirmed");
    shop.kafka.produce(&shop.topic("notifications"), &[message(0, &order)]);
    let mut notify = shop.notify(&["--sms-url", &url]).env("TECHSHOP_SMS_SECRET", SECRET).start();
    shop.wait_for_group(&mut notify, &shop.group(), "notifications");
    let exit = notify.terminate(SHORT);
    exit.expect_code(0).expect_message(&["letter.retry", "503"]);
    let posted: Vec<Posted> = posted.try_iter().collect();
    assert_eq!(posted.len(), 3, "{posted:?}");
    for one in &posted {
        assert!(one.is_signed(), "{one:?}");
        assert_eq!(one.headers["webhook-id"], format!("msg_{}", digest("confirmation", "sms", "ORD-1")));
        assert_eq!((&one.body, &one.headers["content-type"]), (&posted[0].body, &"application/json".to_owned()));
    }
    assert_eq!((shop.outbox(".eml").len(), shop.outbox(".json").len()), (1, 0));
    assert!(!exit.stderr.contains(SECRET) && !exit.stdout.contains(SECRET));
}

fn wrong_flags_are_refused() {
    let shop = Shop::new().with_topic("notifications");
    let readable = shop.scratch.file("secret", SECRET);
    std::fs::set_permissions(&readable, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("ours");
    let readable = readable.to_str().expect("text");
    for (flags, message) in [
        (&["--smtp", "http://u:hidden@host"][..], "smtp://HOST:PORT"),
        (&["--from", "nobody"], "--from"),
        (&["--sms-url", "ftp://u:hidden@host"], "--sms-url"),
        (&["--sms-url", "http://127.0.0.1/"], "--sms-secret-file"),
        (&["--sms-url", "http://127.0.0.1/", "--sms-secret-file", readable], "chmod 600"),
        (&["--resend", "--team", "nobody"], "--team"),
    ] {
        let exit = shop.notify(flags).finish();
        exit.expect_code(2).expect_message(&[message]);
        assert!(!exit.stderr.contains("hidden"), "{}", exit.stderr);
    }
}

fn mails_arrive_and_a_repeat_has_the_same_id() {
    const ORDERS: usize = 30;
    let shop = Shop::new().with_topic("notifications");
    let topic = shop.topic("notifications");
    let order = |n: usize| order(&format!("ORD-{n}"), n == 0, &format!("alice{n}@email.com"), "confirmed");
    let records: Vec<Record> = (0..ORDERS).map(|n| message(0, &order(n))).collect();
    shop.kafka.produce(&topic, &records);
    let port = free_port();
    let server = MailServer::start(port, &shop.scratch);
    let url = format!("smtp://127.0.0.1:{port}");
    // Killed with some of them under way.
    let mut notify = shop.notify(&["--smtp", &url]).start();
    wait_until("some mails are taken", LONG, || (server.mails().len() >= 5).then_some(()));
    notify.kill_nine();
    shop.notify_all(&["--smtp", &url]);
    // And once more from the beginning, which only a person can want.
    shop.kafka.move_group(&shop.group(), &topic, 0, 0);
    shop.notify_all(&["--smtp", &url]);
    let mails = server.mails();
    server.stop();
    let mut by_order: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for mail in &mails {
        let field = |name: &str| mail[name].as_str().expect("a text").to_owned();
        assert_eq!(mail["recipients"], json!([field("to")]));
        assert_eq!(mail["names"].as_array().expect("names").len(), 8, "{mail}");
        by_order.entry(field("to")).or_default().insert(field("message_id"));
        *counts.entry(field("to")).or_default() += 1;
    }
    assert_eq!(by_order.len(), ORDERS);
    let ids: BTreeSet<&String> = by_order.values().flatten().collect();
    assert_eq!(ids.len(), ORDERS, "one id an order");
    assert!(counts.values().all(|count| (2..=3).contains(count)), "{counts:?}");
    let first = mails.iter().find(|mail| mail["to"] == "alice0@email.com").expect("it was taken");
    assert_eq!(first["subject"], "Order ORD-0 confirmed");
    assert_eq!(first["from"], "TechShop <no-reply@techshop.example>");
    let body = first["body"].as_str().expect("a text");
    assert!(body.starts_with("Hello alice.martin,\n\nThank you") && body.contains("Café Premium × 2"), "{body}");
    assert!(body.contains("1,998.00 €") && body.contains("VIP"), "{body}");
    assert_eq!(shop.outbox(".json").len(), 1);
}

fn a_server_that_comes_late_is_waited_for_while_others_go_on() {
    let shop = Shop::new().with_topic("notifications");
    let records: Vec<Record> = (0..20)
        .map(|n| {
            let email = if n == 3 { "refused@email.com" } else { "alice@email.com" };
            message(n % 3, &order(&format!("ORD-{n}"), true, email, "confirmed"))
        })
        .collect();
    shop.kafka.produce(&shop.topic("notifications"), &records);
    let port = free_port();
    let mut notify = shop.notify(&["--smtp", &format!("smtp://127.0.0.1:{port}")]).start();
    wait_until("text messages go on", LONG, || (shop.outbox(".json").len() == 20).then_some(()));
    assert!(shop.kafka.group(&shop.group()).values().all(|next| *next == 0), "nobody overtakes a mail that waits");
    let server = MailServer::start(port, &shop.scratch);
    shop.wait_for_group(&mut notify, &shop.group(), "notifications");
    notify.terminate(SHORT).expect_code(0);
    assert_eq!(server.mails().len(), 19);
    server.stop();
    let dead = shop.dump("notifications-dlq");
    assert_eq!(dead.len(), 1, "one nobody takes");
    assert!(header(&dead[0], "reason").contains("nobody of this name"), "{dead:?}");
    assert!(shop.results().values().all(|count| *count == 1));
}

fn dead_letters_are_handed_over_again() {
    let shop = Shop::new().with_topic("notifications");
    let mut records: Vec<Record> =
        (0..5).map(|n| message(n % 3, &order(&format!("ORD-{n}"), false, "alice@email.com", "confirmed"))).collect();
    records.push(message(0, &order("ORD-later", false, "later@email.com", "confirmed")));
    shop.kafka.produce(&shop.topic("notifications"), &records);
    let port = free_port();
    let url = format!("smtp://127.0.0.1:{port}");
    shop.notify_all(&["--smtp", &url, "--retry-for", "1s"]);
    let dead = shop.dump("notifications-dlq");
    assert_eq!(dead.len(), 6);
    assert!(dead.iter().all(|one| header(one, "attempts").parse::<u32>().expect("a number") >= 2), "{dead:?}");

    let server = MailServer::start(port, &shop.scratch);
    let resend = || shop.notify(&["--smtp", &url, "--resend", "--retry-for", "1s"]).finish_within(LONG);
    let first = resend();
    first.expect_code(75);
    assert!(
        first.stdout.contains("5 of 6 dead letters handed over; the rest are dead letters again"),
        "{}",
        first.stdout
    );
    assert_eq!(server.mails().len(), 5);
    let again = shop.dump("notifications-dlq").pop().expect("it is there again");
    assert_eq!(again.key.as_deref(), Some(&b"ORD-later"[..]));
    assert!(header(&again, "source").starts_with(&shop.topic("notifications/")), "where it stood first");
    assert!(header(&again, "attempts").parse::<u32>().expect("a number") >= 4, "{again:?}");
    let json = shop.notify(&["--smtp", &url, "--resend", "--json", "--retry-for", "0"]).finish_within(LONG);
    json.expect_code(75);
    assert_eq!(json.last_line(), r#"{"dead_letters":1,"handed_over":0}"#);
    // Into the outbox it goes.
    let last = shop.notify(&["--resend"]).finish_within(LONG);
    last.expect_code(0);
    assert_eq!(last.last_line(), "1 of 1 dead letters handed over");
    assert_eq!(shop.notify(&["--resend"]).finish_within(LONG).last_line(), "no dead letters to hand over");
    server.stop();
    let mut process = shop.notify(&["--smtp", &url]).start();
    process.wait_for_output("service.started", SHORT);
    process.signal(Signal::TERM);
    process.wait(SHORT).expect_code(0);
}
