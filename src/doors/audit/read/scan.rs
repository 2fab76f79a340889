//! Reading parts of a trail in large pieces, on several threads, in order.
//!
//! A part is cut into chunks at any byte; the lines that *begin* in a chunk are its piece, so that
//! each thread finds its lines by itself. Each thread takes every nth chunk and may be two ahead:
//! that bounds what is in memory.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::thread;

use memchr::{memchr, memrchr};

use super::chunk::{Buffer, Opened};
use super::folder::{ReadError, Segment, TrailReader};
use super::piece::Piece;
use crate::tools::shutdown::Shutdown;

/// How much a thread reads at once: it fits into a processor's own cache, and is looked at more than once.
const CHUNK_BYTES: u64 = 512 << 10;

/// How much is read behind each chunk in the same go, since its last line nearly always goes on there: a read of its own
/// would cost as much as a tenth of the chunk, and go through the system's memory.
const BEHIND_BYTES: u64 = 16 << 10;

/// How much more is read at first when a line goes on behind that.
const MORE_BYTES: usize = 64 << 10;

/// From this size on a reading goes past the system's memory (see [`super::direct`]). What is smaller may be read again
/// soon, and pushes out little.
const LARGE_BYTES: u64 = 1 << 30;

/// How many pieces a thread may be ahead.
const PIECES_AHEAD: usize = 2;

/// More threads than this only wait for the disk.
const MOST_THREADS: usize = 16;

/// Part of one segment; it begins and ends where lines begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which segment, as an index of [`TrailReader::segments`].
    pub segment: usize,
    /// Its first byte.
    pub start: u64,
    /// The byte behind its last.
    pub end: u64,
    /// The number of its first line.
    pub first_line: u64,
    /// The number of the line behind its last, when somebody has told it: it is compared with what is counted.
    pub next_line: Option<u64>,
}

/// What was made of one piece.
#[derive(Clone, Debug)]
pub struct Taken<R> {
    /// The number of its first line.
    pub first_line: u64,
    /// How many lines it has.
    pub lines: u64,
    /// Which segment, as an index of [`TrailReader::segments`].
    pub segment: usize,
    /// Where in the segment its first line begins.
    pub start: u64,
    /// Its length.
    pub bytes: u64,
    /// What was made of it.
    pub result: R,
}

/// A last line without its LF: being written, or torn by a kill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The segment.
    pub path: PathBuf,
    /// Where the line begins.
    pub byte: u64,
    /// How much of it is there.
    pub bytes: u64,
}

/// How a scan ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanEnd {
    /// How many lines were read.
    pub lines: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Lines that are not whole. Behind any but the newest segment that is damage.
    pub torn: Vec<Torn>,
    /// Numbers that do not follow: where the next line should have had the first number, it has the
    /// second. Between segments that is a lost one; within a segment, a wrong index.
    pub jumps: Vec<(u64, u64)>,
    /// Whether it ended early, because of a stop or because its taker wanted no more.
    pub stopped: bool,
}

impl ScanEnd {
    /// Notes, once, when the number of the line that comes next is another one than was counted.
    fn compare(&mut self, counted: u64, told: u64) {
        if counted != told && self.jumps.last() != Some(&(counted, told)) {
            self.jumps.push((counted, told));
        }
    }
}

/// How a scan reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// How much a thread reads at once.
    pub(super) chunk_bytes: u64,
    /// Whether what the system has not in its memory is read without it.
    pub(super) is_past_memory: bool,
}

#[derive(Clone, Copy, Debug)]
struct Chunk {
    span: usize,
    start: u64,
    end: u64,
}

/// A piece as a worker leaves it.
struct Worked<R> {
    start: u64,
    bytes: u64,
    lines: u64,
    torn: Option<Torn>,
    result: R,
}

impl TrailReader {
    /// All of the trail.
    pub fn everything(&self) -> Vec<Span> {
        let whole = |(segment, file): (usize, &Segment)| Span {
            segment,
            start: 0,
            end: file.bytes,
            first_line: file.first_line,
            next_line: None,
        };
        self.segments().iter().enumerate().map(whole).collect()
    }

    /// Reads `spans`: `work` makes something of each piece, on several threads; `take` gets it, in
    /// order, on this one, and may end the scan.
    ///
    /// # Errors
    /// [`ReadError`]: the disk, or no thread.
    pub fn scan<R: Send>(
        &self,
        spans: &[Span],
        shutdown: &Shutdown,
        work: impl Fn(Piece<'_>) -> R + Sync,
        take: impl FnMut(Taken<R>) -> ControlFlow<()>,
    ) -> Result<ScanEnd, ReadError> {
        let bytes: u64 = spans.iter().map(|span| span.end.saturating_sub(span.start)).sum();
        let by = Reading { chunk_bytes: CHUNK_BYTES, is_past_memory: bytes >= LARGE_BYTES };
        self.scan_by(by, spans, shutdown, work, take)
    }

    /// [`Self::scan`] in chunks of another size, or by another way.
    pub(super) fn scan_by<R: Send>(
        &self,
        by: Reading,
        spans: &[Span],
        shutdown: &Shutdown,
        work: impl Fn(Piece<'_>) -> R + Sync,
        mut take: impl FnMut(Taken<R>) -> ControlFlow<()>,
    ) -> Result<ScanEnd, ReadError> {
        let chunks = chunks(spans, by.chunk_bytes);
        let processors = thread::available_parallelism().map_or(1, usize::from);
        // Nobody reads ahead past the memory: while two threads wait for the disk a third one works.
        let wanted = if by.is_past_memory { 3 * processors } else { processors };
        let workers = wanted.min(MOST_THREADS).min(chunks.len());
        let (chunks, work) = (&chunks, &work);
        thread::scope(|scope| {
            let mut lanes = Vec::with_capacity(workers);
            for lane in 0..workers {
                let (give, taken) = sync_channel(PIECES_AHEAD);
                let run = move || {
                    let mut hand = Hand::new(by.is_past_memory);
                    for chunk in chunks.iter().skip(lane).step_by(workers) {
                        let segment = spans[chunk.span].segment;
                        let made = work_on(&self.segments()[segment], segment, *chunk, spans, &mut hand, work);
                        let failed = made.is_err();
                        if give.send(made).is_err() || failed {
                            return;
                        }
                    }
                };
                let spawned = thread::Builder::new().name("scan".into()).spawn_scoped(scope, run);
                spawned.map_err(|source| ReadError::Start { source })?;
                lanes.push(taken);
            }
            let mut end = ScanEnd::default();
            let mut next_line = None;
            for (number, chunk) in chunks.iter().enumerate() {
                if shutdown.is_requested() {
                    end.stopped = true;
                    break;
                }
                // A thread that has gone without an answer has panicked, and its scope says so.
                let Ok(made) = lanes[number % workers].recv() else { break };
                let made = made?;
                let span = &spans[chunk.span];
                if chunk.start == span.start {
                    self.note_jump(spans, chunk.span, next_line, &mut end);
                    next_line = Some(span.first_line);
                }
                let first_line = next_line.unwrap_or(span.first_line);
                let counted = first_line + made.lines;
                next_line = Some(counted);
                if let Some(told) = span.next_line.filter(|_| chunk.end == span.end) {
                    end.compare(counted, told);
                }
                end.lines += made.lines;
                end.bytes += made.bytes;
                end.torn.extend(made.torn);
                let Worked { start, bytes, lines, result, .. } = made;
                if take(Taken { first_line, lines, segment: span.segment, start, bytes, result }).is_break() {
                    end.stopped = true;
                    break;
                }
            }
            drop(lanes);
            Ok(end)
        })
    }

    /// Notes when a span that follows right after another does not go on with its numbers.
    fn note_jump(&self, spans: &[Span], at: usize, next_line: Option<u64>, end: &mut ScanEnd) {
        let before = at.checked_sub(1).and_then(|before| spans.get(before));
        let (Some(span), Some(before), Some(next_line)) = (spans.get(at), before, next_line) else { return };
        let is_whole = self.segments().get(before.segment).is_some_and(|segment| segment.bytes == before.end);
        let follows_in_segment = before.segment == span.segment && before.end == span.start;
        let follows_as_segment = before.segment + 1 == span.segment && span.start == 0 && is_whole;
        if follows_in_segment || follows_as_segment {
            end.compare(next_line, span.first_line);
        }
    }
}

fn chunks(spans: &[Span], chunk_bytes: u64) -> Vec<Chunk> {
    let mut all = Vec::new();
    for (number, span) in spans.iter().enumerate() {
        let mut start = span.start;
        while start < span.end {
            let end = (start + chunk_bytes).min(span.end);
            all.push(Chunk { span: number, start, end });
            start = end;
        }
    }
    all
}

/// What a thread reads with.
struct Hand {
    is_past_memory: bool,
    buffer: Buffer,
    /// The segment that it read last.
    opened: Option<Opened>,
}

impl Hand {
    fn new(is_past_memory: bool) -> Self {
        Self { is_past_memory, buffer: Buffer::default(), opened: None }
    }

    /// A segment, open, and the memory to read it into.
    fn open(&mut self, number: usize, segment: &Segment) -> Result<(&mut Opened, &mut Buffer), ReadError> {
        let opened = match self.opened.take() {
            Some(opened) if opened.segment == number => opened,
            _ => Opened::new(number, segment, self.is_past_memory)?,
        };
        Ok((self.opened.insert(opened), &mut self.buffer))
    }
}

fn work_on<R>(
    segment: &Segment,
    number: usize,
    chunk: Chunk,
    spans: &[Span],
    hand: &mut Hand,
    work: impl Fn(Piece<'_>) -> R,
) -> Result<Worked<R>, ReadError> {
    let (opened, buffer) = hand.open(number, segment)?;
    let is_span_start = chunk.start == spans[chunk.span].start;
    let range =
        lines_that_begin(opened, segment, chunk, is_span_start, buffer).map_err(ReadError::disk(&segment.path))?;
    let bytes = buffer.bytes().get(range.first..range.end).unwrap_or_default();
    let start = range.base + range.first as u64;
    let piece = Piece { segment: number, start, bytes };
    let torn = (range.torn > 0).then(|| Torn {
        path: segment.path.clone(),
        byte: start + bytes.len() as u64,
        bytes: range.torn as u64,
    });
    Ok(Worked { start, bytes: bytes.len() as u64, lines: piece.line_count(), torn, result: work(piece) })
}

/// Where in the buffer the lines of a chunk are.
struct Range {
    /// Where in the segment the buffer begins.
    base: u64,
    first: usize,
    end: usize,
    /// Bytes of a line that begins here and has no LF.
    torn: usize,
}

/// Fills `buffer` so that it holds all lines that begin in `chunk`.
fn lines_that_begin(
    opened: &mut Opened,
    segment: &Segment,
    chunk: Chunk,
    is_span_start: bool,
    buffer: &mut Buffer,
) -> std::io::Result<Range> {
    // The byte before tells whether a line begins with the chunk.
    let base = if is_span_start { chunk.start } else { chunk.start - 1 };
    let length = usize::try_from(chunk.end - base).unwrap_or(usize::MAX);
    let behind = usize::try_from(segment.bytes.saturating_sub(chunk.end).min(BEHIND_BYTES)).unwrap_or(0);
    buffer.begin(opened, base, length + behind)?;
    let begun = buffer.bytes().get(..length).unwrap_or(buffer.bytes());
    let first = if is_span_start { Some(0) } else { memchr(b'\n', begun).map(|lf| lf + 1) };
    let Some(first) = first.filter(|&first| first < begun.len()) else {
        return Ok(Range { base, first: 0, end: 0, torn: 0 });
    };
    let is_cut_short = buffer.bytes().len() < length + behind;
    let mut more = MORE_BYTES;
    let mut searched = begun.len() - 1;
    loop {
        if let Some(lf) = buffer.bytes().get(searched..).and_then(|rest| memchr(b'\n', rest)) {
            return Ok(Range { base, first, end: searched + lf + 1, torn: 0 });
        }
        searched = buffer.bytes().len();
        let at = base + searched as u64;
        let left = usize::try_from(segment.bytes.saturating_sub(at)).unwrap_or(usize::MAX);
        if left > 0 && !is_cut_short {
            buffer.read_more(opened, at, more.min(left))?;
            more = more.saturating_mul(2);
        }
        if buffer.bytes().len() == searched {
            let end = memrchr(b'\n', buffer.bytes()).map_or(0, |lf| lf + 1).max(first);
            return Ok(Range { base, first, end, torn: buffer.bytes().len() - end });
        }
    }
}
