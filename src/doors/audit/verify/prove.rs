//! The proof that one line is in the trail, against the last checkpoint.

use std::ops::ControlFlow;
use std::path::Path;

use thiserror::Error;

use super::VerifyError;
use super::VerifyOptions;
use super::beside::{Beside, KEYS, read};
use super::judge::first_line;
use super::last::{LastCheckpointError, last_checkpoint};
use crate::base::tree::{Hash, InclusionProof, Tree, leaf_hash};
use crate::doors::audit::read::{Piece, ReadError, TrailReader};
use crate::tools::shutdown::Shutdown;
use crate::words::record::{EventType, LineHead, Skim};
use crate::words::seal::{ChainError, KeyChain, LineProof, SignedCheckpoint};

/// Which line to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedLine {
    /// By its number, from 1.
    Number(u64),
    /// By the message it holds.
    Message {
        /// The partition.
        partition: i32,
        /// The offset.
        offset: i64,
    },
}

/// A line and its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The number of the line, from 1.
    pub number: u64,
    /// The line, without its LF.
    pub line: Vec<u8>,
    /// What proves it.
    pub proof: LineProof,
    /// The checkpoint that the proof leads to.
    pub signed: SignedCheckpoint,
}

/// Why there is no proof.
#[derive(Debug, Error)]
pub enum ProveError {
    /// Something cannot be read, or a stop was asked for.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// There is no public key.
    #[error("there is no {KEYS} in the folder: the trail was never sealed")]
    NoKey,
    /// The public keys are damaged.
    #[error("{KEYS} is damaged: {0}; audit verify tells more")]
    Keys(#[from] ChainError),
    /// There is no checkpoint to prove it against.
    #[error("{0}; audit verify tells more")]
    NoCheckpoint(#[from] LastCheckpointError),
    /// No such line was signed.
    #[error("{what}: {signed_lines} lines are signed")]
    NoSuchLine {
        /// What was looked for.
        what: String,
        /// The lines of the last checkpoint.
        signed_lines: u64,
    },
    /// The topic was made anew, so that a message of this partition and offset stands there more than once.
    #[error("lines {} have this partition and offset: say which, by its number", list(.lines))]
    Several {
        /// Their numbers.
        lines: Vec<u64>,
    },
    /// The line is in a segment that is not here.
    #[error("line {number} is archived, not here: bring its segment back, and those after it")]
    Archived {
        /// Its number.
        number: u64,
    },
    /// The lines do not make the root that was signed: exit code 3.
    #[error("the lines are not those that were signed: audit verify tells which")]
    Damaged,
}

impl From<ReadError> for ProveError {
    fn from(error: ReadError) -> Self {
        Self::Verify(error.into())
    }
}

fn list(lines: &[u64]) -> String {
    lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// Proves one line of the trail in `dir` against its last checkpoint. `progress` is told of each piece
/// how many bytes it had, and how many the trail has.
///
/// # Errors
/// [`ProveError`].
pub fn prove(
    dir: &Path,
    wanted: WantedLine,
    stop: &Shutdown,
    mut progress: impl FnMut(u64, u64),
) -> Result<Proven, ProveError> {
    let keys = read(&dir.join(KEYS))?.ok_or(ProveError::NoKey)?;
    let keys = KeyChain::parse(&String::from_utf8_lossy(&keys))?;
    let (note, signed) = last_checkpoint(dir, &keys)?;
    let mut beside = Beside::read(dir, &VerifyOptions::default())?;
    let trail = TrailReader::open(dir)?;
    beside.read_entries(dir)?;
    let start = first_line(&trail, &beside).saturating_sub(1);
    let tree = match beside.entry_to(start).and_then(|entry| entry.tree()) {
        _ if start == 0 => Tree::new(),
        Some(tree) => tree,
        None => return Err(ProveError::Damaged),
    };
    let size = signed.checkpoint.size;
    let number = match wanted {
        WantedLine::Number(number) => number,
        WantedLine::Message { partition, offset } => find(&trail, (partition, offset), (start, size), stop)?,
    };
    if number <= start && number > 0 {
        return Err(ProveError::Archived { number });
    }
    let missing = || ProveError::NoSuchLine { what: format!("there is no line {number} to prove"), signed_lines: size };
    let index = number.checked_sub(1).ok_or_else(missing)?;
    let mut proof = InclusionProof::new(&tree, index, size).ok_or_else(missing)?;
    let mut left = size - start;
    let hash = |piece: Piece<'_>| piece.lines().map(|(_, line)| leaf_hash(line)).collect::<Vec<Hash>>();
    let end = trail.scan(&trail.everything(), stop, hash, |taken| {
        progress(taken.bytes, trail.bytes());
        let here = usize::try_from(left).unwrap_or(usize::MAX);
        taken.result.iter().take(here).for_each(|leaf| proof.push(*leaf));
        left = left.saturating_sub(taken.result.len() as u64);
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if end.stopped && left > 0 {
        return Err(VerifyError::Stopped.into());
    }
    let path = proof.finish().ok_or(ProveError::Damaged)?;
    let proof = LineProof { index, path, checkpoint: note };
    let line = trail.line(number)?.ok_or(ProveError::Damaged)?;
    match proof.check(&line, &keys) {
        Ok(signed) => Ok(Proven { number, line, proof, signed }),
        Err(_) => Err(ProveError::Damaged),
    }
}

/// The number of the one signed line that holds a message.
fn find(
    trail: &TrailReader,
    (partition, offset): (i32, i64),
    (start, size): (u64, u64),
    stop: &Shutdown,
) -> Result<u64, ProveError> {
    let is_it = |line: &[u8]| match Skim::of(line) {
        Some(skim) => (skim.partition, skim.offset) == (partition, offset) && skim.event_type != EventType::Gap,
        None => LineHead::parse(line).is_ok_and(|head| {
            (head.kafka_partition, head.kafka_offset) == (partition, offset) && head.event_type != EventType::Gap
        }),
    };
    let look = |piece: Piece<'_>| {
        let numbered = (0_u64..).zip(piece.lines());
        let found = numbered.filter(|(_, (_, line))| is_it(line)).map(|(number, _)| number).collect::<Vec<u64>>();
        (found, piece.line_count())
    };
    let (mut lines, mut before) = (Vec::new(), start);
    let end = trail.scan(&trail.everything(), stop, look, |taken| {
        let (found, count) = taken.result;
        lines.extend(found.iter().map(|number| before + number + 1).filter(|number| *number <= size));
        before += count;
        if before >= size { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if end.stopped && before < size {
        return Err(VerifyError::Stopped.into());
    }
    match lines.as_slice() {
        [line] => Ok(*line),
        [] => {
            let what = format!("no signed line that is here holds offset {offset} of partition {partition}");
            Err(ProveError::NoSuchLine { what, signed_lines: size })
        }
        _ => Err(ProveError::Several { lines }),
    }
}
