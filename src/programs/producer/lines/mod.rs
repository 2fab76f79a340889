//! Reading a file or a pipe line by line, without ever blocking a stop.
//!
//! A read from a pipe cannot be interrupted, so a thread of its own does it and hands over blocks
//! of lines through a bounded channel; they come back to be filled again. When the run ends first, that
//! thread is left behind in its read and ends with the process.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::tools::shutdown::Shutdown;

/// The size of a block. One that a longer line made larger is not used again.
const BLOCK_BYTES: usize = 128 * 1024;

/// How many blocks may wait.
const WAITING_BLOCKS: usize = 4;

/// The client's local queue holds no more than this, so no longer line can ever be sent.
const MAX_LINE_BYTES: usize = 256 * 1024 * 1024;

/// How often a stop is looked for while nothing comes.
const LOOK: Duration = Duration::from_millis(50);

/// What the reading thread hands over.
enum Piece {
    Lines(Block),
    /// One line beyond the limit; it was passed over.
    TooLong,
    Broken(io::Error),
    /// Said, and not told by hanging up: a thread that panics hangs up, too.
    End,
}

#[derive(Default)]
struct Block {
    /// As they were read, with what else the block has room for.
    bytes: Vec<u8>,
    /// Where the LF of each line is, or would be.
    ends: Vec<usize>,
}

/// The next line, or why there is none.
pub(super) enum NextLine<'a> {
    /// A line without its LF.
    Line {
        /// Counted from 1.
        number: u64,
        /// Any bytes.
        bytes: &'a [u8],
    },
    /// A line of more than 256 MiB.
    TooLong {
        /// Counted from 1.
        number: u64,
    },
    /// Reading failed; nothing more comes.
    Broken(io::Error),
    /// There are no more lines.
    End,
    /// A stop was asked for while waiting.
    Stopped,
    /// No line came in time.
    NotYet,
}

/// The lines of a file or pipe.
pub(super) struct Lines {
    pieces: Receiver<Piece>,
    used: SyncSender<Block>,
    block: Block,
    /// How many lines of the block have been taken.
    taken: usize,
    /// Where the next line of the block begins.
    start: usize,
    number: u64,
    bytes_taken: u64,
    is_at_end: bool,
}

impl Lines {
    /// Starts to read.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn new(source: impl Read + Send + 'static) -> io::Result<Self> {
        Self::with_sizes(source, BLOCK_BYTES, MAX_LINE_BYTES)
    }

    fn with_sizes(source: impl Read + Send + 'static, block_bytes: usize, longest: usize) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(WAITING_BLOCKS);
        let (used, empty) = sync_channel(WAITING_BLOCKS);
        let reading = Reading { source, sender, empty, block: Block::default(), filled: 0, block_bytes, longest };
        std::thread::Builder::new().name("lines".into()).spawn(move || {
            // The other end is gone when the run is over: then nobody needs the rest.
            let _gone = reading.read_all();
        })?;
        Ok(Self {
            pieces,
            used,
            block: Block::default(),
            taken: 0,
            start: 0,
            number: 0,
            bytes_taken: 0,
            is_at_end: false,
        })
    }

    /// How many bytes the lines taken so far have, with their LF.
    pub(super) fn bytes_taken(&self) -> u64 {
        self.bytes_taken
    }

    /// Passes over lines until so many are behind.
    pub(super) fn skip_to(&mut self, number: u64, shutdown: &Shutdown) {
        while self.number < number && !self.ends_at_next(shutdown) {}
    }

    fn ends_at_next(&mut self, shutdown: &Shutdown) -> bool {
        matches!(self.next(shutdown, None), NextLine::End | NextLine::Stopped | NextLine::Broken(_))
    }

    /// The next line, waiting for it until a stop is asked for or `until` has come.
    pub(super) fn next(&mut self, shutdown: &Shutdown, until: Option<Instant>) -> NextLine<'_> {
        while self.taken == self.block.ends.len() {
            let left = until.map_or(LOOK, |until| until.saturating_duration_since(Instant::now()));
            match self.pieces.recv_timeout(left.min(LOOK)) {
                Ok(Piece::Lines(block)) => {
                    // One that nobody needs, because enough are empty or all is read, is let go.
                    drop(self.used.try_send(std::mem::replace(&mut self.block, block)));
                    (self.taken, self.start) = (0, 0);
                }
                Ok(Piece::TooLong) => {
                    self.number += 1;
                    return NextLine::TooLong { number: self.number };
                }
                Ok(Piece::Broken(error)) => return NextLine::Broken(error),
                Ok(Piece::End) => self.is_at_end = true,
                Err(RecvTimeoutError::Disconnected) if self.is_at_end => return NextLine::End,
                Err(RecvTimeoutError::Disconnected) => {
                    let ended = "the thread that reads has ended, which is a mistake in this program";
                    return NextLine::Broken(io::Error::other(ended));
                }
                Err(RecvTimeoutError::Timeout) if shutdown.is_requested() => return NextLine::Stopped,
                Err(RecvTimeoutError::Timeout) if until.is_some_and(|until| Instant::now() >= until) => {
                    return NextLine::NotYet;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        let end = self.block.ends.get(self.taken).copied().unwrap_or(self.start);
        let bytes = self.block.bytes.get(self.start..end).unwrap_or_default();
        self.taken += 1;
        self.start = end + 1;
        self.number += 1;
        self.bytes_taken += bytes.len() as u64 + 1;
        NextLine::Line { number: self.number, bytes }
    }
}

/// Nobody takes the lines any more.
struct Gone;

/// The reading thread.
struct Reading<R> {
    source: R,
    sender: SyncSender<Piece>,
    /// Blocks whose lines have been taken.
    empty: Receiver<Block>,
    /// Begins with the line that is being read, of which no LF has come yet.
    block: Block,
    /// How many bytes of the block were read.
    filled: usize,
    block_bytes: usize,
    /// How many bytes a line may have.
    longest: usize,
}

impl<R: Read> Reading<R> {
    fn read_all(mut self) -> Result<(), Gone> {
        loop {
            if self.filled > self.longest {
                self.send(Piece::TooLong)?;
                if let Err(error) = self.skip_line() {
                    return self.send(Piece::Broken(error));
                }
                self.hand_over(0)?;
            }
            let before = self.filled;
            match self.read() {
                // The last line has no LF.
                Ok(0) if self.filled == 0 => return self.send(Piece::End),
                Ok(0) => {
                    self.block.ends.push(self.filled);
                    let last = std::mem::take(&mut self.block);
                    self.send(Piece::Lines(last))?;
                    return self.send(Piece::End);
                }
                Ok(_) => self.hand_over(before)?,
                Err(error) => return self.send(Piece::Broken(error)),
            }
        }
    }

    /// Reads once behind what is there.
    fn read(&mut self) -> io::Result<usize> {
        if self.filled == self.block.bytes.len() {
            // One byte more than the longest line, so that a longer one is noticed.
            let length = (2 * self.filled).max(self.block_bytes).min(self.longest + 1);
            self.block.bytes.resize(length, 0);
        }
        loop {
            match self.source.read(self.block.bytes.get_mut(self.filled..).unwrap_or_default()) {
                Ok(length) => {
                    self.filled += length;
                    return Ok(length);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Hands over the lines that are whole, before a read that may wait for ever. Looks for their ends from
    /// `start` on, and goes on in another block with what is left.
    fn hand_over(&mut self, start: usize) -> Result<(), Gone> {
        let came = self.block.bytes.get(start..self.filled).unwrap_or_default();
        self.block.ends.extend(memchr::memchr_iter(b'\n', came).map(|at| start + at));
        let Some(last) = self.block.ends.last() else { return Ok(()) };
        let rest = self.block.bytes.get(last + 1..self.filled).unwrap_or_default();
        let mut next = self.empty.try_recv().unwrap_or_default();
        next.ends.clear();
        if next.bytes.len() > self.block_bytes {
            next.bytes = Vec::new();
        }
        if next.bytes.len() < rest.len() {
            next.bytes.resize(rest.len(), 0);
        }
        if let Some(head) = next.bytes.get_mut(..rest.len()) {
            head.copy_from_slice(rest);
        }
        self.filled = rest.len();
        let whole = std::mem::replace(&mut self.block, next);
        self.send(Piece::Lines(whole))
    }

    /// Passes over the rest of a line that is too long, and forgets what was read of it.
    fn skip_line(&mut self) -> io::Result<()> {
        self.block.bytes = Vec::new();
        loop {
            self.filled = 0;
            if self.read()? == 0 {
                return Ok(());
            }
            let came = self.block.bytes.get(..self.filled).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', came) {
                let rest = at + 1..self.filled;
                self.filled = rest.len();
                self.block.bytes.copy_within(rest, 0);
                return Ok(());
            }
        }
    }

    fn send(&self, piece: Piece) -> Result<(), Gone> {
        self.sender.send(piece).map_err(|_| Gone)
    }
}

#[cfg(test)]
mod tests;
