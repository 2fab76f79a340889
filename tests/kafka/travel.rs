//! `travel`: what is rebuilt from a topic, whoever wrote it.

use crate::harness::{
    Chance, Cluster, LONG, Need, Record, Run, SHORT, Scratch, kcat, program, python, shared, source_dir,
};
use crate::kafka_dashboard::terminal::Terminal;
use libtest_mimic::Trial;
use portable_pty::CommandBuilder;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) fn trials() -> Vec<Trial> {
    let mut all = trials!(
        "travel",
        &[Need::Broker],
        [
            a_produced_life_is_listed_shown_and_consumed,
            what_is_refused_changes_nothing_and_says_why,
            hostile_records_are_harmless_and_shown,
            a_board_shows_events_as_they_come,
            what_cannot_be_done_says_so,
        ]
    );
    all.extend(trials!("travel", &[Need::Broker, Need::Kcat], [kcat_writes_as_anybody_does]));
    all.extend(trials!(
        "travel",
        &[Need::Broker, Need::Python],
        [the_exercises_producer_is_understood, a_second_fold_in_python_agrees]
    ));
    all
}

/// A topic that no other test has, and who works with it.
pub(crate) struct Desk {
    pub(crate) kafka: Cluster,
    pub(crate) topic: String,
    pub(crate) scratch: Scratch,
}

impl Desk {
    pub(crate) fn new() -> Desk {
        let kafka = shared();
        let topic = kafka.unused_name("demande-voyage");
        Desk { kafka, topic, scratch: Scratch::new("travel") }
    }

    /// The same with a topic that is there already.
    pub(crate) fn with_topic(partitions: i32) -> Desk {
        let desk = Desk::new();
        desk.kafka.make_topic(&desk.topic, partitions);
        desk
    }

    pub(crate) fn travel(&self, arguments: &[&str]) -> Run {
        program("travel", &self.scratch).cluster(&self.kafka).args(["--topic", &self.topic]).args(arguments)
    }

    #[track_caller]
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let exit = self.travel(arguments).finish_within(LONG);
        exit.expect_code(0);
        exit.stdout.clone()
    }

    #[track_caller]
    pub(crate) fn list(&self) -> BTreeMap<String, Value> {
        let all: Vec<Value> = serde_json::from_str(&self.says(&["list", "--json"])).expect("it is JSON");
        all.into_iter().map(|one| (one["id"].as_str().expect("an id").to_owned(), one)).collect()
    }

    /// Sends events of one request, keyed by it.
    pub(crate) fn send(&self, id: &str, etats: &[&str]) {
        let records: Vec<Record> = etats.iter().map(|etat| event(id, etat)).collect();
        self.kafka.produce_by_key(&self.topic, &records);
    }
}

pub(crate) fn event(id: &str, etat: &str) -> Record {
    Record::new(0, json!({"id": id, "etat": etat, "details": {"n": 1}}).to_string()).key(id)
}

pub(crate) const LIFE: [&str; 7] =
    ["CREATION", "EN_ATTENTE_VALIDATION", "VALIDEE", "PLANIFIEE", "DEPART", "RETOUR", "CLOTUREE"];

fn a_produced_life_is_listed_shown_and_consumed() {
    let desk = Desk::new();
    let said = desk.says(&["produce", "--scenario", "retard", "--interval", "10ms"]);
    assert!(said.starts_with("DV-2025-003 CREATION") && said.ends_with("sent=8 delivered=8 failed=0\n"), "{said}");
    let said = desk.says(&["produce", "--interval", "10ms"]);
    assert!(said.starts_with("DV-2025-004 CREATION") && said.ends_with("sent=7 delivered=7 failed=0\n"), "{said}");
    desk.says(&["produce", "--id", "DV-9", "--scenario", "annulation", "--interval", "0"]);

    let list = desk.list();
    let one = |id: &str| {
        let one = &list[id];
        (one["etat"].clone(), one["retard"].clone(), one["evenements"].clone(), one["refuses"].clone())
    };
    assert_eq!(one("DV-2025-003"), (json!("CLOTUREE"), json!(false), json!(8), json!(0)));
    assert_eq!(one("DV-9"), (json!("ANNULATION"), json!(false), json!(5), json!(0)));
    assert_eq!(list["DV-2025-003"]["details"], json!({"frais_notes": "En attente de remboursement"}));
    let timestamp = list["DV-2025-003"]["timestamp"].as_str().expect("a time");
    assert!(timestamp.ends_with('Z') && timestamp.len() == "2026-11-21T09:41:05.123Z".len(), "{timestamp}");

    let history: Value = serde_json::from_str(&desk.says(&["show", "DV-2025-003", "--json"])).expect("it is JSON");
    let etats: Vec<&str> =
        history["historique"].as_array().unwrap().iter().map(|e| e["etat"].as_str().unwrap()).collect();
    assert_eq!(etats[4], "RETARD");
    assert_eq!((etats.len(), history["retards"].as_i64()), (8, Some(1)));
    let records = desk.kafka.dump(&desk.topic);
    assert!(records.iter().all(|record| record.headers.iter().any(|(name, _)| name == b"ce_id")));

    let blocks = desk.says(&["consume", "--until-end"]);
    assert!(blocks.contains("NOUVEL ÉTAT : RETARD\n") && blocks.contains("Détails : {\"cause\":\"Grève aérienne\""));
    assert!(blocks.contains("[ DV-2025-003 ] est actuellement : PLANIFIEE (RETARD)\n"), "{blocks}");
    let lines = desk.says(&["consume", "--until-end", "--json"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    assert_eq!(lines.len(), 8 + 7 + 5);
    assert!(lines.iter().all(|line| line["verdict"] == "accepted"));

    // Who publishes the group's offsets begins at the beginning all the same, and has published the end.
    let group = desk.kafka.group("gestion-voyage-service");
    let published: i64 =
        group.iter().filter(|(place, _)| place.starts_with(&format!("{}/", desk.topic))).map(|(_, next)| next).sum();
    assert_eq!(published, 20);
}

fn what_is_refused_changes_nothing_and_says_why() {
    let desk = Desk::new();
    let sent = desk.says(&["send", "DV-1", "CREATION", "--details", "{\"a\": 1.50}"]);
    assert!(sent.starts_with("DV-1 CREATION ") && sent.contains("@0"), "{sent}");
    desk.says(&["send", "DV-1", "DEPART"]);
    let checked = desk.travel(&["send", "DV-1", "RETOUR", "--check"]).finish();
    checked.expect_code(1).expect_message(&["would be refused", "out_of_order", "EN_ATTENTE_VALIDATION"]);
    desk.says(&["send", "DV-1", "EN_ATTENTE_VALIDATION_MANAGER", "--check"]);
    let one = &desk.list()["DV-1"];
    assert_eq!(
        (&one["etat"], &one["evenements"], &one["refuses"]),
        (&json!("EN_ATTENTE_VALIDATION"), &json!(3), &json!(1))
    );
    let shown = desk.says(&["show", "DV-1"]);
    for text in [
        "✗ refused",
        "out_of_order: after CREATION come EN_ATTENTE_VALIDATION, RETARD, ANNULATION",
        "Next      VALIDEE",
    ] {
        assert!(shown.contains(text), "{text:?} in {shown}");
    }
    desk.says(&["send", "DV-1", "ANNULATION"]);
    let ended = desk.travel(&["produce", "--id", "DV-1"]).finish();
    ended.expect_code(1).expect_message(&["has ended (ANNULATION)", "--id"]);
    assert!(desk.says(&["list", "--refused"]).contains("DV-1"));
    assert!(!desk.says(&["list", "--place", "VALIDEE"]).contains("DV-1"));
}

fn the_exercises_producer_is_understood() {
    let desk = Desk::with_topic(3);
    let script = source_dir().join("tests/kafka/python/travel.py");
    let run =
        Run::new("python", python(), &desk.scratch).arg(script).args(["produce", desk.kafka.bootstrap(), &desk.topic]);
    run.env("PYTHONDONTWRITEBYTECODE", "1").finish_within(LONG).expect_code(0);
    let one = &desk.list()["DV-2025-003"];
    assert_eq!((&one["etat"], &one["evenements"], &one["refuses"]), (&json!("CLOTUREE"), &json!(8), &json!(0)));
    // Both choose the same partition.
    desk.says(&["send", "DV-2025-003", "RETOUR"]);
    let partitions: Vec<i32> = desk.kafka.dump(&desk.topic).iter().map(|record| record.partition).collect();
    assert!(partitions.windows(2).all(|two| two[0] == two[1]), "{partitions:?}");
}

fn a_second_fold_in_python_agrees() {
    let desk = Desk::with_topic(3);
    let script = source_dir().join("tests/kafka/python/travel.py");
    let run = |arguments: &[&str]| {
        let run = Run::new("python", python(), &desk.scratch).arg(&script).args(arguments);
        let exit = run.env("PYTHONDONTWRITEBYTECODE", "1").finish_within(LONG);
        exit.expect_code(0);
        exit.stdout.clone()
    };
    let seed = Chance::seeded("ORDERTRAIL_TRAVEL_SEED").below(1 << 32).to_string();
    run(&["generate", desk.kafka.bootstrap(), &desk.topic, "10000", &seed]);
    let theirs: Vec<Value> = serde_json::from_str(&run(&["fold", desk.kafka.bootstrap(), &desk.topic])).expect("JSON");
    let ours = desk.list();
    assert_eq!(theirs.len(), ours.len());
    for one in &theirs {
        let id = one["id"].as_str().expect("an id");
        for field in ["etat", "retard", "evenements", "refuses"] {
            assert_eq!(one[field], ours[id][field], "{field} of {id}, seed {seed}");
        }
    }
}

fn kcat_writes_as_anybody_does() {
    let desk = Desk::with_topic(3);
    let lines: Vec<String> = ["CREATION", "DEPART", "EN_ATTENTE_VALIDATION"]
        .iter()
        .map(|etat| format!("DV-1\t{}", json!({"id": "DV-1", "etat": etat})))
        .collect();
    let flags = ["-P", "-t", &desk.topic, "-K", "\t"].map(Into::into);
    kcat(&desk.kafka, &flags, format!("{}\n", lines.join("\n")).as_bytes());
    let keyless = json!({"id": "DV-2", "etat": "CREATION"}).to_string();
    kcat(&desk.kafka, &["-P", "-t", &desk.topic].map(Into::into), keyless.as_bytes());
    let list = desk.list();
    assert_eq!((&list["DV-1"]["etat"], &list["DV-1"]["refuses"]), (&json!("EN_ATTENTE_VALIDATION"), &json!(1)));
    assert_eq!(list["DV-2"]["etat"], json!("CREATION"));
    assert!(desk.says(&["show", "DV-2"]).contains("no_key"));
}

fn hostile_records_are_harmless_and_shown() {
    let desk = Desk::with_topic(1);
    let long = "x".repeat(20_000);
    let records = vec![
        event("DV-1", "CREATION"),
        event("\u{1b}[2J\u{7}", "CREATION"),
        event("a\u{202e}b", "CREATION"),
        event("DV-1", "\u{1b}]0;evil\u{7}"),
        event(&long, "CREATION"),
        Record::new(0, vec![0xff, 0xfe]).key("DV-1"),
        Record::tombstone(0).key("DV-1"),
        Record::tombstone(0),
        Record::new(0, "{\"id\":\"DV-1\",\"etat\":\"RETARD\",\"details\":{\"a\":\"\u{9b}2J\u{202e}\"}}").key("DV-1"),
        Record::new(0, "[".repeat(100_000)).key(vec![0x80]),
        Record::new(0, r#"{"id":"DV-2","etat":"CREATION"}"#).key("DV-1"),
        Record::new(0, ""),
    ];
    desk.kafka.produce(&desk.topic, &records);
    let list = desk.list();
    let one = &list["DV-1"];
    assert_eq!(
        (&one["etat"], &one["retard"], &one["evenements"], &one["refuses"]),
        (&json!("CREATION"), &json!(true), &json!(6), &json!(2))
    );
    assert_eq!(list["DV-2"]["etat"], Value::Null);
    assert_eq!(list["a\u{202e}b"]["etat"], json!("CREATION"));
    let unreadable: Vec<Value> = serde_json::from_str(&desk.says(&["list", "--unreadable", "--json"])).expect("JSON");
    let reasons: Vec<&str> = unreadable.iter().map(|one| one["reason"].as_str().expect("a reason")).collect();
    assert_eq!(reasons, ["bad_id", "bad_id", "not_utf8", "tombstone", "tombstone", "not_json", "empty"]);
    let commands: [&[&str]; 7] = [
        &["list"],
        &["list", "--json"],
        &["list", "--unreadable"],
        &["show", "DV-1"],
        &["show", "DV-1", "--json"],
        &["consume", "--until-end"],
        &["consume", "--until-end", "--json"],
    ];
    for command in commands {
        let said = desk.says(command);
        let evil = said.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(evil, None, "{command:?}");
        assert!(!said.is_empty(), "{command:?}");
    }
}

fn a_board_shows_events_as_they_come() {
    let desk = Desk::with_topic(3);
    desk.send("DV-1", &["CREATION"]);
    desk.kafka.produce_by_key(&desk.topic, &[event("evil\u{202e}id", "CREATION")]);
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_travel"));
    command.args(["--brokers", desk.kafka.bootstrap(), "--topic", &desk.topic, "consume", "--no-snapshot"]);
    command.cwd(desk.scratch.path());
    let mut terminal = Terminal::start(command, 80, 24);
    terminal.wait_for_text("LIVE");
    terminal.wait_for_text("evil·id");
    desk.send("DV-1", &["EN_ATTENTE_VALIDATION", "CLOTUREE"]);
    terminal.wait_for_text("✗ CLOTUREE out_of_order");
    terminal.send("\r");
    terminal.wait_for_text("after EN_ATTENTE_VALIDATION come VALIDEE");
    terminal.send("q");
    assert!(terminal.exit().success());
    terminal.assert_given_back();
}

fn what_cannot_be_done_says_so() {
    let desk = Desk::with_topic(1);
    let says = |arguments: &[&str], code: i32, texts: &[&str]| {
        desk.travel(arguments).finish_within(SHORT).expect_code(code).expect_message(texts);
    };
    says(&["show", "DV-404"], 1, &["holds nothing of DV-404"]);
    says(&["send", "DV-1", "DEPRT"], 2, &["did you mean DEPART?"]);
    says(&["send", "DV-1", "DEPART", "--details", "[]"], 2, &["no JSON object"]);
    says(&["produce", "--scenario", "nowhere"], 2, &["normal, retard, annulation"]);
    says(&["list", "--place", "RETARD"], 2, &["no place"]);
    assert_eq!(desk.says(&["list", "--json"]), "[]\n");
    let states = desk.says(&["states", "--mermaid"]);
    assert!(states.starts_with("stateDiagram-v2\n"), "{states}");
    for command in ["list", "produce"] {
        let nobody =
            program("travel", &desk.scratch).args(["-b", "127.0.0.1:1", "--connect-timeout", "300ms", command]);
        let exit = nobody.finish_within(SHORT);
        exit.expect_code(4).expect_message(&["no broker at 127.0.0.1:1", "./start.sh"]);
        // Who sends always says how much was sent.
        assert_eq!(exit.stdout == "sent=0 delivered=0 failed=0\n", command == "produce", "{}", exit.stdout);
    }
    let nowhere = Desk::new();
    for flags in [&["list", "--positions", "--json"][..], &["list", "--positions"]] {
        let exit = nowhere.travel(flags).finish_within(SHORT);
        exit.expect_code(1).expect_message(&["no topic", &nowhere.topic]);
        assert_eq!(exit.stdout, "");
    }
    assert_eq!(nowhere.says(&["list", "--json"]), "[]\n");
}
