//! The documents say what is so: each command in them is one that the programs take, each event, exit code and
//! figure that they name is one of the code's own. What is run and shown is held to the real thing by
//! `tests/kafka/documents.rs`.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed, and says so")]

#[path = "documents/shell.rs"]
mod shell;
#[path = "documents/tables.rs"]
mod tables;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory};
use ordertrail::programs::auditor::AuditArgs;
use ordertrail::programs::monitor::MonitorArgs;
use ordertrail::programs::producer::ProducerArgs;
use ordertrail::programs::supply::SupplyArgs;
use ordertrail::programs::techshop::TechshopArgs;
use ordertrail::programs::tracker::TrackerArgs;
use ordertrail::programs::travel::TravelArgs;
use shell::commands;
use std::path::Path;

/// Programs of others that a reader may be asked to run.
const OTHERS: [&str; 41] = [
    "[", "awk", "bash", "cargo", "cat", "cd", "cp", "curl", "cut", "done", "docker", "echo", "export", "false", "for",
    "git", "grep", "head", "jq", "just", "kcat", "kill", "ls", "mkdir", "mv", "perl", "printf", "python3", "rm", "sed",
    "sleep", "sort", "tail", "tee", "true", "uniq", "wait", "wc", "xargs", "zcat", "zstd",
];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(top().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The documents that a reader is given, by their paths from the top.
fn documents() -> Vec<String> {
    let mut names = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned).to_vec();
    let entries = std::fs::read_dir(top().join("docs")).unwrap().flatten();
    names.extend(entries.filter_map(|entry| entry.file_name().into_string().ok()).map(|name| format!("docs/{name}")));
    names.retain(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"));
    names.sort();
    names
}

/// A fenced block: the line it begins at, its language, the line before it, and what is in it.
struct Block {
    line: usize,
    language: String,
    before: String,
    text: String,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let (mut is_open, mut before) = (false, "");
    for (number, line) in document.lines().enumerate() {
        match (line.strip_prefix("```"), found.last_mut()) {
            (Some(_), _) if is_open => is_open = false,
            (Some(language), _) => {
                is_open = true;
                let (language, before) = (language.to_owned(), before.to_owned());
                found.push(Block { line: number + 1, language, before, text: String::new() });
            }
            (None, Some(block)) if is_open => block.text += &format!("{line}\n"),
            _ => {}
        }
        before = line;
    }
    found
}

/// The commands of a block as a shell would get them; of a `console` block those behind `$ `.
fn script(block: &Block) -> String {
    match block.language.as_str() {
        "console" => {
            block.text.lines().filter_map(|line| line.strip_prefix("$ ")).map(|line| format!("{line}\n")).collect()
        }
        _ => block.text.clone(),
    }
}

fn program(name: &str) -> Option<Command> {
    Some(match name {
        "producer" => ProducerArgs::command(),
        "tracker" => TrackerArgs::command(),
        "audit" => AuditArgs::command(),
        "log-monitor" => MonitorArgs::command(),
        "techshop" => TechshopArgs::command(),
        "supply" => SupplyArgs::command(),
        "travel" => TravelArgs::command(),
        _ => return None,
    })
}

/// What is wrong with one command.
fn complaint(words: &[String]) -> Option<String> {
    let first = words.first()?.as_str();
    let name = first.rsplit('/').next().unwrap_or(first);
    if let Some(command) = program(name) {
        let parsed = command.try_get_matches_from(words);
        return parsed
            .err()
            .filter(|error| !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion))
            .map(|error| error.to_string());
    }
    if first.contains('/') {
        return unknown_script(first, &words[1..]);
    }
    match (first, words.get(1)) {
        ("just", Some(recipe)) => {
            let begins = |line: &str| line.split([' ', ':']).next() == Some(recipe);
            (!read("justfile").lines().any(begins)).then(|| format!("justfile has no {recipe}"))
        }
        ("bash" | "python3", Some(path)) => unknown_script(path, &words[2..]),
        ("timeout" | "env", _) => None,
        _ => (!OTHERS.contains(&first)).then(|| format!("{first} is no program that a document may ask for")),
    }
}

/// A script of ours must be there, and name in its text each flag and word that it is given.
fn unknown_script(path: &str, words: &[String]) -> Option<String> {
    let Ok(text) = std::fs::read_to_string(top().join(path)) else { return Some(format!("there is no {path}")) };
    let missing = words.iter().find(|word| word.starts_with("--") && !text.contains(word.as_str()))?;
    Some(format!("{path} does not know {missing}"))
}

#[test]
fn each_command_is_one_that_there_is() {
    let (mut all, mut count) = (Vec::new(), 0);
    for name in documents() {
        for block in blocks(&read(&name)).iter().filter(|block| ["sh", "console"].contains(&block.language.as_str())) {
            for words in commands(&script(block)) {
                count += 1;
                let what = complaint(&words);
                all.extend(what.map(|what| format!("{name}:{}: {}: {what}", block.line, words.join(" "))));
            }
        }
    }
    assert!(count > 100, "only {count} commands were found");
    assert!(all.is_empty(), "\n{}\n", all.join("\n"));
}

#[test]
fn what_is_shown_is_run() {
    let mut all = Vec::new();
    for name in documents() {
        for block in blocks(&read(&name)) {
            if block.language == "console" && !block.before.starts_with("<!-- scene: ") {
                all.push(format!("{name}:{}: it shows what is said and stands in no scene", block.line));
            }
            if block.language.is_empty() && block.text.lines().any(|line| line.starts_with("$ ")) {
                all.push(format!("{name}:{}: commands and what they say are a `console` block", block.line));
            }
        }
    }
    assert!(all.is_empty(), "\n{}\n", all.join("\n"));
}

/// The scenes of all documents, each with where it is first named.
fn scenes() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for name in documents() {
        for block in blocks(&read(&name)) {
            let mark = block.before.strip_prefix("<!-- scene: ").and_then(|rest| rest.strip_suffix(" -->"));
            let scene = mark.and_then(|mark| mark.split([',', ' ']).next());
            found.extend(scene.map(|scene| (scene.to_owned(), name.clone())));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[test]
fn each_scene_is_played() {
    let player = read("tests/kafka/documents.rs");
    for (scene, document) in scenes() {
        let is_played =
            player.lines().any(|line| line.contains(&format!("(\"{scene}\", ")) && line.contains(&document));
        assert!(is_played, "{document} has a scene {scene}, which tests/kafka/documents.rs does not play");
    }
}

#[test]
fn scripts_and_recipes_are_looked_up() {
    let wrong = |line: &str| commands(line).iter().find_map(|words| complaint(words)).unwrap_or_default();
    assert_eq!(wrong("./start.sh techshop --broker local\nbash benches/drain.sh --peers\njust chaos 200 20 10"), "");
    assert_eq!(wrong("tracker --dir /srv/a --until-end | tail -n 1 && audit verify --key a.pub; travel show DV-1"), "");
    for (line, what) in [
        ("tracker --fro", "unexpected argument"),
        ("x=$(audit verifi)", "unrecognized subcommand"),
        ("producer --count many", "invalid value"),
        ("./start.sh --foregrond", "does not know --foregrond"),
        ("./begin.sh", "there is no ./begin.sh"),
        ("just brake", "justfile has no brake"),
        ("trackr", "no program that a document may ask for"),
    ] {
        assert!(wrong(line).contains(what), "{line}: {:?}", wrong(line));
    }
}
