//! `techshop kafka-dashboard`: cell by cell what Kafka's own tools print, and a screen that survives its broker.

use crate::harness::{
    Broker, Cluster, LONG, Need, Process, Record, Run, Scratch, class_path, java_tool, program, wait_until,
};
use libtest_mimic::Trial;
use portable_pty::CommandBuilder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use terminal::Terminal;

#[path = "../monitor/terminal.rs"]
#[allow(dead_code, unreachable_pub, reason = "its other users need more of it")]
pub(crate) mod terminal;

pub(crate) fn trials() -> Vec<Trial> {
    let mut all = trials!(
        "kafka_dashboard",
        &[Need::Broker],
        [a_screen_shows_a_broker_that_goes_and_one_that_comes_back, without_a_broker_a_summary_ends_with_4]
    );
    all.extend(trials!(
        "kafka_dashboard",
        &[Need::Broker, Need::Kcat],
        [twenty_groups_over_fifty_partitions_are_as_kafkas_own_tools_print_them]
    ));
    all
}

/// A cell of a table of Kafka's tools: `-` is what it does not know.
type Cell = Option<String>;

fn cell(text: &str) -> Cell {
    (text != "-").then(|| text.to_owned())
}

fn of_json(value: &Value) -> Cell {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// What one of Kafka's own tools prints.
fn tool(class: &str, kafka: &Cluster, scratch: &Scratch, flags: &[&str]) -> String {
    let run = Run::new(class.rsplit('.').next().expect("a class has a name"), java_tool("java"), scratch)
        .args(["-Xmx256m", "-XX:+UseSerialGC", "-cp", &class_path(&[]), class])
        .args(["--bootstrap-server", kafka.bootstrap()])
        .args(flags);
    let exit = run.finish_within(LONG);
    exit.expect_code(0);
    exit.stdout.clone()
}

fn groups_tool(kafka: &Cluster, scratch: &Scratch, flags: &[&str]) -> String {
    tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", kafka, scratch, flags)
}

/// The rows of all tables in a text, by the names of their columns.
fn tables(text: &str, first_column: &str) -> Vec<BTreeMap<String, Cell>> {
    let mut names: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        if cells.first() == Some(&first_column) {
            names = cells.into_iter().map(str::to_owned).collect();
        } else if !names.is_empty() && cells.len() == names.len() {
            rows.push(names.iter().cloned().zip(cells.into_iter().map(cell)).collect());
        }
    }
    rows
}

fn number(text: &Cell) -> i64 {
    text.as_ref().and_then(|text| text.parse().ok()).expect("a number")
}

fn dashboard(kafka: &Cluster, scratch: &Scratch, flags: &[&str]) -> Run {
    program("techshop", scratch).cluster(kafka).arg("kafka-dashboard").args(flags)
}

fn report(kafka: &Cluster, scratch: &Scratch) -> Value {
    let exit = dashboard(kafka, scratch, &["--once", "--json", "--every", "300ms"]).finish_within(LONG);
    exit.expect_code(0);
    serde_json::from_str(&exit.stdout).expect("it is JSON")
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

/// A member of a group: kcat.
fn member(kafka: &Cluster, scratch: &Scratch, group: &str, topic: &str, flags: &[&str]) -> Process {
    Run::new("kcat", "kcat", scratch)
        .args(["-q", "-b", kafka.bootstrap(), "-X", "auto.offset.reset=earliest"])
        .args(flags)
        .args(["-G", group, topic])
        .start()
}

/// Ten topics of five partitions, and twenty groups of every kind.
fn populate(kafka: &Cluster, scratch: &Scratch) -> Vec<Process> {
    for topic in 0..10 {
        let name = format!("t{topic}");
        kafka.make_topic(&name, 5);
        let records: Vec<Record> = (0..topic * 7).map(|number| Record::new(number % 5, format!("{number}"))).collect();
        kafka.produce(&name, &records);
    }
    kafka.delete_before("t9", 0, 3);
    for number in 0..16 {
        let name = format!("g{number:02}");
        for partition in 0..=number % 5 {
            for topic in [number % 10, (number + 3) % 10] {
                let end = kafka.ends(&format!("t{topic}"))[&partition];
                // The first has read all, each further one is further behind.
                kafka.move_group(&name, &format!("t{topic}"), partition, (end - i64::from(number)).max(0));
            }
        }
    }
    let mut members = vec![
        member(kafka, scratch, "reads", "t8", &[]),
        member(kafka, scratch, "says-nothing", "t7", &["-X", "enable.auto.commit=false"]),
        member(kafka, scratch, "two-read", "t6", &[]),
        member(kafka, scratch, "two-read", "t6", &[]),
    ];
    kafka.make_topic("doomed", 2);
    kafka.produce("doomed", &[Record::new(0, "x"), Record::new(1, "y")]);
    kafka.move_group("bereft", "doomed", 0, 1);
    kafka.move_group("bereft", "t1", 0, 0);
    kafka.delete_topic("doomed");
    for process in &mut members {
        assert!(process.is_running(), "a member ended: {}", process.stderr());
    }
    members
}

/// Waits until all is still: members are in their groups and have published what they read.
fn settle(kafka: &Cluster, scratch: &Scratch) {
    wait_until("the groups are as they will be", LONG, || {
        let rows = tables(&groups_tool(kafka, scratch, &["--describe", "--all-groups"]), "GROUP");
        let of = |group: &str| rows.iter().filter(|row| row["GROUP"].as_deref() == Some(group)).collect::<Vec<_>>();
        let has_read = |group: &str| {
            let rows = of(group);
            rows.len() == 5 && rows.iter().all(|row| row["LAG"].as_deref() == Some("0") && row["HOST"].is_some())
        };
        let owners: BTreeSet<&Cell> = of("two-read").iter().map(|row| &row["CONSUMER-ID"]).collect();
        let silent = of("says-nothing");
        let is_still = has_read("reads")
            && has_read("two-read")
            && owners.len() == 2
            && silent.len() == 5
            && silent.iter().all(|row| row["CONSUMER-ID"].is_some());
        is_still.then_some(())
    });
}

fn twenty_groups_over_fifty_partitions_are_as_kafkas_own_tools_print_them() {
    let mut broker = Broker::start();
    let (kafka, scratch) = (broker.cluster(), Scratch::new("dashboard"));
    let members = populate(&kafka, &scratch);
    settle(&kafka, &scratch);
    let report = report(&kafka, &scratch);
    expect_groups(&report, &kafka, &scratch);
    expect_topics(&report, &kafka, &scratch);
    let brokers = array(&report["brokers"]);
    assert_eq!(brokers.len(), 1);
    assert_eq!(format!("{}:{}", brokers[0]["host"].as_str().unwrap(), brokers[0]["port"]), kafka.bootstrap());
    assert_eq!(brokers[0]["controller"], Value::Bool(true));
    let text = dashboard(&kafka, &scratch, &["--once", "--all"]).finish_within(LONG);
    text.expect_code(0);
    for words in ["GROUP ", "g15 ", "says-nothing", "t9", "as kafka-consumer-groups prints it"] {
        assert!(text.stdout.contains(words), "{words:?} is not in:\n{}", text.stdout);
    }
    assert!(!text.stdout.contains('\u{1b}'), "no escape codes in a pipe");
    drop(members);
    broker.kill_nine();
}

fn expect_groups(report: &Value, kafka: &Cluster, scratch: &Scratch) {
    type Row = (String, String, i64, Cell, Cell, Cell, Cell, Cell, Cell);
    let mut ours: Vec<Row> = Vec::new();
    for group in array(&report["groups"]) {
        let members: BTreeMap<&str, &Value> =
            array(&group["members"]).iter().map(|one| (one["id"].as_str().expect("a text"), one)).collect();
        for one in array(&group["partitions"]) {
            let member = one["member"].as_str().map(|id| members[id]);
            ours.push((
                group["group"].as_str().expect("a text").to_owned(),
                one["topic"].as_str().expect("a text").to_owned(),
                one["partition"].as_i64().expect("a number"),
                of_json(&one["committed"]),
                of_json(&one["end"]),
                of_json(&one["lag"]),
                of_json(&one["member"]),
                member.and_then(|member| of_json(&member["host"])),
                member.and_then(|member| of_json(&member["client"])),
            ));
        }
    }
    let rows = tables(&groups_tool(kafka, scratch, &["--describe", "--all-groups"]), "GROUP");
    let text = |row: &BTreeMap<String, Cell>, name: &str| row[name].clone().expect("a name");
    let mut theirs: Vec<Row> = rows
        .iter()
        .map(|row| {
            (
                text(row, "GROUP"),
                text(row, "TOPIC"),
                number(&row["PARTITION"]),
                row["CURRENT-OFFSET"].clone(),
                row["LOG-END-OFFSET"].clone(),
                row["LAG"].clone(),
                row["CONSUMER-ID"].clone(),
                row["HOST"].clone(),
                row["CLIENT-ID"].clone(),
            )
        })
        .collect();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    let sums = |rows: &[Row]| {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.5.is_some()) {
            *sums.entry(row.0.clone()).or_default() += number(&row.5);
        }
        sums
    };
    let lags: BTreeMap<String, i64> = array(&report["groups"])
        .iter()
        .filter_map(|group| Some((group["group"].as_str()?.to_owned(), group["lag"].as_i64()?)))
        .collect();
    assert_eq!(lags, sums(&theirs));
    assert!(lags.values().any(|lag| *lag > 50) && lags.values().any(|lag| *lag == 0), "{lags:?}");

    let theirs = states(&groups_tool(kafka, scratch, &["--describe", "--all-groups", "--state"]));
    let ours: BTreeSet<(Cell, Cell, Cell)> = array(&report["groups"])
        .iter()
        .map(|group| {
            let members = array(&group["members"]).len().to_string();
            (of_json(&group["group"]), of_json(&group["state"]), Some(members))
        })
        .collect();
    assert_eq!((ours.len(), &ours), (20, &theirs));
    let types = tables(&groups_tool(kafka, scratch, &["--list", "--type"]), "GROUP");
    let theirs: BTreeSet<(Cell, Cell)> = types.iter().map(|row| (row["GROUP"].clone(), row["TYPE"].clone())).collect();
    let ours: BTreeSet<(Cell, Cell)> =
        array(&report["groups"]).iter().map(|group| (of_json(&group["group"]), of_json(&group["type"]))).collect();
    assert_eq!(ours, theirs);
}

/// Group, state and number of members: the last two stand last, since a group without members has no strategy.
fn states(text: &str) -> BTreeSet<(Cell, Cell, Cell)> {
    let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows = rows.filter(|cells| cells.len() >= 4 && !["GROUP", "Consumer"].contains(&cells[0]));
    rows.map(|cells| (cell(cells[0]), cell(cells[cells.len() - 2]), cell(cells[cells.len() - 1]))).collect()
}

fn expect_topics(report: &Value, kafka: &Cluster, scratch: &Scratch) {
    let mut ours: BTreeSet<(String, String, String, String, String)> = BTreeSet::new();
    let mut edges: BTreeMap<String, [Cell; 2]> = BTreeMap::new();
    let ids = |value: &Value| array(value).iter().map(Value::to_string).collect::<Vec<_>>().join(",");
    let mut ours_count = 0;
    for topic in array(&report["topics"]) {
        let name = topic["name"].as_str().expect("a text");
        for one in array(&topic["partitions"]) {
            let place = (name.to_owned(), one["partition"].to_string(), one["leader"].to_string());
            ours.insert((place.0, place.1, place.2, ids(&one["replicas"]), ids(&one["isr"])));
            edges.insert(format!("{name}:{}", one["partition"]), [of_json(&one["first"]), of_json(&one["end"])]);
        }
        if name.starts_with('t') {
            ours_count += array(&topic["partitions"]).len();
            let sum: i64 = array(&topic["partitions"])
                .iter()
                .map(|one| one["end"].as_i64().unwrap() - one["first"].as_i64().unwrap())
                .sum();
            assert_eq!(topic["messages"].as_i64(), Some(sum));
            assert_eq!(topic["rate"].as_f64(), Some(0.0), "nothing comes");
        }
    }
    assert_eq!(ours_count, 50);
    assert!(!report.to_string().contains("\"doomed\""), "a topic that was deleted is not there");
    let mut theirs = BTreeSet::new();
    for line in tool("org.apache.kafka.tools.TopicCommand", kafka, scratch, &["--describe"]).lines() {
        let fields: BTreeMap<&str, &str> = line
            .trim()
            .split('\t')
            .filter_map(|field| field.split_once(": "))
            .map(|(name, value)| (name, value.trim()))
            .collect();
        if let (Some(partition), Some(leader)) = (fields.get("Partition"), fields.get("Leader")) {
            let text = |name: &str| fields[name].to_owned();
            theirs.insert((
                text("Topic"),
                (*partition).to_owned(),
                (*leader).to_owned(),
                text("Replicas"),
                text("Isr"),
            ));
        }
    }
    assert_eq!(ours, theirs);
    for (which, time) in ["-2", "-1"].into_iter().enumerate() {
        let text =
            tool("org.apache.kafka.tools.GetOffsetShell", kafka, scratch, &["--topic", "t[0-9]", "--time", time]);
        for line in text.lines() {
            let (place, offset) = line.rsplit_once(':').expect("topic:partition:offset");
            assert_eq!(edges[place][which].as_deref(), Some(offset), "{place} at {time}");
        }
        assert_eq!(text.lines().count(), 50);
    }
}

fn without_a_broker_a_summary_ends_with_4() {
    let broker = Broker::not_started();
    let scratch = Scratch::new("dashboard");
    let exit = dashboard(&broker.cluster(), &scratch, &["--json", "--connect-timeout", "1s"]).finish();
    exit.expect_code(4).expect_message(&["no broker at", "./start.sh"]);
    assert_eq!(exit.stdout, "");
}

fn screen(kafka: &Cluster, folder: &Path, columns: u16, rows: u16) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_techshop"));
    command.env_clear();
    for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")] {
        command.env(name, value);
    }
    command.cwd(folder);
    command.args(["--brokers", kafka.bootstrap(), "kafka-dashboard", "--every", "500ms"]);
    Terminal::start(command, columns, rows)
}

fn a_screen_shows_a_broker_that_goes_and_one_that_comes_back() {
    let mut broker = Broker::not_started();
    let (kafka, scratch) = (broker.cluster(), Scratch::new("dashboard"));
    let mut terminal = screen(&kafka, scratch.path(), 120, 40);
    terminal.wait_for_text("WAITING");
    broker.start_again();
    terminal.wait_for_text("ALL READ");
    kafka.make_topic("orders", 2);
    kafka.produce("orders", &[Record::new(0, "a"), Record::new(0, "b"), Record::new(1, "c")]);
    kafka.move_group("late", "orders", 0, 0);
    terminal.wait_for_text("late has no reader");
    terminal.send("\r");
    terminal.wait_for_text("Group late");
    terminal.send("\x1b");
    broker.stop();
    terminal.wait_for_text("NO KAFKA");
    assert!(terminal.text().contains("late"), "the last figures stay");
    broker.start_again();
    terminal.wait_for_text("late has no reader");
    kafka.delete_topic("orders");
    terminal.wait_for_text("deleted");
    terminal.resize(80, 24);
    terminal.wait_for_text("Tab pane");
    terminal.send("q");
    assert!(terminal.exit().success());
    terminal.assert_given_back();
    broker.kill_nine();
}
