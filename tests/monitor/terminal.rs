//! A program in a pseudo-terminal: its screen as a terminal would show it, its keys, its end.
//!
//! Nothing here sleeps: whoever waits is woken by what the program writes, or by its end.

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use std::cell::Cell as Changing;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use vt100::{Cell, Color, MouseProtocolMode, Screen};

/// Long enough on a busy machine; only a test that fails waits so long.
const DEADLINE: Duration = Duration::from_secs(60);

const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
const END_UPDATE: &[u8] = b"\x1b[?2026l";
/// What a screen that is drawn wholly begins with.
const CLEAR: &[u8] = b"\x1b[2J";

/// A program in a terminal. It is killed when this is dropped.
pub(crate) struct Terminal {
    /// `None` once the terminal is gone; so is the writer.
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    shared: Arc<Shared>,
    exit: Receiver<ExitStatus>,
    has_ended: Changing<bool>,
    pid: Pid,
    modes_before: String,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Option<Seen>>,
    changed: Condvar,
}

struct Seen {
    parser: vt100::Parser,
    /// Everything that was written.
    bytes: Vec<u8>,
    /// How much of it is on the screen: never half of a synchronized update.
    shown: usize,
    is_closed: bool,
    reading: Reading,
}

/// How a terminal reads what a program writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Always,
    /// Up to the next screen that is drawn wholly, and not much further.
    UntilRedraw,
    Paused,
    /// No more.
    Ended,
}

impl Seen {
    fn take(&mut self, bytes: &[u8]) {
        let before = self.redraws();
        self.bytes.extend_from_slice(bytes);
        if self.reading == Reading::UntilRedraw && self.redraws() > before {
            self.reading = Reading::Paused;
        }
        let new = &self.bytes[self.shown..];
        let begin = position(new, BEGIN_UPDATE);
        let end = position(new, END_UPDATE);
        // The last begin without an end after it, or a begin that may be torn at the end of what came.
        let torn = (1..BEGIN_UPDATE.len()).rev().find(|length| new.ends_with(&BEGIN_UPDATE[..*length])).unwrap_or(0);
        let whole = match (begin, end) {
            (Some(begin), Some(end)) if begin < end => new.len() - torn,
            (Some(begin), _) => begin,
            _ => new.len() - torn,
        };
        self.show(self.shown + whole);
    }

    fn redraws(&self) -> usize {
        self.bytes.windows(CLEAR.len()).filter(|window| *window == CLEAR).count()
    }

    fn show(&mut self, until: usize) {
        self.parser.process(&self.bytes[self.shown..until]);
        self.shown = until;
    }
}

/// Where the last of them begins.
fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).rposition(|window| window == wanted)
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().expect("nobody panics while reading")
    }

    /// Changes what is seen, and wakes who waits for that.
    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(self.seen().as_mut().expect("it was started"));
        self.changed.notify_all();
    }

    /// Waits until something is the case; `None` at the deadline.
    fn wait<T>(&self, deadline: Duration, mut seek: impl FnMut(&Seen) -> Option<T>) -> Option<T> {
        let end = Instant::now() + deadline;
        let mut seen = self.seen();
        loop {
            if let Some(found) = seek(seen.as_ref().expect("it was started")) {
                return Some(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            seen = self.changed.wait_timeout(seen, left).expect("nobody panics while reading").0;
        }
    }
}

impl Terminal {
    /// Starts a program in a terminal of this size.
    pub(crate) fn start(command: CommandBuilder, columns: u16, rows: u16) -> Terminal {
        let pair = native_pty_system().openpty(pty_size(columns, rows)).expect("a pseudo-terminal");
        let modes_before = modes(&*pair.master);
        let shared = Arc::new(Shared::default());
        *shared.seen() = Some(Seen {
            parser: vt100::Parser::new(rows.try_into().expect("a row"), columns.try_into().expect("a column"), 0),
            bytes: Vec::new(),
            shown: 0,
            is_closed: false,
            reading: Reading::Always,
        });
        let mut child = pair.slave.spawn_command(command).expect("it can be started");
        // Or reading would not end with the program.
        drop(pair.slave);
        let reader = pair.master.try_clone_reader().expect("it can be read");
        let reading = Arc::clone(&shared);
        std::thread::spawn(move || read(reader, &reading));
        let pid = child.process_id().expect("it has an id");
        let (told, exit) = sync_channel(1);
        std::thread::spawn(move || child.wait().ok().and_then(|status| told.send(status).ok()));
        Terminal {
            writer: Some(pair.master.take_writer().expect("it can be written to")),
            master: Some(pair.master),
            shared,
            exit,
            has_ended: Changing::new(false),
            pid: Pid::from_raw(i32::try_from(pid).expect("small")).expect("not zero"),
            modes_before,
        }
    }

    /// Types; a key is what a terminal sends for it.
    pub(crate) fn send(&mut self, keys: &str) {
        let writer = self.writer.as_mut().expect("the terminal is there");
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).expect("it can be written to");
    }

    fn master(&self) -> &dyn MasterPty {
        &**self.master.as_ref().expect("the terminal is there")
    }

    /// Makes the terminal larger or smaller.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = (rows.try_into().expect("a row"), columns.try_into().expect("a column"));
        self.shared.change(|seen| seen.parser.set_size(size.0, size.1));
        self.master().resize(pty_size(columns, rows)).expect("it can be resized");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("it is still there");
    }

    /// Gives the terminal another size, and takes nothing more once the program begins to draw for it, as a terminal
    /// behind a network that has died.
    #[track_caller]
    pub(crate) fn resize_and_stall(&self, columns: u16, rows: u16) {
        self.shared.change(|seen| seen.reading = Reading::UntilRedraw);
        self.resize(columns, rows);
        let stalled = self.shared.wait(DEADLINE, |seen| (seen.reading == Reading::Paused).then_some(()));
        assert!(stalled.is_some(), "it does not draw for its new size");
    }

    /// Takes what a stalled terminal has not taken, up to the end.
    pub(crate) fn take_the_rest(&self) {
        self.shared.change(|seen| seen.reading = Reading::Always);
        assert!(self.shared.wait(DEADLINE, |seen| seen.is_closed.then_some(())).is_some(), "it is still open");
    }

    /// Gives the terminal another size, and waits until the program has begun to draw wholly for it.
    #[track_caller]
    pub(crate) fn resize_and_wait(&self, columns: u16, rows: u16) {
        let before = self.shared.seen().as_ref().expect("it was started").redraws();
        self.resize(columns, rows);
        let drawn = self.shared.wait(DEADLINE, |seen| (seen.redraws() > before).then_some(()));
        assert!(drawn.is_some(), "it does not draw for {columns}×{rows}");
    }

    /// The process that the terminal listens to, which a shell may have started.
    pub(crate) fn foreground(&self) -> Pid {
        let leader = self.master().process_group_leader().and_then(Pid::from_raw);
        leader.expect("somebody is in the foreground")
    }

    /// Closes the terminal under the program, which must write now and then, and waits for its end.
    #[track_caller]
    pub(crate) fn hang_up(mut self) -> ExitStatus {
        self.shared.change(|seen| seen.reading = Reading::Ended);
        assert!(self.shared.wait(DEADLINE, |seen| seen.is_closed.then_some(())).is_some(), "it writes nothing");
        (self.master, self.writer) = (None, None);
        self.exit()
    }

    /// Waits until the screen is as wanted, and gives what was found there.
    #[track_caller]
    pub(crate) fn wait_for<T>(&self, what: &str, mut seek: impl FnMut(&Screen) -> Option<T>) -> T {
        let found = self.shared.wait(DEADLINE, |seen| match seek(seen.parser.screen()) {
            Some(found) => Some(Some(found)),
            None => seen.is_closed.then_some(None),
        });
        found.flatten().unwrap_or_else(|| panic!("waited in vain for {what}; the screen:\n{}", self.text()))
    }

    /// Waits until the words stand on the screen.
    #[track_caller]
    pub(crate) fn wait_for_text(&self, words: &str) {
        self.wait_for(words, |screen| text_of(screen).contains(words).then_some(()));
    }

    /// Whether this stays so for a while; for what must not happen.
    pub(crate) fn stays(&self, time: Duration, mut is_so: impl FnMut(&Screen) -> bool) -> bool {
        self.shared.wait(time, |seen| (!is_so(seen.parser.screen())).then_some(())).is_none()
    }

    /// The screen as rows of text, without the blanks at their ends.
    pub(crate) fn text(&self) -> String {
        text_of(self.shared.seen().as_ref().expect("it was started").parser.screen())
    }

    /// As [`Terminal::text`], with each change of style before it: `{fg 10, bold}`, `{}` for none.
    pub(crate) fn styled(&self) -> String {
        styled(self.shared.seen().as_ref().expect("it was started").parser.screen())
    }

    /// All that was written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.shared.seen().as_ref().expect("it was started").bytes.clone()
    }

    /// What was written to the terminal and is not seen on it, as what is copied.
    #[track_caller]
    pub(crate) fn wait_for_bytes(&self, wanted: &[u8]) {
        let is_there = |seen: &Seen| position(&seen.bytes, wanted).map(|_| ());
        assert!(self.shared.wait(DEADLINE, is_there).is_some(), "never written: {}", wanted.escape_ascii());
    }

    /// Whether the program has not come to the end of the last screen that it began to draw.
    pub(crate) fn was_torn(&self) -> bool {
        let seen = self.shared.seen();
        let bytes = &seen.as_ref().expect("it was started").bytes;
        let begun = position(bytes, BEGIN_UPDATE).unwrap_or(0);
        // Giving the terminal back ends all updates, and before that whatever else may be open.
        let given_back = position(bytes, b"\x1b\\\x1b[?2026l").unwrap_or(bytes.len());
        position(&bytes[begun..given_back], END_UPDATE).is_none()
    }

    /// Waits for the end of the program, and of what it wrote.
    #[track_caller]
    pub(crate) fn exit(&self) -> ExitStatus {
        let status = self.exit.recv_timeout(DEADLINE);
        let status = status.unwrap_or_else(|_| panic!("it does not end; the screen:\n{}", self.text()));
        self.has_ended.set(true);
        let is_done = |seen: &Seen| (seen.is_closed || seen.reading == Reading::Paused).then_some(());
        let closed = self.shared.wait(DEADLINE, is_done);
        assert!(closed.is_some(), "the terminal is still open");
        status
    }

    /// The terminal is as it was before the program: modes, cursor, mouse, screen.
    #[track_caller]
    pub(crate) fn assert_given_back(&self) {
        self.wait_for("a terminal that is given back", |screen| why_not_given_back(screen).is_none().then_some(()));
        assert_eq!(modes(self.master()), self.modes_before, "the modes of the terminal");
    }

    /// Whether a program has made the terminal its own: keys one by one, the other screen, no cursor.
    pub(crate) fn is_taken(&self) -> bool {
        let seen = self.shared.seen();
        let screen = seen.as_ref().expect("it was started").parser.screen();
        screen.alternate_screen() && screen.hide_cursor() && modes(self.master()) != self.modes_before
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if !self.has_ended.get() && self.exit.try_recv().is_err() {
            // It may end by itself at this very moment.
            let _was_there = kill_process(self.pid, Signal::KILL);
        }
        self.shared.change(|seen| seen.reading = Reading::Ended);
    }
}

fn pty_size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn read(mut reader: Box<dyn Read + Send>, shared: &Shared) {
    // Small, so that a terminal that stalls has not taken much more than it should.
    let mut room = [0; 1024];
    loop {
        let reading = shared.wait(2 * DEADLINE, |seen| (seen.reading != Reading::Paused).then_some(seen.reading));
        if !matches!(reading, Some(Reading::Always | Reading::UntilRedraw)) {
            break;
        }
        match reader.read(&mut room) {
            Ok(count) if count > 0 => shared.change(|seen| seen.take(&room[..count])),
            // A terminal that nobody holds any more gives an error.
            _ => break,
        }
    }
    drop(reader);
    shared.change(|seen| {
        seen.show(seen.bytes.len());
        seen.is_closed = true;
    });
}

/// What the terminal does with bytes on their way, in both directions.
fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal has modes"))
}

pub(crate) fn why_not_given_back(screen: &Screen) -> Option<&'static str> {
    let reasons = [
        (screen.alternate_screen(), "the alternate screen"),
        (screen.hide_cursor(), "no cursor"),
        (screen.mouse_protocol_mode() != MouseProtocolMode::None, "the mouse"),
        (screen.bracketed_paste(), "marked pastes"),
        (screen.inverse() || screen.bold() || screen.fgcolor() != Color::Default, "a style"),
    ];
    reasons.into_iter().find(|(is_so, _)| *is_so).map(|(_, why)| why)
}

pub(crate) fn text_of(screen: &Screen) -> String {
    let (_, columns) = screen.size();
    screen.rows(0, columns.get()).map(|row| format!("{}\n", row.trim_end())).collect()
}

fn styled(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let mut all = String::new();
    for y in 0..rows.get() {
        let mut row = String::new();
        let mut last = String::new();
        for cell in (0..columns.get()).filter_map(|x| screen.cell(y, x)).filter(|cell| !cell.is_wide_continuation()) {
            let style = style_of(cell);
            if style != last {
                write!(row, "{{{style}}}").expect("memory");
                last = style;
            }
            row.push_str(if cell.has_contents() { cell.contents() } else { " " });
        }
        all.push_str(row.trim_end());
        all.push('\n');
    }
    all
}

fn style_of(cell: &Cell) -> String {
    let color = |name: &str, color: Color| match color {
        Color::Default => None,
        Color::Idx(index) => Some(format!("{name} {index}")),
        Color::Rgb(red, green, blue) => Some(format!("{name} {red} {green} {blue}")),
    };
    let flags = [
        (cell.bold(), "bold"),
        (cell.dim(), "dim"),
        (cell.italic(), "italic"),
        (cell.underline(), "underlined"),
        (cell.inverse(), "reversed"),
    ];
    let flags = flags.into_iter().filter(|(is_so, _)| *is_so).map(|(_, name)| name.to_owned());
    let colors = [color("fg", cell.fgcolor()), color("bg", cell.bgcolor())];
    colors.into_iter().flatten().chain(flags).collect::<Vec<_>>().join(", ")
}
