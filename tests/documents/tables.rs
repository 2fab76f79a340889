//! The tables of the documents against the definitions in the code.

use super::{documents, read};
use ordertrail::doors::health::{Meters, MetricsReport, PartitionReport, Percentiles};
use ordertrail::tools::exit::Exit;
use std::collections::{BTreeMap, BTreeSet};

/// The rows of the first table whose head begins with `head`, each as its cells.
fn table(document: &str, head: &str) -> Vec<Vec<String>> {
    let text = read(document);
    let rows = text.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows: Vec<Vec<String>> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(!rows.is_empty(), "{document} has no table that begins with {head}");
    rows
}

/// The text of one function, up to the line with its closing brace.
fn function<'a>(source: &'a str, name: &str) -> &'a str {
    let (_, from) = source.split_once(&format!("fn {name}(")).unwrap_or_else(|| panic!("there is no fn {name}"));
    from.split_once("\n    }\n").map_or(from, |(body, _)| body)
}

/// The names of variants in a piece of code: `Self::Name`.
fn variants(code: &str) -> impl Iterator<Item = String> + '_ {
    code.split("Self::").skip(1).map(|rest| rest.chars().take_while(|c| c.is_alphanumeric()).collect())
}

/// Each event with the levels that it can have, as the code defines them.
fn events() -> BTreeMap<String, BTreeSet<&'static str>> {
    let source = read("src/doors/health/event.rs");
    let (keys, levels) = (function(&source, "key"), function(&source, "level"));
    let mut by_variant = BTreeMap::new();
    for line in keys.lines().filter(|line| line.contains("=> \"")) {
        let variant = variants(line).next().unwrap_or_default();
        by_variant.insert(variant, line.split('"').nth(1).unwrap_or_default().to_owned());
    }
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut rest = levels;
    while let Some((arm, behind)) = rest.split_once("=> Level::") {
        let level = if behind.starts_with("Error") { "ERROR" } else { "WARN" };
        if !behind.starts_with("Info") {
            for variant in variants(arm) {
                // An arm with a condition is only one of what it can be.
                let mut all = BTreeSet::from([level]);
                all.extend(arm.contains("Some(_)").then_some("INFO"));
                found.insert(by_variant[&variant].clone(), all);
            }
        }
        rest = behind;
    }
    for key in by_variant.into_values() {
        found.entry(key).or_insert_with(|| BTreeSet::from(["INFO"]));
    }
    found
}

#[test]
fn each_event_is_explained_with_its_level() {
    let code = events();
    assert!(code.len() > 15 && code["audit.recovered"].len() == 2 && code["disk.full"].contains("WARN"), "{code:?}");
    for document in ["docs/operating.md", "docs/formats.md"] {
        let mut told = BTreeMap::new();
        for row in table(document, "| `event` | level |") {
            let levels = ["INFO", "WARN", "ERROR"].into_iter().filter(|level| row[1].contains(level)).collect();
            told.insert(row[0].trim_matches('`').to_owned(), levels);
        }
        // What a library says has a level of its own.
        assert_eq!(told.remove("diagnostic"), Some(BTreeSet::new()), "{document}");
        assert_eq!(told, code, "{document}");
    }
}

/// Where the kinds of lines of services' logs are made, each by one function.
const SERVICE_EVENTS: [&str; 3] =
    ["src/doors/health/events.rs", "src/programs/supply/events.rs", "src/programs/techshop/events.rs"];

/// A kind of line: its level, and the names of its metadata.
type Kind = (String, BTreeSet<String>);

/// Each kind of line of a service's log by its key, as the code defines it.
fn service_events() -> BTreeMap<String, Kind> {
    let mut found = BTreeMap::new();
    for file in SERVICE_EVENTS {
        let source = read(file);
        let code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for function in code.split("fn ").skip(1) {
            let made = function.split_once("ServiceEvent::");
            let Some((level, call)) = made.and_then(|(_, rest)| rest.split_once('(')) else { continue };
            let key = call.split('"').nth(1).unwrap_or_default().to_owned();
            // A name of metadata is a literal before a colon, or given to `with`.
            let pieces: Vec<&str> = function.split('"').collect();
            let names = pieces.windows(3).step_by(2).filter(|three| {
                let is_name = !three[1].is_empty() && three[1].chars().all(|c| c.is_alphanumeric() || c == '_');
                is_name && (three[2].starts_with(':') || three[0].ends_with(".with("))
            });
            let names = names.map(|three| three[1].to_owned()).collect();
            // What a library says has a level of its own.
            let level = if level == "of" { "as it is".to_owned() } else { level.to_uppercase() };
            let before = found.insert(key.clone(), (level, names));
            assert_eq!(before, None, "{key} is made in two places");
        }
    }
    found
}

#[test]
fn each_event_of_a_service_is_explained_with_its_level_and_metadata() {
    let code = service_events();
    assert!(code.len() > 40 && code["messages.lost"].0 == "ERROR" && code["broker.wait"].1.len() == 1, "{code:?}");
    let mut told = BTreeMap::new();
    for row in table("docs/formats.md", "| `event` of a service |") {
        let names = row[4].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let before = told.insert(row[0].trim_matches('`').to_owned(), (row[1].clone(), names));
        assert_eq!(before, None, "{} stands there twice", row[0]);
    }
    assert_eq!(told, code);
    // What the tracker says under the same key is as grave.
    for (key, levels) in events() {
        let level = code.get(&key).map(|(level, _)| level.as_str());
        assert!(level.is_none_or(|level| levels.contains(level)), "{key} has another level in tracker.log");
    }
}

/// Every Rust file below a folder, by its path from the top.
fn rust_files(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(super::top().join(folder)).unwrap().flatten();
    let mut files = Vec::new();
    for entry in entries {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => files.extend(rust_files(&path)),
            false if path.ends_with(".rs") => files.push(path),
            false => {}
        }
    }
    files
}

#[test]
fn a_line_of_a_log_is_made_nowhere_else() {
    // The type itself is where its own tests are.
    let may = |file: &str| SERVICE_EVENTS.contains(&file) || file == "src/doors/health/service_event.rs";
    for file in rust_files("src").iter().filter(|file| !may(file)) {
        let code = read(file);
        let makes =
            ["info", "warn", "error", "of"].iter().any(|level| code.contains(&format!("ServiceEvent::{level}(")));
        assert!(!makes, "{file} makes a line of a log: only these may: {SERVICE_EVENTS:?}");
    }
}

#[test]
fn each_verdict_that_is_named_is_one_that_is_given() {
    let words = read("src/programs/monitor/texts/words.rs") + &read("src/programs/monitor/texts/states.rs");
    for row in table("docs/operating.md", "| verdict of ") {
        for verdict in row[0].split(", ") {
            assert!(words.contains(&format!("\"{verdict}\"")), "there is no verdict {verdict}");
        }
    }
}

#[test]
fn each_exit_code_is_explained() {
    let all = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Damaged,
        Exit::NoBroker,
        Exit::DataAltered,
        Exit::DiskFailed,
        Exit::Undelivered,
    ];
    // A second signal's is no program's own end.
    let mut codes: BTreeSet<String> = all.iter().map(|exit| exit.code().to_string()).collect();
    codes.insert("130".to_owned());
    let told: BTreeSet<String> = table("docs/operating.md", "| code |").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(told, codes);
}

/// Everything in backticks that begins like a figure for Prometheus, without its labels and functions.
fn figures(text: &str) -> BTreeSet<String> {
    const BEGIN: [&str; 4] = ["ordertrail_", "kafka_consumergroup_", "kafka_topic_", "messaging_"];
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split('`').skip(1).step_by(2).flat_map(|code| code.split(move |c| !is_name(c)));
    words.filter(|word| BEGIN.iter().any(|begin| word.starts_with(begin))).map(str::to_owned).collect()
}

#[test]
fn each_figure_is_served() {
    let meters = Meters::new("orders", "group");
    // A figure is served once it is known, a family once it has something to say.
    let at = PartitionReport { next: 1, readable_end: Some(1), lag: Some(0) };
    let times = Percentiles { p50: 1.0, p99: 1.0, max: 1.0 };
    meters.set(&MetricsReport {
        partitions: [("0".to_owned(), at)].into(),
        write_ms: times,
        sync_ms: times,
        process_memory_bytes: Some(1),
        disk_free_bytes: Some(1),
        ..MetricsReport::default()
    });
    let (_, served) = meters.text();
    let named = figures(&read("docs/operating.md"));
    assert!(named.len() >= 5, "{named:?}");
    for name in named {
        let family = name.strip_suffix("_total").unwrap_or(&name);
        assert!(served.contains(&format!("# TYPE {family} ")), "{name} is not served");
    }
}

#[test]
fn each_kind_of_gap_is_explained() {
    let kinds = |document: &str, head: &str| -> BTreeSet<String> {
        table(document, head).into_iter().map(|row| row[0].clone()).collect()
    };
    let (causes, meanings) = ("| `kind` | usual cause |", "| `kind` | what happened |");
    assert_eq!(kinds("docs/operating.md", causes), kinds("docs/formats.md", meanings));
}

/// Flags of cargo that documents name.
const OF_CARGO: [&str; 6] = ["--features", "--lib", "--locked", "--no-default-features", "--nocapture", "--test"];

#[test]
fn each_flag_that_is_named_is_one_that_there_is() {
    let mut known: BTreeSet<String> = OF_CARGO.map(str::to_owned).into();
    for name in ["producer", "tracker", "audit", "log-monitor", "techshop", "supply", "travel"] {
        collect_flags(&super::program(name).unwrap_or_default(), &mut known);
    }
    for script in ["start.sh", "stop.sh", "scripts/newcomer.sh"] {
        known.extend(read(script).split(|c: char| !(c.is_alphanumeric() || c == '-')).map(str::to_owned));
    }
    // These name flags of other programs, and of benchmarks.
    let others = ["performance.md", "ARCHITECTURE.md", "scaling.md", "shipping.md", "alerts.md"];
    let ours = documents().into_iter().filter(|name| !others.iter().any(|other| name.ends_with(other)));
    let wrong: Vec<String> = ours
        .flat_map(|document| flags(&read(&document)).into_iter().map(move |flag| (document.clone(), flag)))
        .filter(|(_, flag)| !known.contains(flag))
        .map(|(document, flag)| format!("{document} names {flag}, which nothing takes"))
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn collect_flags(command: &clap::Command, known: &mut BTreeSet<String>) {
    known.extend(command.get_arguments().filter_map(|flag| flag.get_long()).map(|long| format!("--{long}")));
    command.get_subcommands().for_each(|one| collect_flags(one, known));
}

/// The long flags that a document's running text names in backticks.
fn flags(text: &str) -> BTreeSet<String> {
    let outside: String = text.split("```").step_by(2).collect();
    let code = outside.split('`').skip(1).step_by(2);
    let words = code.flat_map(|code| code.split(|c: char| !(c.is_alphanumeric() || c == '-')));
    words.filter(|word| word.len() > 3 && word.starts_with("--")).map(str::to_owned).collect()
}
