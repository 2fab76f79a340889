//! Threads that hand letters over: to a mail server, to a gateway, or into the outbox, which takes many at a time.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender as Reports};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::args::AT_A_TIME;
use super::plan::MOST_WAITING;
use crate::doors::http::Gateway;
use crate::doors::mail::{Draft, Mail, MailError, Sender, Smtp};
use crate::doors::outbox::{Item, Outbox};
use crate::logic::letters::{Channel, Letter, Secret, body, signature};
use crate::programs::techshop::TechshopError;
use crate::tools::durable::is_disk_full;

/// The outbox takes at most so many letters at a time.
const MOST_AT_ONCE: usize = 512;

/// No message has more than two letters and no letter two jobs, so this is room for all that can be under way: a
/// thread never waits for its reports to be heard.
const MOST_REPORTS: usize = 2 * MOST_WAITING;

/// How long the end waits for letters that are being handed over. A server that takes longer over each of its answers has
/// the letter perhaps, and gets it once more at the next start, with the same id.
const LAST_ANSWERS: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(5) };

/// Which way letters of one channel go.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// Into the folder.
    Outbox,
    /// To a mail server.
    Smtp(Smtp),
    /// To a gateway for text messages.
    Gateway(Gateway, Secret),
}

/// Which way letters go.
#[derive(Clone, Debug)]
pub(crate) struct Routes {
    pub(super) from: Sender,
    pub(super) email: Route,
    pub(super) sms: Route,
    pub(super) outbox: PathBuf,
}

impl Routes {
    /// Whether all of them go into the folder, where none can be twice.
    pub(super) fn is_outbox_only(&self) -> bool {
        matches!((&self.email, &self.sms), (Route::Outbox, Route::Outbox))
    }
}

/// A letter to be handed over.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Of which message, by its number in the window, and which of its letters.
    pub(super) ticket: (u64, usize),
    pub(super) letter: Arc<Letter>,
}

/// Why a letter was not handed over.
#[derive(Debug)]
pub(super) enum Failure {
    /// It may go next time.
    Passing(String),
    /// It will never go.
    Final(String),
    /// The disk fails: nothing goes any more.
    Disk(io::Error),
}

/// What became of a job: where the letter can be found, or why not.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) ticket: (u64, usize),
    pub(super) result: Result<String, Failure>,
}

/// The threads, and what waits for them.
pub(super) struct Hands {
    email: Arc<Queue>,
    sms: Arc<Queue>,
    reports: Receiver<Report>,
    threads: Vec<JoinHandle<()>>,
    /// Letters that were given and of which nothing was heard yet.
    under_way: Cell<usize>,
}

impl Hands {
    /// Starts the threads. `owner` names whoever leaves files in the outbox; there must be one of a name at a time.
    pub(super) fn start(routes: &Routes, owner: &str) -> Result<Self, TechshopError> {
        let outbox = Outbox::open(&routes.outbox, owner).map_err(|source| TechshopError::File {
            what: "use",
            path: routes.outbox.clone(),
            source,
            hint: "pass --outbox with a folder that can be written",
        })?;
        let (sender, reports) = mpsc::sync_channel(MOST_REPORTS);
        let (email, sms) = (Arc::new(Queue::default()), Arc::new(Queue::default()));
        let mut hands = Self { email, sms, reports, threads: Vec::new(), under_way: Cell::new(0) };
        // One thread leaves all files, so that they share their syncs.
        let files = Arc::new(Queue::default());
        if matches!(routes.email, Route::Outbox) {
            hands.email = Arc::clone(&files);
        }
        if matches!(routes.sms, Route::Outbox) {
            hands.sms = Arc::clone(&files);
        }
        let (from, reporting) = (routes.from.clone(), sender.clone());
        hands.thread("outbox", move || leave(&files, &outbox, &from, &reporting))?;
        for _ in 0..AT_A_TIME {
            if let Route::Smtp(smtp) = &routes.email {
                let (queue, smtp, from) = (Arc::clone(&hands.email), smtp.clone(), routes.from.clone());
                let reporting = sender.clone();
                hands.thread("mail", move || each(&queue, &reporting, |letter| send(&smtp, &from, letter)))?;
            }
            if let Route::Gateway(gateway, secret) = &routes.sms {
                let (queue, gateway, secret) = (Arc::clone(&hands.sms), gateway.clone(), secret.clone());
                let reporting = sender.clone();
                hands.thread("sms", move || each(&queue, &reporting, |letter| post(&gateway, &secret, letter)))?;
            }
        }
        Ok(hands)
    }

    fn thread(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), TechshopError> {
        self.threads.push(std::thread::Builder::new().name(name.to_owned()).spawn(run)?);
        Ok(())
    }

    /// Gives a letter to whoever hands it over.
    pub(super) fn give(&self, job: Job) {
        self.under_way.set(self.under_way.get() + 1);
        match job.letter.channel {
            Channel::Email => self.email.push(job),
            Channel::Sms => self.sms.push(job),
        }
    }

    /// What became of a letter, waiting at most `timeout`.
    pub(super) fn report(&self, timeout: Duration) -> Result<Option<Report>, TechshopError> {
        match self.reports.recv_timeout(timeout) {
            Ok(report) => {
                self.under_way.set(self.under_way.get().saturating_sub(1));
                Ok(Some(report))
            }
            // One that ended would leave its letter without an answer, and all behind it.
            Err(RecvTimeoutError::Timeout) if !self.threads.iter().any(JoinHandle::is_finished) => Ok(None),
            Err(_) => Err(TechshopError::Failed {
                reason: "a thread that hands letters over has ended, which is a mistake in this program; start again: \
                         what was not handed over is, then"
                    .to_owned(),
            }),
        }
    }

    /// Lets the threads finish what they have in hand, and take no more. Gives what became of it, as far as that is
    /// told soon: a slow server holds no end up, and its threads end with the process.
    pub(super) fn close(&mut self) -> Vec<Report> {
        let forgotten = self.email.close() + self.sms.close();
        let mut left = self.under_way.replace(0).saturating_sub(forgotten);
        let (mut told, until) = (Vec::new(), Instant::now() + LAST_ANSWERS);
        while left > 0 {
            let Ok(report) = self.reports.recv_timeout(until.saturating_duration_since(Instant::now())) else { break };
            told.push(report);
            left -= 1;
        }
        told
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        drop(self.close());
    }
}

/// Jobs that wait, first come first served.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<(VecDeque<Job>, bool)>,
    changed: Condvar,
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, (VecDeque<Job>, bool)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) {
        self.lock().0.push_back(job);
        self.changed.notify_one();
    }

    /// What waits is forgotten: it was never begun. Says how many that were.
    fn close(&self) -> usize {
        let (forgotten, _) = std::mem::replace(&mut *self.lock(), (VecDeque::new(), true));
        self.changed.notify_all();
        forgotten.len()
    }

    /// From one to `most` jobs; none when it is closed.
    fn pop(&self, most: usize) -> Vec<Job> {
        let waiting = self.lock();
        let still = |(jobs, is_closed): &mut (VecDeque<Job>, bool)| jobs.is_empty() && !*is_closed;
        let mut waiting = self.changed.wait_while(waiting, still).unwrap_or_else(PoisonError::into_inner);
        let count = waiting.0.len().min(most);
        waiting.0.drain(..count).collect()
    }
}

/// A letter that makes what handles it panic is a dead letter, and not the end of all others.
fn unharmed<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Failure::Final("handing it over is a mistake in this program, which standard error names".to_owned()))
    })
}

/// Hands letters over one by one.
fn each(queue: &Queue, reports: &Reports<Report>, hand_over: impl Fn(&Letter) -> Result<String, Failure>) {
    while let Some(job) = queue.pop(1).pop() {
        let result = unharmed(|| hand_over(&job.letter));
        if reports.send(Report { ticket: job.ticket, result }).is_err() {
            return;
        }
    }
}

fn mail(from: &Sender, letter: &Letter) -> Result<Mail, Failure> {
    let id = letter.digest();
    let Letter { to, subject, text, time_ms, .. } = letter;
    let draft = Draft { to, subject, text, time_ms: *time_ms, id: &id };
    Mail::new(from, &draft).map_err(|error: MailError| Failure::Final(error.to_string()))
}

fn send(smtp: &Smtp, from: &Sender, letter: &Letter) -> Result<String, Failure> {
    let mail = mail(from, letter)?;
    match smtp.send(&mail) {
        Ok(()) => Ok(mail.id),
        Err(error) if error.is_final => Err(Failure::Final(error.reason)),
        Err(error) => Err(Failure::Passing(error.reason)),
    }
}

/// The body for a gateway, the same in each repeat.
fn message(letter: &Letter) -> String {
    body(letter, &Timestamp::from_millisecond(letter.time_ms).unwrap_or_default().to_string())
}

fn post(gateway: &Gateway, secret: &Secret, letter: &Letter) -> Result<String, Failure> {
    let (id, now, body) = (format!("msg_{}", letter.digest()), Timestamp::now().as_second(), message(letter));
    let signed = signature(secret, &id, now, body.as_bytes());
    let headers =
        [("webhook-id", id.as_str()), ("webhook-timestamp", &now.to_string()), ("webhook-signature", &signed)];
    match gateway.post(&headers, &body) {
        Ok(()) => Ok(id),
        Err(error) if error.is_final => Err(Failure::Final(error.reason)),
        Err(error) => Err(Failure::Passing(error.reason)),
    }
}

/// The file of a letter.
fn item(from: &Sender, letter: &Letter) -> Result<Item, Failure> {
    let digest = letter.digest();
    Ok(match letter.channel {
        Channel::Email => Item { name: format!("{digest}.eml"), content: mail(from, letter)?.to_bytes() },
        Channel::Sms => Item { name: format!("{digest}.json"), content: format!("{}\n", message(letter)).into_bytes() },
    })
}

/// Leaves letters in the outbox, many at a time.
fn leave(queue: &Queue, outbox: &Outbox, from: &Sender, reports: &Reports<Report>) {
    loop {
        let jobs = queue.pop(MOST_AT_ONCE);
        if jobs.is_empty() {
            return;
        }
        let (mut items, mut tickets) = (Vec::new(), Vec::new());
        let tell = |ticket, result| {
            // Without a listener there is nobody left to tell.
            drop(reports.send(Report { ticket, result }));
        };
        for Job { ticket, letter } in jobs {
            match unharmed(|| item(from, &letter)) {
                Ok(item) => {
                    items.push(item);
                    tickets.push(ticket);
                }
                Err(failure) => tell(ticket, Err(failure)),
            }
        }
        let left = outbox.leave(&items);
        for (ticket, item) in tickets.into_iter().zip(items) {
            tell(
                ticket,
                match &left {
                    Ok(()) => Ok(item.name),
                    Err(error) if is_disk_full(error) => Err(Failure::Passing(error.to_string())),
                    Err(error) => Err(Failure::Disk(io::Error::new(error.kind(), error.to_string()))),
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::logic::letters::Kind;

    fn letter(time_ms: i64) -> Arc<Letter> {
        let text = || "text".to_owned();
        Arc::new(Letter {
            order_id: text(),
            kind: Kind::Confirmation,
            channel: Channel::Email,
            to: "alice@mail.example".into(),
            subject: text(),
            text: text(),
            time_ms,
        })
    }

    fn hands(email: Route, folder: &std::path::Path) -> Hands {
        let from = Sender::read("shop@mail.example").expect("an address");
        Hands::start(&Routes { from, email, sms: Route::Outbox, outbox: folder.to_owned() }, "owner").expect("threads")
    }

    /// Once a server that was slow with each answer held the end up until somebody killed the service.
    #[test]
    fn a_server_that_never_answers_holds_no_end_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("smtp://{}", mute.local_addr().expect("an address"));
        let mut hands = hands(Route::Smtp(Smtp::new(&url, AT_A_TIME).expect("a URL")), folder.path());
        (0..3 * AT_A_TIME).for_each(|n| hands.give(Job { ticket: (u64::from(n), 0), letter: letter(0) }));
        // They are in hand, or wait for those that are.
        let _connected = mute.accept().expect("somebody calls");
        let began = Instant::now();
        assert!(hands.close().is_empty());
        assert!(began.elapsed() >= LAST_ANSWERS && began.elapsed() < 50 * LAST_ANSWERS, "{:?}", began.elapsed());
    }

    #[test]
    fn an_end_hears_of_all_that_was_in_hand() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut hands = hands(Route::Outbox, folder.path());
        hands.give(Job { ticket: (7, 0), letter: letter(i64::MAX) });
        let told = match hands.report(Duration::from_secs(30)).expect("the thread is there") {
            Some(report) => vec![report],
            None => hands.close(),
        };
        assert!(matches!(told.as_slice(), [Report { ticket: (7, 0), result: Ok(_) }]), "{told:?}");
        assert!(hands.close().is_empty(), "nothing is under way");
    }

    #[test]
    fn a_letter_that_makes_us_panic_is_a_dead_letter() {
        let result: Result<(), _> = unharmed(|| unreachable!("on purpose"));
        assert!(matches!(result, Err(Failure::Final(_))));
    }
}
