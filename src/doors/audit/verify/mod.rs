//! Whether a trail is what was sealed and signed, and the proof of one line of it.
//!
//! [`verify`] reads everything once: threads look at each line by itself ([`mod@line`]) and hash it; then,
//! in order, the lines of each partition must follow one another ([`walk`]), the tree must have the
//! root of every checkpoint ([`judge`], [`notes`]), and segments and seal must end where they say
//! ([`ends`]). Nothing is locked and nothing is written; a tracker may run meanwhile.
//!
//! What Kafka still has is not asked here: `audit verify --against-kafka` compares it with the lines
//! afterwards, in the program.

mod anchors;
mod beside;
mod ends;
mod judge;
mod last;
mod line;
mod notes;
mod prove;
mod report;
mod walk;

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use thiserror::Error;

use super::read::{Piece, ReadError, TrailReader};
use crate::tools::shutdown::Shutdown;
use crate::words::seal::KeyChain;
use beside::Beside;
use judge::Judge;
use line::{LineFacts, Looker};
use notes::Marks;
use report::DamageKind as Kind;

pub use last::{LastCheckpointError, last_checkpoint};
pub use prove::{ProveError, Proven, WantedLine, prove};
pub use report::{Damage, DamageKind, Report, SoundLines, TrustedKey};

/// How strict to be, and what is known from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// The keys to trust, instead of those in the folder.
    pub keys: Option<KeyChain>,
    /// Whether archived segments are missing ones.
    pub is_complete: bool,
    /// Files of checkpoints from elsewhere: their names, and what is in them.
    pub anchors: Vec<(String, Vec<u8>)>,
}

/// Why nothing can be said about a trail.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The segments cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file beside them cannot be read.
    #[error("cannot read {path}: {source}; look after its rights, or the disk", path = .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A stop was asked for before the end.
    #[error("stopped before the end: nothing is said about the trail")]
    Stopped,
}

/// Verifies the trail in `dir`. `progress` is told of each piece how many bytes it had, and how many
/// the trail has.
///
/// # Errors
/// [`VerifyError`]; damage is no error but stands in the report.
pub fn verify(
    dir: &Path,
    options: &VerifyOptions,
    stop: &Shutdown,
    mut progress: impl FnMut(u64, u64),
) -> Result<Report, VerifyError> {
    let mut beside = Beside::read(dir, options)?;
    beside::refuse_what_is_no_file(dir)?;
    let trail = match TrailReader::open(dir) {
        Ok(trail) => trail,
        Err(ReadError::NoTrail { .. }) if beside.is_begun => return Ok(nothing_left(beside, options)),
        Err(error) => return Err(error.into()),
    };
    beside.read_entries(dir)?;
    let (file, length) = beside.checkpoints.take().unzip();
    let claims = anchors::claims(&mut beside, options);
    let marks = Marks::new(file, length.unwrap_or(0), &beside);
    let mut judge = Judge::new(&trail, &beside, marks, claims)?;
    let topic = beside.topic();
    let look = |piece: Piece<'_>| Looked::at(piece, topic);
    let total_bytes = trail.bytes();
    let mut failed = None;
    let end = trail.scan(&trail.everything(), stop, look, |taken| {
        progress(taken.bytes, total_bytes);
        match judge.take(taken.segment, &taken.result) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    if end.stopped {
        return Err(VerifyError::Stopped);
    }
    judge.enter_last()?;
    judge.judge_end()?;
    let torn = end.torn.iter().map(|torn| (torn.path.clone(), torn.bytes));
    Ok(conclude(judge, options, torn.collect()))
}

/// A piece of a segment, looked at line by line.
struct Looked {
    lines: Vec<LineFacts>,
    /// Lines behind those, so many that they cannot be lines of a trail.
    more_lines: u64,
    /// Their length.
    more_bytes: u64,
}

/// A line of a trail has some two hundred bytes at least, so no piece of 4 MiB has as many as this. What
/// has more was not written by a tracker, and must not fill the memory.
const MOST_LINES: usize = 65_536;

impl Looked {
    fn at(piece: Piece<'_>, topic: Option<&str>) -> Self {
        let mut looker = Looker::new(topic);
        let lines: Vec<LineFacts> = piece.lines().take(MOST_LINES).map(|(_, line)| looker.look_at(line)).collect();
        let seen_bytes: u64 = lines.iter().map(|line| line.bytes).sum();
        let more_lines = if lines.len() < MOST_LINES { 0 } else { piece.line_count() - lines.len() as u64 };
        Self { more_bytes: piece.bytes.len() as u64 - seen_bytes, more_lines, lines }
    }
}

/// What is to be said of a trail of which only the files beside it are left.
fn nothing_left(beside: Beside, options: &VerifyOptions) -> Report {
    let (origin, key) = judged_by(&beside, options);
    let sealed_lines = beside.seal.as_ref().map_or(0, |seal| seal.lines);
    let Beside { keys, damages, information, .. } = beside;
    let mut report = Report { origin, key, keys, damages, information, ..Report::default() };
    let what = "no segment of the trail is here".to_owned();
    report.damages.insert(0, Damage::of_file(Kind::Missing, "tracker.events", what));
    report.sealed_lines = sealed_lines;
    report
}

/// Which trail it is, and the key that is trusted.
fn judged_by(beside: &Beside, options: &VerifyOptions) -> (Option<String>, Option<TrustedKey>) {
    // `<origin>+<8 hex digits>+<base64>`, and no origin holds a `+`.
    let first = beside.keys.as_ref().and_then(|keys| keys.keys().next().map(ToString::to_string));
    let id = first.and_then(|text| text.split('+').nth(1).map(str::to_owned));
    let is_given = options.keys.is_some();
    (beside.origin().map(str::to_owned), id.map(|id| TrustedKey { id, is_given }))
}

/// Puts together what was found.
fn conclude(mut judge: Judge<'_>, options: &VerifyOptions, torn: Vec<(PathBuf, u64)>) -> Report {
    let newest = super::trail_path(judge.trail.dir());
    let counts = judge.walk.counts();
    let signed = judge.marks.last();
    let sealed_lines = judge.beside.seal.as_ref().map_or(0, |seal| seal.lines);
    let (origin, key) = judged_by(judge.beside, options);
    let signed_lines = signed.filter(|mark| mark.time_s.is_some()).map_or(0, |mark| mark.size);
    let covered_lines = if judge.beside.is_seal_trusted { sealed_lines.max(signed_lines) } else { signed_lines };
    let mut report = Report {
        origin,
        key,
        keys: judge.beside.keys.clone(),
        lines: judge.lines,
        archived_lines: judge.start,
        sealed_lines,
        covered_lines: covered_lines.min(judge.lines),
        unsealed_lines: judge.lines.saturating_sub(sealed_lines),
        bytes: judge.trail.bytes(),
        segments: judge.trail.segments().len(),
        partitions: judge.walk.partitions(),
        valid: counts.valid,
        invalid: counts.invalid,
        gaps: counts.gaps,
        checkpoints: judge.marks.good(),
        signed_lines: signed.map_or(0, |mark| mark.size),
        signed_s: signed.and_then(|mark| mark.time_s),
        more_damages: judge.more_damages,
        sound: std::mem::take(&mut judge.sound),
        information: judge.beside.information.clone(),
        ..Report::default()
    };
    if options.is_complete && judge.start > 0 {
        let damage = Damage::of_file(Kind::Missing, "tracker.events", "archived, not here");
        report.damages.push(Damage { first_line: Some(1), last_line: Some(judge.start), ..damage });
    }
    for (path, bytes) in torn {
        if path == newest {
            report.torn_bytes = bytes;
            if judge.is_end_closed {
                let what = format!("{bytes} bytes stand behind the seal of a tracker that stopped as asked");
                report.damages.push(Damage::of_file(Kind::Segment, "tracker.events", what));
            }
        } else {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let what = format!("its last line has no LF ({bytes} bytes)");
            report.damages.push(Damage::of_file(Kind::Segment, &name, what));
        }
    }
    // What is not sealed may be anything: a start cuts it, and it comes again.
    let noted = sealed_lines.max(report.signed_lines);
    let is_unsealed = |damage: &Damage| damage.kind == Kind::Line && damage.first_line.is_some_and(|line| line > noted);
    let (unsealed, sealed): (Vec<Damage>, Vec<Damage>) = judge.damages.drain(..).partition(is_unsealed);
    report.information.extend(unsealed.first().map(|damage| format!("not sealed yet, and no good line: {damage}")));
    let (of_notes, more_of_notes) = judge.marks.take_damages();
    report.more_damages += more_of_notes;
    report.damages.extend(judge.beside.damages.iter().cloned().chain(of_notes).chain(sealed));
    // By line; what has none comes last.
    report.damages.sort_by_key(|damage| damage.first_line.unwrap_or(u64::MAX));
    judge_trust(&mut report, &judge, options);
    tell_the_rest(&mut report, &judge);
    report.is_sound = report.damages.is_empty();
    report
}

/// Whether what was given to trust says anything of these lines.
fn judge_trust(report: &mut Report, judge: &Judge<'_>, options: &VerifyOptions) {
    if options.keys.is_some() && report.covered_lines == 0 && report.lines > 0 {
        let what = "no line is signed by the key that was given with --key, nor by one after it";
        report.damages.push(Damage::of_file(Kind::Keys, beside::KEYS, what));
    }
    let is_told = report.damages.iter().any(|damage| damage.kind == Kind::Anchor);
    if let (Some((file, _)), 0, false) = (options.anchors.first(), judge.compared_anchors, is_told) {
        let what = "no checkpoint from elsewhere could be compared with these lines";
        report.damages.push(Damage::of_file(Kind::Anchor, file, what));
    }
}

fn tell_the_rest(report: &mut Report, judge: &Judge<'_>) {
    let mut tell = |text: String| report.information.push(text);
    if judge.start > 0 {
        tell(format!("lines 1 to {} archived, not here", judge.start));
    }
    if report.sealed_lines > report.signed_lines {
        let (first, last) = (report.signed_lines + 1, report.sealed_lines);
        tell(format!("lines {first} to {last} are signed in the seal, and not in {} yet", notes::CHECKPOINTS));
    }
    let earlier = judge.marks.passed_over() + judge.beside.earlier_anchors;
    if earlier > 0 {
        tell(format!(
            "{earlier} checkpoints are by keys before the one that was given, and prove nothing to its owner"
        ));
    }
    if judge.marks.torn_bytes() > 0 {
        tell(format!("the last checkpoint is torn ({} bytes): the next start cuts it", judge.marks.torn_bytes()));
    }
    let repeated = judge.walk.repeated();
    if repeated > 0 {
        tell(format!("{repeated} lines of the Go program tell a message again"));
    }
    if judge.unchecked_anchors > 0 {
        tell(format!("{} checkpoints from elsewhere are of lines that are not here", judge.unchecked_anchors));
    }
    let holes = judge.marks.holes();
    if holes.count > 0 {
        let (from, to) = (time_text(holes.longest_s.0), time_text(holes.longest_s.1));
        let times = if holes.count == 1 { "once".to_owned() } else { format!("{} times", holes.count) };
        tell(format!(
            "no checkpoint for more than 90 s {times}, longest from {from} to {to}: no tracker ran, or it was killed"
        ));
    }
}

/// A signed time for people.
fn time_text(time_s: u64) -> String {
    let time = i64::try_from(time_s).ok().and_then(|time_s| Timestamp::from_second(time_s).ok());
    time.map_or_else(|| format!("{time_s} s after 1970"), |time| time.to_string())
}
