//! What is printed where, and what scripts can rely on.

use std::sync::Mutex;

use super::*;

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fails like a pipe whose reader has gone, or a disk that is full.
struct Closed(io::ErrorKind);

impl Write for Closed {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Setting {
    report: Report,
    stdout: Screen,
    stderr: Screen,
    shutdown: Shutdown,
}

fn setting(quiet: bool, closed: Option<io::ErrorKind>) -> Setting {
    let (stdout, stderr, shutdown) = (Screen::default(), Screen::default(), Shutdown::new());
    let out: Box<dyn Write + Send> = match closed {
        Some(kind) => Box::new(Closed(kind)),
        None => Box::new(stdout.clone()),
    };
    let terminal = Terminal {
        stdout: out,
        stderr: Box::new(stderr.clone()),
        color: false,
        stdout_is_terminal: false,
        stdout_is_file: false,
        stderr_is_terminal: false,
    };
    let report = Report::new(terminal, "orders", "localhost:9092", quiet, &shutdown);
    Setting { report, stdout, stderr, shutdown }
}

fn ticket(sequence: i64) -> Ticket {
    Ticket { place: Place::Sequence(sequence), label: Some(format!("#{sequence}")) }
}

fn delivered(sequence: i64) -> ProducerEvent<Ticket> {
    let latency = Duration::from_micros(3_100);
    ProducerEvent::Delivered { token: ticket(sequence), partition: 1, offset: 626 + sequence, latency }
}

fn sent(setting: &Setting, count: u64) {
    setting.report.intake().sent.store(count, Ordering::Relaxed);
}

#[test]
fn a_delivered_order_is_a_line_and_the_last_line_counts() {
    let mut setting = setting(false, None);
    setting.report.hear(delivered(1));
    assert_eq!(setting.stdout.text(), "", "collected until the tick");
    setting.report.hear(ProducerEvent::Tick);
    setting.report.settle();
    let line = setting.stdout.text();
    assert!(line.ends_with(" #1   orders/1@627   3.1 ms\n"), "{line}");
    sent(&setting, 1);
    setting.report.summary(0, Duration::from_secs(15));
    setting.report.last_line();
    assert!(setting.stdout.text().ends_with("\nsent=1 delivered=1 failed=0\n"));
    assert!(setting.stderr.text().contains("1 order in "), "{}", setting.stderr.text());
    assert!(setting.stderr.text().contains("acknowledged p50 3.1 ms, p99 3.1 ms"), "{}", setting.stderr.text());
}

#[test]
fn a_failed_order_is_named_with_its_reason_and_counted() {
    let mut setting = setting(true, None);
    setting.report.hear(ProducerEvent::Failed { token: ticket(7), reason: DeliveryError::NoTopic });
    assert_eq!(setting.stderr.text(), "order #7 was not delivered: the topic is not there any more\n");
    sent(&setting, 1);
    setting.report.summary(0, Duration::from_secs(15));
    setting.report.last_line();
    assert!(setting.stderr.text().ends_with("\n1 order was not delivered\n"));
    assert_eq!(setting.stdout.text(), "sent=1 delivered=0 failed=1\n");
}

#[test]
fn orders_that_were_given_up_are_told_once() {
    let mut setting = setting(true, None);
    for sequence in 0..1_500 {
        setting.report.hear(ProducerEvent::Failed { token: ticket(sequence), reason: DeliveryError::GivenUp });
    }
    setting.report.never_heard(2);
    setting.report.summary(0, Duration::from_millis(1_500));
    let expected = "1,502 orders were not delivered: broker localhost:9092 did not answer in 1.5 s\n";
    assert_eq!(setting.stderr.text(), expected);
    setting.report.hear(ProducerEvent::Failed { token: ticket(1), reason: DeliveryError::NotAuthorized });
    setting.report.summary(0, Duration::from_secs(15));
    let text = setting.stderr.text();
    assert!(text.contains("1,503 orders were not delivered, 1,502 of them because broker"), "{text}");
    assert_eq!(setting.report.counts(), Counts { delivered: 0, failed: 1_503, given_up: 1_502 });
}

#[test]
fn quiet_leaves_out_remarks_but_not_what_went_wrong() {
    let mut setting = setting(true, None);
    setting.report.remark("sending");
    setting.report.hear(ProducerEvent::Stalled { in_flight: 1_009, reason: "connection refused".to_owned() });
    setting.report.hear(ProducerEvent::Resumed);
    setting.report.summary(2, Duration::from_secs(15));
    assert_eq!(
        setting.stderr.text(),
        "localhost:9092 does not answer (connection refused): 1,009 in flight wait for it\n\
         localhost:9092 answers again\n2 lines skipped: no orders\n"
    );
}

#[test]
fn a_reader_that_has_gone_ends_the_run_quietly() {
    let mut setting = setting(false, Some(io::ErrorKind::BrokenPipe));
    setting.report.hear(delivered(1));
    setting.report.hear(ProducerEvent::Tick);
    setting.report.settle();
    assert!(setting.shutdown.is_requested());
    assert!(setting.report.stdout_is_closed());
    assert!(setting.report.stdout_error().is_none(), "nothing to complain about");
    setting.report.hear(delivered(2));
    setting.report.last_line();
    assert_eq!(setting.report.counts().delivered, 2, "still counted");
    assert_eq!(setting.stderr.text(), "");
}

#[test]
fn a_full_disk_is_no_quiet_end() {
    let mut setting = setting(false, Some(io::ErrorKind::StorageFull));
    setting.report.hear(delivered(1));
    setting.report.hear(ProducerEvent::Tick);
    setting.report.settle();
    assert!(setting.shutdown.is_requested());
    assert!(setting.report.stdout_error().is_some());
}
