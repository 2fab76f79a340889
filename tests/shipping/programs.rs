//! The programs, as they describe themselves.

use clap::{Command, CommandFactory};
use ordertrail::programs::auditor::AuditArgs;
use ordertrail::programs::monitor::MonitorArgs;
use ordertrail::programs::producer::ProducerArgs;
use ordertrail::programs::supply::SupplyArgs;
use ordertrail::programs::techshop::TechshopArgs;
use ordertrail::programs::tracker::TrackerArgs;
use ordertrail::programs::travel::TravelArgs;

/// All of them, ready to be asked: what is said of a flag for all subcommands is said to each.
pub(crate) fn programs() -> Vec<Command> {
    let mut all = [
        AuditArgs::command(),
        MonitorArgs::command(),
        ProducerArgs::command(),
        SupplyArgs::command(),
        TechshopArgs::command(),
        TrackerArgs::command(),
        TravelArgs::command(),
    ];
    all.iter_mut().for_each(Command::build);
    all.into()
}

/// What is wrong with a command line, judged by the program that it names.
///
/// # Panics
/// When it is empty.
pub(crate) fn why_refused(words: &[String]) -> Option<String> {
    let name = words[0].rsplit('/').next().unwrap_or_default();
    let Some(program) = programs().into_iter().find(|program| program.get_name() == name) else {
        return Some(format!("no program is called {name}"));
    };
    program.try_get_matches_from(words).err().map(|error| error.to_string())
}

#[test]
fn no_program_is_forgotten() {
    let sources = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin")).unwrap();
    let mut files: Vec<String> = sources.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let named: Vec<String> = programs().iter().map(|program| format!("{}.rs", program.get_name())).collect();
    assert_eq!(files, named);
}

/// Lines that were broken by hand for a wider window were broken once more in one of 80 columns, in the midst; and into a
/// pipe, of which no width is known, they were written wider than that.
#[test]
fn help_has_at_most_80_columns_also_in_a_pipe() {
    fn each(command: &Command, path: &str, wide: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name());
        let behind = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let help = command.clone().render_help().to_string();
        for line in help.lines().chain(behind.lines()).filter(|line| line.chars().count() > 80) {
            wide.push(format!("{path}: {line}"));
        }
        command.get_subcommands().for_each(|below| each(below, &path, wide));
    }
    let mut wide = Vec::new();
    programs().iter().for_each(|program| each(program, "", &mut wide));
    assert!(wide.is_empty(), "wider than 80 columns:\n{}", wide.join("\n"));
}

/// `techshop` and `supply` once called it a failed start.
#[test]
fn a_completion_script_that_nobody_reads_is_a_quiet_end() {
    for program in programs() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let path = std::path::Path::new(env!("CARGO_BIN_EXE_techshop")).with_file_name(program.get_name());
        let ended = std::process::Command::new(path).args(["completions", "bash"]).stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!((ended.status.code(), said.as_str()), (Some(0), ""), "{}", program.get_name());
    }
}

#[test]
fn a_completion_script_that_finds_no_room_is_told_as_such() {
    for program in programs() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let path = std::path::Path::new(env!("CARGO_BIN_EXE_techshop")).with_file_name(program.get_name());
        let ended = std::process::Command::new(path).args(["completions", "zsh"]).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(said.starts_with("cannot write to standard output: "), "{}: {said}", program.get_name());
        assert_eq!(ended.status.code(), Some(1), "{}", program.get_name());
    }
}

#[test]
fn a_command_line_that_is_none_is_noticed() {
    let said = |line: &str| why_refused(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default();
    assert_eq!(said("/usr/local/bin/tracker --dir /data --listen 0.0.0.0:9464"), "");
    assert!(said("trackr").contains("no program"));
    assert!(said("tracker --dirr /data").contains("--dirr"));
    assert!(said("techshop decide").contains("decide"));
    assert!(said("supply wagon-lits --port 70000").contains("70000"));
}
