//! 200 messages that nobody wants, with keys, headers and times to match: each becomes one line
//! from which it comes back byte for byte.

use crate::harness::{
    LONG, Line, Need, Record, SHORT, Scratch, Shop, Trail, drain, kcat, order, order_for, placed, shared, trail_dir,
};
use libtest_mimic::Trial;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

const MESSAGES: usize = 200;
const HUGE: usize = 20_000_000;

pub(crate) fn trials() -> Vec<Trial> {
    let mut all = trials!(
        "hostile",
        &[Need::Broker],
        [
            two_hundred_hostile_messages_come_back_byte_for_byte,
            a_header_name_ends_at_a_nul_and_nothing_else_is_lost,
            headers_that_cannot_be_read_are_told_by_whoever_reads_them,
        ]
    );
    all.extend(trials!("hostile", &[Need::Broker, Need::Kcat], [header_names_that_are_no_text_come_back]));
    all
}

/// Whether a payload is an order. `None`: a matter of taste, only its bytes count here.
pub(crate) type IsOrder = Option<bool>;
const NO: IsOrder = Some(false);
const YES: IsOrder = Some(true);
const OPEN: IsOrder = None;

fn payload(bytes: impl Into<Vec<u8>>, is_order: IsOrder) -> (Vec<u8>, IsOrder) {
    (bytes.into(), is_order)
}

/// An order in which a text was replaced; panics when it does not occur.
fn order_with(from: &str, to: &str) -> String {
    let text = order(11);
    assert!(text.contains(from), "{from} occurs in {text}");
    text.replacen(from, to, 1)
}

fn broken_json() -> Vec<(Vec<u8>, IsOrder)> {
    let mut all: Vec<(Vec<u8>, IsOrder)> = [
        "",
        " ",
        "hello",
        "null",
        "true",
        "42",
        "-0",
        "1e999",
        "1E400",
        "[]",
        "{}",
        "[[[[",
        "}{",
        r#""text""#,
        r#"{"order_id":"#,
        r#"{"order_id":"\ud800"}"#,
        r#"{"order_id":"\udc00\ud800"}"#,
        r#"{"order_id":"\u0000"}"#,
        r#"{"order_id":"\x41"}"#,
        "{'order_id':'single'}",
        "123456789012345678901234567890123456789012345678901234567890",
        "NaN",
        "{\"a\":\"\u{0}\"}",
        "<order><id>1</id></order>",
        "order_id,sequence\n1,2\n",
        "{\"timestamp\":\"2026-11-21T09:12:30Z\",\"event_type\":\"message.received\"}\n{\"forged\":true}\n",
    ]
    .into_iter()
    .map(|text| payload(text, NO))
    .collect();
    all.extend((1..=8).map(|part| {
        let text = order(12);
        payload(&text.as_bytes()[..text.len() * part / 9], NO)
    }));
    all
}

fn wrong_orders() -> Vec<(Vec<u8>, IsOrder)> {
    [
        (r#""sequence":11"#, r#""sequence":"11""#),
        (r#""sequence":11"#, r#""sequence":1.5"#),
        (r#""sequence":11"#, r#""sequence":99999999999999999999"#),
        (r#""sequence":11"#, r#""sequence":null"#),
        (r#""status":"pending""#, r#""status":7"#),
        (r#""status":"pending","#, ""),
        (r#""items":[{"#, r#""items":[7,{"#),
        (r#""items":[{"#, r#""items":"none","x":[{"#),
        (r#""quantity":3"#, r#""quantity":"3""#),
        (r#""quantity":3"#, r#""quantity":1e99"#),
        (r#""total":11.50"#, r#""total":"11.50""#),
        (r#""total":11.50"#, r#""total":1e400"#),
        (r#""metadata":{"#, r#""metadata":[],"x":{"#),
        (r#""customer_info":{"#, r#""customer":{"#),
        (r#""in_stock":true"#, r#""in_stock":"yes""#),
        (r#""currency":"EUR""#, r#""currency":"EUR","currency":"USD""#),
        (r#""order_id":"#, r#""order_id":"x","order_id":"#),
    ]
    .into_iter()
    .map(|(from, to)| payload(order_with(from, to), NO))
    .collect()
}

fn strange_orders() -> Vec<(Vec<u8>, IsOrder)> {
    let note = |text: &str| order_for(11, "client01", &format!(r#","note":"{text}""#));
    vec![
        payload(order(1), YES),
        payload(order(2).replace(r#"",""#, "\",\r\n  \""), YES),
        payload(format!(" \t\r\n{} \n\n", order(3)), YES),
        payload(note("\u{2028}\u{2029}\u{85}\u{feff}\u{fffd}\u{ffff}"), YES),
        payload(note("👩‍💻 \u{202e}right to left e\u{301}"), YES),
        payload(note(r#"\"\\\/\b\f\n\r\t\u0000\u001f"#), YES),
        payload(note("</script><!-- {\\\"b64\\\":\\\"AA==\\\"}"), YES),
        payload(note(r"\ud83d\ude00"), YES),
        payload(note(r"\ud800"), OPEN),
        payload(note("\u{1}"), NO),
        payload(format!("\u{feff}{}", order(4)), OPEN),
        payload(order(5) + &order(6), NO),
        payload(order(7) + "\0", NO),
    ]
}

fn no_text() -> Vec<(Vec<u8>, IsOrder)> {
    let utf16: Vec<u8> = order(8).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut all = vec![
        payload(order(9).replace("Paris", "P@ris").into_bytes(), YES),
        payload(utf16, NO),
        payload((0..=255).collect::<Vec<u8>>(), NO),
        payload((0..0x20).collect::<Vec<u8>>(), NO),
        payload([0_u8; 64], NO),
        payload([0xff_u8; 64], NO),
        payload(*b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", NO),
        payload(*b"\xc0\x80", NO),
        payload(*b"\xed\xa0\x80\xed\xb0\x80", NO),
        payload(*b"\xf4\x90\x80\x80", NO),
        payload(*b"\xe2\x82", NO),
        payload(*b"\xef\xbb\xbf", NO),
        payload(*b"\r\n\r\n", NO),
    ];
    // One wrong byte in an order that is right.
    let mut order = order(10).into_bytes();
    let middle = order.len() / 2;
    order[middle] = 0xe9;
    all.push(payload(order, NO));
    all
}

/// What is sent once only, for its size.
fn large() -> Vec<(Vec<u8>, IsOrder)> {
    let deep = 100_000;
    let binary: Vec<u8> = (0..HUGE).map(|n| (n * 7 + n / 251) as u8).collect();
    let note = "é\\\" ".repeat(HUGE / 5);
    vec![
        payload("[".repeat(deep), NO),
        payload("[".repeat(deep) + &"]".repeat(deep), NO),
        payload(r#"{"a":"#.repeat(deep) + "1" + &"}".repeat(deep), NO),
        payload(order_for(1, "client01", &format!(r#","x":{}{}"#, "[".repeat(deep), "]".repeat(deep))), NO),
        payload("9".repeat(100_000), NO),
        payload("\"".repeat(1_000_000), NO),
        payload(binary, NO),
        payload(order_for(2, "client02", &format!(r#","note":"{note}""#)), YES),
    ]
}

fn keys() -> Vec<Option<Vec<u8>>> {
    vec![
        None,
        Some(b"".to_vec()),
        Some(b"key".to_vec()),
        Some(b"\0".to_vec()),
        Some(b"\xff\xfe".to_vec()),
        Some("clé \u{fffd} \"\\\n\r\u{2028}".into()),
        Some(vec![b'k'; 10_000]),
        Some((0..=255).collect()),
        Some(b"{\"b64\":\"AA==\"}".to_vec()),
    ]
}

type Headers = Vec<(Vec<u8>, Option<Vec<u8>>)>;

fn headers() -> Vec<Headers> {
    let text = |name: &str, value: &str| (name.into(), Some(value.into()));
    vec![
        vec![],
        vec![text("content-type", "application/json")],
        vec![(b"without".to_vec(), None)],
        vec![text("empty", "")],
        vec![text("twice", "same"), text("twice", "same")],
        vec![text("twice", "one"), (b"twice".to_vec(), None), text("twice", "two")],
        vec![text("", "a name without a letter")],
        vec![("bytes".into(), Some(vec![0, 0xff, 0xc3, 0x28]))],
        vec![text("lf\n quote\" back\\ é 👩‍💻", "nul\0 lf\n quote\" back\\ \u{fffd}")],
        vec![text("b64", "AA=="), text("like us", "{\"b64\":\"AA==\"}")],
        (0..100).map(|n| text(&format!("h{n}"), &n.to_string())).collect(),
        vec![("large".into(), Some(vec![0x80; 65_536]))],
    ]
}

/// Times which no clock shows, too: 1970, the year 9999, and far beyond.
fn times() -> Vec<Option<i64>> {
    vec![None, Some(0), Some(1), Some(253_402_300_799_999), Some(4_102_444_800_000_000)]
}

/// All payloads, small ones again and again, each time with another key, headers and time.
pub(crate) fn hostile_records() -> Vec<(Record, IsOrder)> {
    let small: Vec<_> = [broken_json(), wrong_orders(), strange_orders(), no_text()].concat();
    let large = large();
    let (keys, headers, times) = (keys(), headers(), times());
    let rest = MESSAGES - large.len() - 1;
    let tombstone = (None, NO);
    let payloads = small
        .iter()
        .cycle()
        .take(rest)
        .chain(&large)
        .map(|(bytes, is_order)| (Some(bytes.clone()), *is_order))
        .chain([tombstone]);
    payloads
        .enumerate()
        .map(|(n, (value, is_order))| {
            let record = Record {
                partition: i32::try_from(n % 3).unwrap(),
                timestamp: times[n % times.len()],
                key: keys[n % keys.len()].clone(),
                headers: headers[n % headers.len()].clone(),
                value,
                ..Record::default()
            };
            (record, is_order)
        })
        .collect()
}

/// Room for 20 MB, and for records as old and as new as any clock may say.
pub(crate) const TOPIC: [(&str, &str); 3] = [
    ("max.message.bytes", "30000000"),
    ("retention.ms", "-1"),
    ("message.timestamp.after.max.ms", "9223372036854775807"),
];

fn two_hundred_hostile_messages_come_back_byte_for_byte() {
    let kafka = shared();
    let topic = kafka.topic_with(3, &TOPIC);
    let hostile = hostile_records();
    assert_eq!(hostile.len(), MESSAGES);
    let records: Vec<Record> = hostile.iter().map(|(record, _)| record.clone()).collect();
    let places = kafka.produce(&topic, &records);
    let sent = placed(&records, &places);

    let scratch = Scratch::new("hostile");
    let summary = drain(&kafka, &topic, &scratch);
    assert_eq!(summary.received, MESSAGES as i64);
    assert_eq!(summary.gaps, 0);

    let trail = Trail::read(&trail_dir(&scratch));
    assert_eq!(trail.lines.len(), MESSAGES, "each is exactly one line");
    trail.expect_records(&kafka.dump(&topic));
    for (sent, (_, is_order)) in sent.iter().zip(&hostile) {
        check_line(trail.at(sent.partition, sent.offset), sent, *is_order);
    }
}

#[track_caller]
fn check_line(line: &Line, sent: &Record, is_order: IsOrder) {
    let mut told = line.record();
    if sent.timestamp.is_none() {
        told.timestamp = None;
    }
    assert_eq!(&told, sent);
    let size = sent.value.as_ref().map_or(0, Vec::len);
    assert_eq!(line.number_of("message_size"), size as i64, "{sent:?}");
    if let Some(is_order) = is_order {
        let error = line.get("error");
        assert_eq!(line.is_order(), is_order, "{sent:?}: {error}");
    }
    let has_reason = line.raw("error").is_some() && !line.text_of("error").is_empty();
    assert_eq!(has_reason, !line.is_order(), "{sent:?}");
}

/// What Kafka's C client cannot tell us, as the format says; all the rest must be there.
fn a_header_name_ends_at_a_nul_and_nothing_else_is_lost() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let record = Record::new(0, order(1))
        .header("before", Some(b"1"))
        .header("cut\0off", Some(b"2\x002"))
        .header("\0", None)
        .header("after", Some(b"3"));
    kafka.produce(&topic, &[record]);
    let scratch = Scratch::new("nul-name");
    drain(&kafka, &topic, &scratch);
    let mut expected = kafka.dump(&topic);
    expected[0].headers[1].0 = b"cut".to_vec();
    expected[0].headers[2].0 = b"".to_vec();
    Trail::read(&trail_dir(&scratch)).expect_records(&expected);
}

/// Java cannot write such names, kcat can.
fn header_names_that_are_no_text_come_back() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("header-names");
    let payload = scratch.file("payload", order(1));
    for header in [&b"caf\xe9=latin1"[..], b"\xff\xfe", b"\x80=", b"\xed\xa0\x80=\xed\xb0\x80", b"good=value"] {
        let arguments = [b"-P", b"-t", topic.as_bytes(), b"-p", b"0", b"-k", b"key", b"-H"];
        let mut arguments: Vec<OsString> =
            arguments.into_iter().map(|argument| OsString::from_vec(argument.to_vec())).collect();
        arguments.push(OsString::from_vec(header.to_vec()));
        arguments.push(payload.clone().into_os_string());
        kcat(&kafka, &arguments, b"");
    }
    let on_broker = kafka.dump(&topic);
    assert_eq!(on_broker[0].headers[0].0, b"caf\xe9", "kcat wrote it so");
    assert_eq!(on_broker[1].headers[0].1, None, "kcat wrote no value");

    drain(&kafka, &topic, &scratch);
    let trail = Trail::read(&trail_dir(&scratch));
    trail.expect_records(&on_broker);
    assert!(trail.lines.iter().all(Line::is_order));
}

/// Only the tracker listened to what is said of them.
fn headers_that_cannot_be_read_are_told_by_whoever_reads_them() {
    const SAID: &str = "the headers of a message could not be read";
    let shop = Shop::new().with_topic("errors");
    let group = format!("{}errors", shop.prefix);
    // One more than librdkafka takes.
    let record = (0..=100_000).fold(Record::new(0, order(1)), |record, _| record.header("a", None));
    shop.kafka.produce(&shop.topic("errors"), &[record]);
    let mut service = shop.command(&["errors", "--group", &group, "--listen", "off"]).start();
    service.wait_for_output(SAID, LONG);
    let stderr = service.stderr();
    let line = stderr.lines().find(|line| line.contains(SAID)).expect("it was said");
    assert!(line.contains("\"diagnostic\"") && line.contains("\"ERROR\""), "{line}");
    service.terminate(SHORT).expect_code(0);
    shop.command(&["errors", "--list"]).finish().expect_code(0).expect_message(&[SAID]);
}
