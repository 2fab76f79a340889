//! Whether each link of the documents leads somewhere: to a file that is there, to a heading that it has,
//! or at least to something that looks like an address, since these tests reach no network.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 5] = ["target", ".git", ".broker", ".run", "outbox"];

/// What is read for names of documents; links are looked for in `.md` alone.
const READ: [&str; 9] = ["md", "rs", "sh", "toml", "yaml", "yml", "service", "py", "json"];

/// Texts of the project by their path from its top.
type Texts = HashMap<PathBuf, String>;

/// What is wrong with the links of `texts`; `is_there` says whether a path from the top exists.
fn complaints(texts: &Texts, is_there: &dyn Fn(&Path) -> bool) -> Vec<String> {
    let headings: HashMap<&Path, HashSet<String>> = texts
        .iter()
        .filter(|(path, _)| is_markdown(path))
        .map(|(path, text)| (path.as_path(), anchors(text)))
        .collect();
    let mut all = Vec::new();
    for (path, text) in texts {
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut complain = |target: &str, from: &Path| {
            if let Some(what) = why_dead(target, path, from, &headings, is_there) {
                all.push(format!("{}: {target}: {what}", path.display()));
            }
        };
        if is_markdown(path) {
            links(text).iter().for_each(|target| complain(target, folder));
        }
        named_documents(text).iter().for_each(|target| complain(target, Path::new("")));
    }
    all.sort();
    all
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// Why `target`, as it stands in `path`, leads nowhere; paths in it are seen from `folder`.
fn why_dead(
    target: &str,
    path: &Path,
    folder: &Path,
    headings: &HashMap<&Path, HashSet<String>>,
    is_there: &dyn Fn(&Path) -> bool,
) -> Option<String> {
    if let Some(rest) = target.strip_prefix("https://").or_else(|| target.strip_prefix("http://")) {
        let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
        let is_host = host == "localhost" || host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
        return (!is_host).then(|| "is no address".to_owned());
    }
    if let Some(address) = target.strip_prefix("mailto:") {
        return (!address.contains('@')).then(|| "is no mail address".to_owned());
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() { Some(path.to_owned()) } else { joined(folder, file) };
    let Some(file) = file else { return Some("leads out of the project".to_owned()) };
    if !is_there(&file) {
        return Some("is not there".to_owned());
    }
    let has_heading = headings.get(file.as_path()).is_none_or(|own| own.contains(anchor));
    (!anchor.is_empty() && !has_heading).then(|| "has no such heading".to_owned())
}

/// `path` seen from `folder`, without `..`; nothing when it leads out of the project.
fn joined(folder: &Path, path: &str) -> Option<PathBuf> {
    let mut whole = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::Normal(name) => whole.push(name),
            Component::CurDir => {}
            Component::ParentDir => whole.pop().then_some(())?,
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(whole)
}

/// A Markdown text's paragraphs, without what they show as code. A code span may go on over the end of a
/// line, but not over that of a paragraph.
fn prose(text: &str) -> Vec<String> {
    let mut fence: Option<String> = None;
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        let begun = line.trim_start();
        let marks: String = begun.chars().take_while(|c| *c == '`' || *c == '~').collect();
        match &fence {
            Some(open) if marks.starts_with(open.as_str()) => fence = None,
            Some(_) => {}
            None if marks.len() >= 3 => fence = Some(marks),
            None if begun.is_empty() => paragraphs.push(String::new()),
            None => {
                let before = paragraphs.pop().unwrap_or_default();
                paragraphs.push(before + line + "\n");
            }
        }
    }
    // Every second piece stands between backticks.
    paragraphs.iter().map(|whole| whole.split('`').step_by(2).collect::<Vec<_>>().join("``")).collect()
}

/// Where the links of a Markdown text lead: `[text](target)`, `![text](target "title")`, `[name]: target`.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for paragraph in prose(text) {
        for (place, mark) in paragraph.match_indices("](") {
            let (_, behind) = paragraph.split_at(place + mark.len());
            let target = behind.split_once(')').map_or("", |(target, _)| target);
            found.extend(target.split_whitespace().next().map(str::to_owned));
        }
        for (name, target) in paragraph.lines().filter_map(|line| line.split_once("]: ")) {
            let first = target.split_whitespace().next().filter(|_| name.starts_with('['));
            found.extend(first.map(str::to_owned));
        }
    }
    found
}

/// Documents that a text of any kind names by their path from the top, as in `docs/formats.md#supply`.
fn named_documents(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (place, _) in text.match_indices("docs/") {
        let (before, from) = text.split_at(place);
        let is_inside_path = before.ends_with(|c: char| c.is_alphanumeric() || "/._-".contains(c));
        let is_name = |c: char| c.is_alphanumeric() || "/._-#".contains(c);
        let name: String = from.chars().take_while(|c| is_name(*c)).collect();
        let name = name.trim_end_matches(['.', '-']).to_owned();
        if !is_inside_path && name.split('#').next().is_some_and(|file| file.ends_with(".md")) {
            found.push(name);
        }
    }
    found
}

/// The anchors of a Markdown text: its headings, spelled as GitHub spells them.
fn anchors(text: &str) -> HashSet<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut all = HashSet::new();
    let mut fence = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fence = !fence;
        }
        let words = line.trim_start_matches('#');
        let depth = line.len() - words.len();
        if fence || depth == 0 || depth > 6 || !words.starts_with(' ') {
            continue;
        }
        let slug = slug(&without_targets(words.trim()));
        let count = seen.entry(slug.clone()).or_default();
        all.insert(if *count == 0 { slug } else { format!("{slug}-{count}") });
        *count += 1;
    }
    all
}

/// A heading's words, where a link is its text alone.
fn without_targets(heading: &str) -> String {
    let mut words = String::new();
    let mut rest = heading;
    while let Some((before, behind)) = rest.split_once("](") {
        words.push_str(before);
        rest = behind.split_once(')').map_or("", |(_, after)| after);
    }
    words + rest
}

fn slug(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn texts_below(top: &Path, folder: &Path, found: &mut Texts) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && !FOREIGN.iter().any(|foreign| name == *foreign) {
            texts_below(top, &path, found);
        } else if path.extension().is_some_and(|extension| READ.iter().any(|one| extension == *one))
            && let (Ok(text), Ok(inside)) = (std::fs::read_to_string(&path), path.strip_prefix(top))
        {
            found.insert(inside.to_owned(), text);
        }
    }
}

#[test]
fn no_link_is_dead() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Texts::new();
    texts_below(top, top, &mut texts);
    // What this file makes up to try itself.
    texts.remove(Path::new("tests/floors/links.rs"));
    let count = texts.iter().filter(|(path, _)| is_markdown(path)).map(|(_, text)| links(text).len()).sum::<usize>();
    assert!(count > 20, "only {count} links were found");
    let all = complaints(&texts, &|path| top.join(path).exists());
    assert!(all.is_empty(), "\n{}\n", all.join("\n"));
}

/// Complaints about a made-up README beside `docs/a.md` with two headings.
fn about(readme: &str) -> String {
    let texts = Texts::from([
        (PathBuf::from("README.md"), readme.to_owned()),
        (PathBuf::from("docs/a.md"), "# The `a --b` of [it](../README.md)\n# Twice\n## Twice\n".to_owned()),
    ]);
    complaints(&texts, &|path| texts.contains_key(path)).join("; ")
}

#[test]
fn what_leads_somewhere_is_fine() {
    for readme in [
        "[a](docs/a.md) ![b](docs/a.md#twice \"title\") [c](./docs/../docs/a.md#twice-1)",
        "# Top\n[a](#top) [b](docs/a.md#the-a---b-of-it)",
        "[a]: https://example.org/x#y\n[b](http://localhost:80/) [c](mailto:a@b.org)",
        "`[a](nowhere.md)` docs/a.md#twice.\n```sh\n[a](nowhere.md)\n```\n",
        "`code over\nlines [a](nowhere.md)`",
    ] {
        assert_eq!(about(readme), "", "{readme}");
    }
}

#[test]
fn a_dead_link_is_noticed() {
    for (readme, what) in [
        ("[a](docs/b.md)", "is not there"),
        ("`code over\nlines` [a](docs/b.md)", "is not there"),
        ("see docs/b.md for more", "is not there"),
        ("[a](../else.md)", "leads out"),
        ("[a](/etc/passwd)", "leads out"),
        ("[a](docs/a.md#once)", "no such heading"),
        ("[a](#top)", "no such heading"),
        ("```\n# Top\n```\n[a](#top)", "no such heading"),
        ("[a]: https://example", "is no address"),
        ("[a](mailto:nobody)", "is no mail address"),
    ] {
        assert!(about(readme).contains(what), "{readme}: {}", about(readme));
    }
}
