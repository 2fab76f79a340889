//! Reading a file or a pipe line by line, without ever blocking a stop.
//!
//! A read from a pipe cannot be interrupted, so a thread of its own does it and hands over batches
//! of lines through a bounded channel. When the run ends first, that thread is left behind in its
//! read and ends with the process.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::tools::shutdown::Shutdown;

/// A batch is handed over when it holds this many bytes.
const FULL_BATCH_BYTES: usize = 128 * 1024;

/// How many batches may wait.
const WAITING_BATCHES: usize = 4;

/// The client's local queue holds no more than this, so no longer line can ever be sent.
const MAX_LINE_BYTES: u64 = 256 * 1024 * 1024;

/// How often a stop is looked for while nothing comes.
const LOOK: Duration = Duration::from_millis(50);

/// What the reading thread hands over.
enum Piece {
    Lines(LineBatch),
    /// One line beyond the limit; it was passed over.
    TooLong,
    Broken(io::Error),
}

#[derive(Default)]
struct LineBatch {
    /// The lines without their LF, one after the other.
    bytes: Vec<u8>,
    /// Where each of them ends.
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
    batch: LineBatch,
    /// How many lines of the batch have been taken.
    taken: usize,
    /// Where the next line of the batch begins.
    start: usize,
    number: u64,
    bytes_taken: u64,
}

impl Lines {
    /// Starts to read.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn new(source: impl Read + Send + 'static) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(WAITING_BATCHES);
        std::thread::Builder::new().name("lines".into()).spawn(move || {
            // The other end is gone when the run is over: then nobody needs the rest.
            let _gone = read_all(BufReader::with_capacity(FULL_BATCH_BYTES, source), &sender);
        })?;
        Ok(Self { pieces, batch: LineBatch::default(), taken: 0, start: 0, number: 0, bytes_taken: 0 })
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
        while self.taken == self.batch.ends.len() {
            let left = until.map_or(LOOK, |until| until.saturating_duration_since(Instant::now()));
            match self.pieces.recv_timeout(left.min(LOOK)) {
                Ok(Piece::Lines(batch)) => (self.batch, self.taken, self.start) = (batch, 0, 0),
                Ok(Piece::TooLong) => {
                    self.number += 1;
                    return NextLine::TooLong { number: self.number };
                }
                Ok(Piece::Broken(error)) => return NextLine::Broken(error),
                Err(RecvTimeoutError::Disconnected) => return NextLine::End,
                Err(RecvTimeoutError::Timeout) if shutdown.is_requested() => return NextLine::Stopped,
                Err(RecvTimeoutError::Timeout) if until.is_some_and(|until| Instant::now() >= until) => {
                    return NextLine::NotYet;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        let end = self.batch.ends.get(self.taken).copied().unwrap_or(self.start);
        let bytes = self.batch.bytes.get(self.start..end).unwrap_or_default();
        self.taken += 1;
        self.start = end;
        self.number += 1;
        self.bytes_taken += bytes.len() as u64 + 1;
        NextLine::Line { number: self.number, bytes }
    }
}

/// Nobody takes the lines any more.
struct Gone;

fn read_all(mut reader: BufReader<impl Read>, sender: &SyncSender<Piece>) -> Result<(), Gone> {
    let mut batch = LineBatch::default();
    let send = |piece| sender.send(piece).map_err(|_| Gone);
    loop {
        // What is there is handed over before a read that may wait for ever.
        let may_block = memchr::memchr(b'\n', reader.buffer()).is_none();
        if !batch.ends.is_empty() && (may_block || batch.bytes.len() >= FULL_BATCH_BYTES) {
            send(Piece::Lines(std::mem::take(&mut batch)))?;
        }
        let start = batch.bytes.len();
        match (&mut reader).take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut batch.bytes) {
            Ok(0) => return if batch.ends.is_empty() { Ok(()) } else { send(Piece::Lines(batch)) },
            Ok(_) if batch.bytes.last() == Some(&b'\n') => {
                batch.bytes.pop();
                batch.ends.push(batch.bytes.len());
            }
            Ok(length) if length as u64 > MAX_LINE_BYTES => {
                batch.bytes.truncate(start);
                batch.bytes.shrink_to(FULL_BATCH_BYTES);
                if !batch.ends.is_empty() {
                    send(Piece::Lines(std::mem::take(&mut batch)))?;
                }
                send(Piece::TooLong)?;
                if let Err(error) = skip_line(&mut reader) {
                    return send(Piece::Broken(error));
                }
            }
            // The last line has no LF.
            Ok(_) => batch.ends.push(batch.bytes.len()),
            Err(error) => {
                batch.bytes.truncate(start);
                if !batch.ends.is_empty() {
                    send(Piece::Lines(batch))?;
                }
                return send(Piece::Broken(error));
            }
        }
    }
}

/// Passes over the rest of a line.
fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffered = match reader.fill_buf() {
            Ok(buffered) => buffered,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let (length, found) = match memchr::memchr(b'\n', buffered) {
            Some(at) => (at + 1, true),
            None => (buffered.len(), buffered.is_empty()),
        };
        reader.consume(length);
        if found {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(source: impl Read + Send + 'static) -> (Vec<Vec<u8>>, u64) {
        let mut lines = Lines::new(source).unwrap();
        let mut found = Vec::new();
        loop {
            match lines.next(&Shutdown::new(), None) {
                NextLine::Line { number, bytes } => {
                    found.push(bytes.to_vec());
                    assert_eq!(number, found.len() as u64);
                }
                NextLine::End => return (found, lines.bytes_taken()),
                _ => unreachable!("the source is sound and short"),
            }
        }
    }

    /// Gives a few bytes at a time, as a pipe does.
    struct Drip(io::Cursor<Vec<u8>>);

    impl Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(3);
            self.0.read(buffer.get_mut(..length).unwrap_or_default())
        }
    }

    #[test]
    fn a_last_line_without_lf_counts_and_a_final_lf_makes_no_line() {
        assert_eq!(all(&b""[..]).0, Vec::<Vec<u8>>::new());
        assert_eq!(all(&b"a\nb"[..]).0, [b"a", b"b"]);
        assert_eq!(all(&b"a\n\nb\r\n"[..]), (vec![b"a".to_vec(), vec![], b"b\r".to_vec()], 6));
    }

    #[test]
    fn a_line_of_20_megabytes_is_one_line() {
        let mut text = vec![b'x'; 20_000_000];
        text.extend_from_slice(b"\ny\n");
        let (lines, bytes) = all(io::Cursor::new(text));
        assert_eq!((lines.len(), lines[0].len(), bytes), (2, 20_000_000, 20_000_003));
    }

    #[test]
    fn a_stop_ends_the_wait_for_a_silent_pipe() {
        struct Silent;
        impl Read for Silent {
            fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
                loop {
                    std::thread::park();
                }
            }
        }
        let shutdown = Shutdown::new();
        shutdown.request();
        let mut lines = Lines::new(Silent).unwrap();
        assert!(matches!(lines.next(&shutdown, None), NextLine::Stopped));
    }

    #[test]
    fn lines_may_be_passed_over_and_waited_for_in_vain() {
        struct Slow(bool);
        impl Read for Slow {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    loop {
                        std::thread::park();
                    }
                }
                (&b"a\nb\nc\n"[..]).read(buffer)
            }
        }
        let shutdown = Shutdown::new();
        let mut lines = Lines::new(Slow(false)).unwrap();
        lines.skip_to(2, &shutdown);
        assert!(matches!(lines.next(&shutdown, None), NextLine::Line { number: 3, bytes: b"c" }));
        assert!(matches!(lines.next(&shutdown, Some(Instant::now())), NextLine::NotYet));
        let mut short = Lines::new(&b"a\n"[..]).unwrap();
        short.skip_to(2, &shutdown);
        assert!(matches!(short.next(&shutdown, None), NextLine::End));
    }

    #[test]
    fn what_came_before_an_error_is_not_lost() {
        let source = (&b"a\nb\nhalf"[..]).chain(Broken);
        let mut lines = Lines::new(source).unwrap();
        let shutdown = Shutdown::new();
        assert!(matches!(lines.next(&shutdown, None), NextLine::Line { number: 1, bytes: b"a" }));
        assert!(matches!(lines.next(&shutdown, None), NextLine::Line { number: 2, bytes: b"b" }));
        assert!(matches!(lines.next(&shutdown, None), NextLine::Broken(_)));
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_split_at_lf_only(text in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..400)) {
            let mut expected: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            if expected.last().is_some_and(Vec::is_empty) {
                expected.pop();
            }
            prop_assert_eq!(&all(io::Cursor::new(text.clone())).0, &expected);
            prop_assert_eq!(&all(Drip(io::Cursor::new(text))).0, &expected);
        }
    }
}
