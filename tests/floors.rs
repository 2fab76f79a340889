//! The house keeps its own rules: rooms import only from floors below, each outside world has its
//! one door, no link of a document is dead, and nothing unfinished or overlong is left lying about.

#[path = "floors/links.rs"]
mod links;
#[path = "floors/source.rs"]
mod source;

use source::{Token, paths, tokens};
use std::path::{Path, PathBuf};

/// From the ground up.
const FLOORS: [&str; 7] = ["base", "words", "logic", "tools", "doors", "services", "programs"];

/// A crate or a keyword, and the one place that may name it.
const ONE_PLACE: [(&str, &str); 13] = [
    ("rdkafka", "src/doors/kafka/"),
    ("rdkafka_sys", "src/doors/kafka/"),
    ("axum", "src/doors/web/"),
    ("hyper", "src/doors/web/"),
    ("hyper_util", "src/doors/web/"),
    ("minijinja", "src/doors/web/"),
    ("ratatui", "src/doors/screen/"),
    ("lettre", "src/doors/mail/"),
    ("redb", "src/doors/store/"),
    ("ureq", "src/doors/http/"),
    ("rustls", "src/doors/http/"),
    ("anyhow", "src/bin/"),
    ("unsafe", "src/doors/kafka/raw"),
];

/// Who may print: programs, each in its own form, the room that does it for them, the screen, and a test that tells of
/// its seeds.
const MAY_PRINT: [&str; 5] =
    ["src/bin/", "src/programs/", "src/services/output.rs", "src/doors/screen/", "src/doors/audit/simulation/"];

/// What the three lowest floors, which are pure, may not touch.
const IMPURE: [&str; 8] = ["fs", "net", "env", "process", "thread", "SystemTime", "Instant", "now"];

const LONGEST_FILE: usize = 400;

/// What is wrong with one file; `path` is as seen from the top of the project.
fn complaints(path: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut all = Vec::new();
    if !source.starts_with("//!") {
        all.push("it does not open with `//!`, which says what it is for".to_owned());
    }
    let lines = source.lines().count();
    if lines > LONGEST_FILE {
        all.push(format!("{lines} lines are more than {LONGEST_FILE}"));
    }
    // Spelled so that this file may hold them.
    for mark in [concat!("TO", "DO"), concat!("FIX", "ME")] {
        if source.split(|c: char| !c.is_alphanumeric()).any(|word| word == mark) {
            all.push(format!("it holds a {mark}"));
        }
    }
    for three in tokens.windows(3) {
        if three[0].is("dbg") && three[1] == Token::Sign('!') {
            all.push("it holds a dbg!".to_owned());
        }
        if three[0] == Token::Sign('#') && three[1] == Token::Sign('[') && three[2].is("ignore") {
            all.push("it ignores a test".to_owned());
        }
    }
    if path.starts_with("src/") {
        all.extend(foreign_words(path, &tokens));
        all.extend(wrong_imports(path, &tokens));
    }
    all
}

fn foreign_words(path: &str, tokens: &[Token]) -> Vec<String> {
    let mut all = Vec::new();
    for (word, place) in ONE_PLACE {
        if !path.starts_with(place) && tokens.iter().any(|token| token.is(word)) {
            all.push(format!("it names {word}, which only {place} may"));
        }
    }
    if !MAY_PRINT.iter().any(|place| path.starts_with(place)) && tokens.iter().any(|token| token.is("stdout")) {
        all.push(format!("it names stdout, and only {MAY_PRINT:?} may print"));
    }
    let is_pure = ["src/base/", "src/words/", "src/logic/"].iter().any(|floor| path.starts_with(floor));
    for pair in tokens.windows(2) {
        let named = IMPURE.iter().find(|word| pair[0] == Token::Path && pair[1].is(word));
        if let (true, Some(word)) = (is_pure, named) {
            all.push(format!("it uses ::{word}, and this floor is pure"));
        }
    }
    all
}

/// Where a file stands: the module path of `src/doors/kafka/raw.rs` is doors, kafka, raw.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
    parts.pop_if(|last| last == "mod" || last == "lib");
    parts
}

fn wrong_imports(path: &str, tokens: &[Token]) -> Vec<String> {
    let module = module_of(path);
    let is_top = module.is_empty() || module[0] == "bin";
    let height = |floor: &str| FLOORS.iter().position(|one| *one == floor);
    let mut all = Vec::new();
    for named in paths(tokens, &module, "ordertrail") {
        let Some(floor) = named.first() else { continue };
        let shown = named.join("::");
        let (Some(theirs), false) = (height(floor), is_top) else {
            if height(floor).is_none() {
                all.push(format!("{shown} is on no floor"));
            }
            continue;
        };
        let Some(own) = height(&module[0]) else {
            all.push(format!("{} is no floor", module[0]));
            continue;
        };
        // The sign at a floor's door names the rooms of that floor.
        let is_other_room = module.len() > 1 && named.get(1) != module.get(1);
        if theirs > own {
            all.push(format!("{shown} is a floor above"));
        } else if theirs == own && is_other_room {
            all.push(format!("{shown} is another room of the same floor"));
        }
    }
    all
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn the_house_keeps_its_rules() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    let mut count = 0;
    for dir in ["src", "tests", "benches"] {
        for file in rust_files(&top.join(dir)) {
            let name = file.strip_prefix(top).unwrap().to_str().unwrap().replace('\\', "/");
            let source = std::fs::read_to_string(&file).unwrap();
            all.extend(complaints(&name, &source).iter().map(|what| format!("{name}: {what}")));
            count += 1;
        }
    }
    assert!(count > 20, "only {count} files were found");
    assert!(all.is_empty(), "\n{}\n", all.join("\n"));
}

/// Complaints about a made-up file that opens as it should.
fn about(path: &str, source: &str) -> String {
    complaints(path, &format!("//! A room.\n{source}")).join("; ")
}

#[test]
fn downward_is_fine() {
    for (path, source) in [
        ("src/doors/kafka/mod.rs", "use crate::tools::config::A;\nuse crate::base::message::{B, C};"),
        ("src/programs/tracker/run.rs", "use crate::{base::money, doors::{audit, kafka::K}, words};"),
        ("src/services/runtime/mod.rs", "mod probes; use crate::doors::{health::H, kafka::K}; use super::runtime::R;"),
        ("src/programs/supply/mod.rs", "use crate::services::runtime::Service;"),
        ("src/doors/kafka/raw/mod.rs", "use super::topics::T; use super::super::kafka::K;"),
        ("src/doors/mod.rs", "pub mod kafka; use crate::doors::kafka::K; use self::audit::A;"),
        ("src/words/order/mod.rs", "mod tests { use super::*; use super::super::order::read; }"),
        ("src/words/order/mod.rs", "mod a { mod b { use super::super::read; } } use super::order::x;"),
        ("src/bin/tracker.rs", "use ordertrail::programs::tracker; fn main() { anyhow::x() }"),
        ("src/lib.rs", "pub mod doors; pub use crate::programs::tracker;"),
        ("src/base/money/mod.rs", "// use crate::doors::kafka;\nconst A: &str = r#\"crate::doors::x \"y\" \"#;"),
        ("src/base/money/mod.rs", "/* /* */ crate::doors::a */ fn f<'a>(c: &'a char) { c == '\"'; '\\''; }"),
    ] {
        assert_eq!(about(path, source), "", "{path}: {source}");
    }
}

#[test]
fn upward_is_noticed() {
    for (path, source) in [
        ("src/base/money/mod.rs", "use crate::words::order::Order;"),
        ("src/words/order/read/mod.rs", "fn f() { crate::tools::config::g(); }"),
        ("src/tools/config/mod.rs", "use crate::{base::money::A, doors::kafka};"),
        ("src/tools/config/mod.rs", "use crate::{base::{self, money::{A, B}}, programs as p, words::X};"),
        ("src/doors/kafka/mod.rs", "pub(crate) use super::super::programs::tracker::T;"),
        ("src/doors/mod.rs", "use super::programs::X;"),
        ("src/doors/web/mod.rs", "use crate::services::runtime::Service;"),
        ("src/services/runtime/mod.rs", "use crate::programs::supply::Role;"),
        (
            "src/words/order/mod.rs",
            "fn f<'a>(x: &'a str) -> char { '\\'' } mod t { use super::super::super::doors::x; }",
        ),
        ("src/base/money/mod.rs", "macro_rules! m { () => { $crate::doors::kafka::f() } }"),
    ] {
        assert!(about(path, source).contains("is a floor above"), "{path}: {source}");
    }
}

#[test]
fn sideways_is_noticed() {
    for (path, source) in [
        ("src/doors/audit/mod.rs", "use crate::doors::kafka::K;"),
        ("src/doors/audit/mod.rs", "use super::kafka::K;"),
        ("src/doors/audit/append.rs", "use super::super::{audit::x, health::Log};"),
        ("src/doors/audit/append.rs", "use crate::doors;"),
        ("src/doors/audit/append.rs", "use crate::doors::*;"),
        ("src/doors/audit/mod.rs", "mod tests { use super::super::web::serve; }"),
        ("src/tools/durable.rs", "use super::config::A;"),
        ("src/services/runtime/mod.rs", "use crate::services::other::O;"),
    ] {
        let said = about(path, source);
        assert!(said.contains("another room of the same floor"), "{path}: {source}: {said}");
    }
}

#[test]
fn a_house_without_such_a_floor_is_noticed() {
    assert!(about("src/tools/config/mod.rs", "use crate::utils::x;").contains("on no floor"));
    assert!(about("src/utils/mod.rs", "use crate::base::money;").contains("is no floor"));
}

#[test]
fn each_world_has_one_door() {
    for (path, source) in [
        ("src/doors/audit/mod.rs", "use rdkafka::Message;"),
        ("src/programs/tracker/mod.rs", "fn f() -> axum::Router {}"),
        ("src/services/runtime/mod.rs", "use minijinja::Environment;"),
        ("src/tools/exit.rs", "fn f() -> anyhow::Result<()> {}"),
        ("src/doors/kafka/consumer.rs", "fn f() { unsafe { g() } }"),
    ] {
        assert!(about(path, source).contains("which only"), "{path}: {source}");
    }
    assert_eq!(about("src/doors/kafka/raw.rs", "use rdkafka::x; fn f() { unsafe { g() } }"), "");
    assert_eq!(about("src/tools/config/args.rs", "/// librdkafka, rdkafka\nconst A: &str = \"rdkafka\";"), "");
}

#[test]
fn only_programs_and_the_screen_print() {
    for path in ["src/doors/web/mod.rs", "src/services/runtime/mod.rs", "src/tools/printer.rs"] {
        assert!(about(path, "fn f() { std::io::stdout(); }").contains("may print"), "{path}");
    }
    for path in ["src/programs/travel/mod.rs", "src/bin/travel.rs", "src/doors/screen/args.rs"] {
        assert_eq!(about(path, "fn f() { std::io::stdout(); }"), "");
    }
}

#[test]
fn the_lowest_floors_are_pure() {
    for source in ["use std::fs::File;", "fn f() { Timestamp::now(); }", "use std::time::Instant;"] {
        assert!(about("src/words/order/mod.rs", source).contains("is pure"), "{source}");
        assert_eq!(about("src/tools/durable.rs", source), "");
    }
}

#[test]
fn what_is_left_lying_about_is_noticed() {
    let marks = [concat!("// TO", "DO: later"), concat!("/* FIX", "ME */")];
    for source in marks {
        assert!(about("tests/x.rs", source).contains("it holds a"), "{source}");
    }
    assert!(about("tests/x.rs", concat!("fn f() { db", "g!(1); }")).contains("dbg"));
    assert!(about("tests/x.rs", concat!("#[ig", "nore = \"x\"]\nfn f() {}")).contains("ignores"));
    assert!(complaints("src/base/x.rs", "use std::fmt;").join("").contains("does not open"));
    assert!(about("src/base/x.rs", &"\n".repeat(LONGEST_FILE)).contains("401 lines"));
}
