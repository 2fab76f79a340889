//! What stands beside a trail, read with other people's code: RFC 6962 from its definition, signed
//! notes with somebody else's implementation. It shares no code with the library.

use super::command::binaries_dir;
use super::trail::{Line, Trail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use signed_note::{Note, StandardVerifier, VerifierList};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

type Hash = [u8; 32];

/// The files that hold lines, the oldest first, with the number of the first line that each claims; the
/// newest, `tracker.events` itself, claims none.
pub(crate) fn segments(dir: &Path) -> Vec<(PathBuf, Option<u64>)> {
    let mut closed: Vec<(u64, PathBuf)> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix("tracker.events.")?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    closed.sort();
    let mut all: Vec<_> = closed.into_iter().map(|(number, path)| (path, Some(number))).collect();
    all.push((dir.join("tracker.events"), None));
    all
}

/// The bytes of a file beside the trail; none when it is not there.
pub(crate) fn beside(dir: &Path, what: &str) -> Vec<u8> {
    std::fs::read(dir.join(format!("tracker.events.{what}"))).unwrap_or_default()
}

/// The whole signed notes of a file of checkpoints: six lines each. A torn last one is left out.
pub(crate) fn notes(bytes: &[u8]) -> Vec<Vec<u8>> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).collect();
    lines.chunks_exact(6).map(<[&[u8]]>::concat).collect()
}

/// The tree of RFC 6962 with the roots of complete subtrees, the largest first.
#[derive(Default)]
struct Tree(Vec<(u64, Hash)>);

impl Tree {
    fn push(&mut self, line: &[u8]) {
        self.0.push((1, Sha256::new().chain_update([0]).chain_update(line).finalize().into()));
        while let [.., (left_size, left), (right_size, right)] = self.0[..]
            && left_size == right_size
        {
            self.0.truncate(self.0.len() - 2);
            self.0.push((left_size * 2, node(&left, &right)));
        }
    }

    fn root(&self) -> Hash {
        let roots = self.0.iter().rev().map(|(_, root)| *root);
        roots.reduce(|right, left| node(&left, &right)).unwrap_or_else(|| Sha256::digest(b"").into())
    }
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// A trail with everything beside it, found to agree.
pub(crate) struct Sealed {
    pub(crate) seal: Value,
    pub(crate) segments: usize,
    pub(crate) checkpoints: usize,
    /// How many lines there are, sealed or not.
    pub(crate) lines: u64,
}

/// Checks everything that a tracker which has ended in order must leave: see [`check_sealed`].
#[track_caller]
pub(crate) fn expect_sealed(dir: &Path) -> Sealed {
    expect_held(dir, &[])
}

/// The same, and that `seen`, notes that were copied earlier, still hold.
#[track_caller]
pub(crate) fn expect_held(dir: &Path, seen: &[Vec<u8>]) -> Sealed {
    let sealed = check_sealed(dir, seen).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    // Ours must come to the same.
    let ours = Command::new(binaries_dir().join("audit")).arg("--dir").arg(dir).arg("verify").output();
    let ours = ours.expect("audit can be started");
    let said = [ours.stdout, ours.stderr].concat();
    assert_eq!(ours.status.code(), Some(0), "audit verify: {}", String::from_utf8_lossy(&said));
    sealed
}

/// What the lines up to one of them amount to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Totals {
    valid: u64,
    invalid: u64,
    gaps: u64,
    next: BTreeMap<i32, i64>,
}

impl Totals {
    fn add(&mut self, line: &Line) {
        let partition = line.partition();
        if !line.is_gap() {
            *(if line.is_order() { &mut self.valid } else { &mut self.invalid }) += 1;
            self.next.insert(partition, line.offset() + 1);
            return;
        }
        self.gaps += 1;
        let audit = line.get("audit");
        match audit["kind"].as_str() {
            Some("topic_recreated" | "cluster_changed") => self.next.clear(),
            Some("partition_missing") => drop(self.next.remove(&partition)),
            _ => drop(self.next.insert(partition, audit["to"].as_i64().expect("where it goes on"))),
        }
    }

    fn agrees(&self, told: &Value) -> bool {
        told["valid"] == self.valid && told["invalid"] == self.invalid && told["gaps"] == self.gaps
    }

    /// Positions without a line of their own are not seen in the lines.
    fn stands_at(&self, told: &Value) -> bool {
        let told = told["positions"].as_object().into_iter().flatten();
        let told: BTreeMap<i32, i64> = told
            .filter(|(_, at)| at["without_line"] != true)
            .map(|(partition, at)| (partition.parse().expect("a number"), at["next"].as_i64().expect("an offset")))
            .collect();
        told == self.next
    }
}

/// Where a segment ends.
struct End {
    /// Lines up to here, over all segments.
    lines: u64,
    /// Bytes of the segment.
    bytes: u64,
    totals: Totals,
}

/// What was found in all segments.
struct Read {
    /// Of the first no, one, two … lines.
    roots: Vec<Hash>,
    ends: Vec<End>,
}

/// Reads one segment after another: all of them may be more than the memory should hold.
fn read_lines(dir: &Path) -> Result<Read, String> {
    let (mut tree, mut totals) = (Tree::default(), Totals::default());
    let mut read = Read { roots: vec![tree.root()], ends: Vec::new() };
    for (path, first_line) in segments(dir) {
        let content = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let before = read.roots.len() as u64 - 1;
        if first_line.is_some_and(|first| first != before + 1) {
            return Err(format!("{} comes after {before} lines", path.display()));
        }
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").ok_or_else(|| format!("{} is torn", path.display()))?;
            tree.push(line);
            read.roots.push(tree.root());
            totals.add(&Line::parse(std::str::from_utf8(line).map_err(|error| error.to_string())?)?);
        }
        let (lines, bytes) = (read.roots.len() as u64 - 1, content.len() as u64);
        read.ends.push(End { lines, bytes, totals: totals.clone() });
    }
    Ok(read)
}

/// Every line whole and JSON; the seal, each closed segment and each checkpoint true of the lines, signed
/// by the key beside them, never of fewer lines than the one before; everything sealed and signed.
pub(crate) fn check_sealed(dir: &Path, seen: &[Vec<u8>]) -> Result<Sealed, String> {
    let public = String::from_utf8(beside(dir, "pub")).map_err(|error| error.to_string())?;
    let key = public.lines().next().ok_or("there is no public key")?;
    let file = beside(dir, "checkpoints");
    let kept = notes(&file);
    if kept.concat() != file {
        return Err("the file of checkpoints is torn".to_owned());
    }
    let mut signed = Vec::new();
    for note in &kept {
        signed.push(opened(note, key)?);
    }
    if !signed.is_sorted_by_key(|(size, _)| *size) {
        return Err("a checkpoint is of fewer lines than the one before".to_owned());
    }
    for note in seen {
        signed.push(opened(note, key)?);
    }
    let seal: Value = serde_json::from_slice(&beside(dir, "seal")).map_err(|error| format!("the seal: {error}"))?;
    let closed = String::from_utf8(beside(dir, "segments")).map_err(|error| error.to_string())?;
    let closed: Vec<Value> = closed.lines().map(|line| serde_json::from_str(line).expect("an entry is JSON")).collect();

    let Read { roots, ends } = read_lines(dir)?;
    let lines = roots.len() - 1;
    for (size, root) in &signed {
        if roots.get(*size) != Some(root) {
            return Err(format!("a signed root of {size} lines is not that of the lines, of which {lines} are here"));
        }
    }
    check_seal(&seal, lines, &roots, &ends)?;
    check_segments(&closed, &ends)?;
    let last = signed.get(kept.len().wrapping_sub(1)).map(|(size, _)| *size);
    if last != Some(lines) {
        return Err(format!("{last:?} lines are signed, and {lines} are here"));
    }
    Ok(Sealed { seal, segments: ends.len(), checkpoints: kept.len(), lines: lines as u64 })
}

fn check_seal(seal: &Value, lines: usize, roots: &[Hash], ends: &[End]) -> Result<(), String> {
    let sealed = seal["lines"].as_u64();
    if sealed != Some(lines as u64) {
        return Err(format!("{sealed:?} lines are sealed, and {lines} are here"));
    }
    if seal["root"] != STANDARD.encode(roots[lines]) {
        return Err("the root of the seal is not that of the lines".to_owned());
    }
    let totals = &ends.last().expect("there is a newest segment").totals;
    if !totals.agrees(seal) || !totals.stands_at(seal) {
        return Err(format!("the lines amount to {totals:?}, and the seal says {seal}"));
    }
    Ok(())
}

fn check_segments(closed: &[Value], ends: &[End]) -> Result<(), String> {
    if closed.len() + 1 != ends.len() {
        return Err(format!("{} closed segments are noted, and {} are here", closed.len(), ends.len() - 1));
    }
    let mut before = 0;
    for (entry, End { lines, bytes, totals }) in closed.iter().zip(ends) {
        let told = (&entry["first_line"], &entry["lines"], &entry["bytes"]);
        if told != (&Value::from(before + 1), &Value::from(lines - before), &Value::from(*bytes)) {
            return Err(format!(
                "a closed segment of {bytes} bytes goes from {before} to {lines}, and is noted as {entry}"
            ));
        }
        if !totals.agrees(entry) || !totals.stands_at(entry) {
            return Err(format!("up to line {lines} they amount to {totals:?}, and {entry} was noted"));
        }
        before = *lines;
    }
    Ok(())
}

/// How many lines a note signs, and their root, when the key has signed it.
fn opened(note: &[u8], key: &str) -> Result<(usize, Hash), String> {
    let verifier = StandardVerifier::new(key).map_err(|error| format!("the key: {error:?}"))?;
    let note = Note::from_bytes(note).map_err(|error| format!("a note: {error:?}"))?;
    let (verified, _) =
        note.verify(&VerifierList::new(vec![Box::new(verifier)])).map_err(|error| format!("a signature: {error:?}"))?;
    if verified.len() != 1 {
        return Err("a note is not signed by the key".to_owned());
    }
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).map_err(|error| format!("a note: {error:?}"))?;
    Ok((usize::try_from(checkpoint.size()).expect("few lines"), checkpoint.hash().0))
}

/// All files of a folder with their bytes, but for those that belong to a running tracker: its log and
/// its lock.
pub(crate) fn folder_bytes(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap_or_default())
        })
        .filter(|(name, _)| name != "tracker.log" && name != "tracker.events.lock")
        .collect()
}

/// The whole trail over all its segments.
#[track_caller]
pub(crate) fn whole_trail(dir: &Path) -> Trail {
    let text: String =
        segments(dir).into_iter().map(|(path, _)| std::fs::read_to_string(path).expect("a segment is text")).collect();
    Trail::parse(&text).unwrap_or_else(|error| panic!("{error}"))
}
