//! Whatever comes, and however it comes, is given line by line.

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

/// Once it was taken for the end of the file, and the rest was silently not sent.
#[test]
fn a_reading_thread_that_panics_is_no_end() {
    struct Panics;
    impl Read for Panics {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            unreachable!("on purpose")
        }
    }
    let mut lines = Lines::new((&b"a\n"[..]).chain(Panics)).unwrap();
    assert!(matches!(lines.next(&Shutdown::new(), None), NextLine::Line { number: 1, .. }));
    assert!(matches!(lines.next(&Shutdown::new(), None), NextLine::Broken(_)));
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

    #[test]
    fn blocks_of_any_size_give_the_same_lines_and_too_long_ones_are_passed_over(
        text in proptest::collection::vec(prop_oneof![1 => Just(b'\n'), 5 => any::<u8>()], 0..200),
        block_bytes in 1..40_usize,
        longest in 1..30_usize,
        is_drip: bool,
    ) {
        let mut expected: Vec<_> = text.split(|byte| *byte == b'\n').map(Some).collect();
        if expected.last() == Some(&Some(&[])) {
            expected.pop();
        }
        let expected: Vec<_> = expected.into_iter().map(|line| line.filter(|line| line.len() <= longest)).collect();
        let source = io::Cursor::new(text.clone());
        let source: Box<dyn Read + Send> = if is_drip { Box::new(Drip(source)) } else { Box::new(source) };
        let mut lines = Lines::with_sizes(source, block_bytes, longest).unwrap();
        for (number, expected) in (1..).zip(expected) {
            match lines.next(&Shutdown::new(), None) {
                NextLine::Line { number: found, bytes } => prop_assert_eq!((found, Some(bytes)), (number, expected)),
                NextLine::TooLong { number: found } => prop_assert_eq!((found, None), (number, expected)),
                _ => prop_assert!(false, "there is a line {}", number),
            }
        }
        prop_assert!(matches!(lines.next(&Shutdown::new(), None), NextLine::End));
    }
}
