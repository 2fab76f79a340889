//! The manual pages in `docs/man`: one for each program and each of its subcommands, made from what
//! `--help` is made from.

use super::programs::programs;
use clap::Command;
use clap_mangen::Man;
use std::collections::BTreeMap;
use std::path::Path;

/// Set, the pages are written instead of compared.
const WRITE: &str = "ORDERTRAIL_WRITE_MAN";

/// What stands before the exit codes in the text behind the flags.
const EXIT_CODES: &str = "Exit codes: ";

#[test]
fn the_manual_pages_say_what_the_programs_say() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/man"));
    let mut wanted = BTreeMap::new();
    programs().iter().for_each(|program| add_pages(program, None, &mut wanted));
    if std::env::var_os(WRITE).is_some() {
        write(folder, &wanted);
    }
    let there = read(folder);
    let mut wrong: Vec<&String> = wanted.keys().filter(|name| wanted.get(*name) != there.get(*name)).collect();
    wrong.extend(there.keys().filter(|name| !wanted.contains_key(*name)));
    assert!(wrong.is_empty(), "these pages of docs/man are not what the programs say: {wrong:?}; run `just man`");
}

fn write(folder: &Path, pages: &BTreeMap<String, String>) {
    let _made_anew = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).unwrap();
    for (name, page) in pages {
        std::fs::write(folder.join(name), page).unwrap();
    }
}

fn read(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).expect("docs/man is there").map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
        .collect()
}

/// The page of `command`, which is a program or a subcommand of `parent`, and those below it.
fn add_pages(command: &Command, parent: Option<&str>, pages: &mut BTreeMap<String, String>) {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    pages.insert(format!("{name}.1"), page(command, &name, parent));
    for below in command.get_subcommands() {
        add_pages(below, Some(&name), pages);
    }
}

fn page(command: &Command, name: &str, parent: Option<&str>) -> String {
    let release = concat!("ordertrail ", env!("CARGO_PKG_VERSION"));
    // No date: the same sources give the same page.
    let man = Man::new(command.clone()).title(name).section("1").date("").source(release).manual("ordertrail");
    let mut page = Vec::new();
    man.render_title(&mut page).unwrap();
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    man.render_description_section(&mut page).unwrap();
    man.render_options_section(&mut page).unwrap();
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page).unwrap();
    }
    let more = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    String::from_utf8(page).unwrap() + &behind_the_flags(&more) + &see_also(command, parent)
}

/// The examples line by line as they stand, or what is said without one; and the exit codes.
fn behind_the_flags(text: &str) -> String {
    let (examples, exit_codes) = text.split_once(EXIT_CODES).unwrap_or((text, ""));
    let mut page = String::new();
    match examples.strip_prefix("Examples:\n") {
        Some(examples) => page += &format!(".SH EXAMPLES\n.nf\n{}\n.fi\n", escaped(examples.trim_end())),
        None if examples.trim().is_empty() => {}
        None => page += &format!(".SH NOTES\n{}\n", escaped(examples.trim_end())),
    }
    if !exit_codes.is_empty() {
        page += &format!(".SH \"EXIT STATUS\"\n{}\n", each_code(exit_codes).join("\n.br\n"));
    }
    page
}

/// `0 done, 1 failed, whatever it is.`: a code begins behind each comma or semicolon with a number behind it.
fn each_code(text: &str) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for word in text.trim_end_matches('.').split_whitespace() {
        match codes.last_mut() {
            Some(last) if !(last.ends_with([',', ';']) && word.starts_with(|c: char| c.is_ascii_digit())) => {
                *last += &format!(" {word}");
            }
            _ => codes.push(word.to_owned()),
        }
    }
    codes.iter().map(|code| escaped(code.trim_end_matches([',', ';']))).collect()
}

fn see_also(command: &Command, parent: Option<&str>) -> String {
    let others: Vec<String> = match parent {
        Some(parent) => vec![parent.to_owned()],
        None => {
            programs().iter().map(|one| one.get_name().to_owned()).filter(|one| one != command.get_name()).collect()
        }
    };
    let named: Vec<String> = others.iter().map(|one| format!("\\fB{}\\fR(1)", escaped(one))).collect();
    format!(".SH \"SEE ALSO\"\n{}\n", named.join(",\n"))
}

/// Text as it stands: no character of it is a command to the typesetter.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let lines: Vec<String> = text
        .lines()
        .map(|line| if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() })
        .collect();
    lines.join("\n")
}
