//! Views that are kept up to date on open pages.
//!
//! However many look at one place, its view is made and encoded once for all of them. A thread of its own makes the
//! views twice a second; the server only hands bytes on, and who reads too slowly is given the whole view anew instead
//! of everything that was missed. Bounded: [`MOST_PLACES`] different places, [`MOST_STREAMS`] streams and half of all connections.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::place::Place;
use super::site::Pages;
use super::view::View;
use crate::tools::moment::now_ms;
use crate::tools::shutdown::Shutdown;

/// So many places are kept up to date at a time: filters and languages make places.
const MOST_PLACES: usize = 64;

/// So many pages may be open, and fewer where there are not twice as many connections.
const MOST_STREAMS: usize = 512;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(500);

/// A page is told that the server is alive at least at each such look.
const HEARTBEAT: u32 = 2;

/// What waits for one reader at most.
const WAITING: usize = 8;

/// Who looks at what.
pub(super) struct Hub {
    pages: Arc<dyn Pages>,
    boot: String,
    places: Mutex<BTreeMap<Place, Arc<Channel>>>,
    streams: Arc<AtomicUsize>,
    most_streams: usize,
}

/// A place that somebody looks at.
struct Channel {
    sender: broadcast::Sender<Bytes>,
    shown: Mutex<Shown>,
}

/// What its lookers were told.
struct Shown {
    view: View,
    at_ms: i64,
    /// Looks since anything was sent.
    silent: u32,
    /// Whether there is nothing at that place any more.
    is_gone: bool,
}

/// Why there is no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoStream {
    /// There is nothing at that place.
    NoPage,
    /// So many are open already.
    Full,
}

#[derive(Serialize)]
struct Told<'a, T: Serialize> {
    boot: &'a str,
    at_ms: i64,
    #[serde(flatten)]
    what: T,
}

impl Hub {
    /// With at most half of so many connections: pages that stay open must leave room for who opens another one.
    pub(super) fn new(pages: Arc<dyn Pages>, connections: usize) -> Self {
        let boot = uuid::Uuid::new_v4().simple().to_string();
        let boot = boot.get(..8).unwrap_or(&boot).to_owned();
        Self {
            pages,
            boot,
            places: Mutex::default(),
            streams: Arc::default(),
            most_streams: MOST_STREAMS.min(connections / 2),
        }
    }

    /// A view as JSON.
    pub(super) fn json(&self, view: &View) -> String {
        encode(&Told { boot: &self.boot, at_ms: now_ms(), what: view })
    }

    /// What is told of a place from now on, as the body of an answer. Makes a view, so it may take a moment.
    pub(super) fn open(&self, place: &Place) -> Result<Body, NoStream> {
        let Some(permit) = Permit::take(&self.streams, self.most_streams) else { return Err(NoStream::Full) };
        let channel = self.channel(place)?;
        let (receiver, first) = {
            // Nothing is sent between the two.
            let shown = lock(&channel.shown);
            if shown.is_gone {
                return Err(NoStream::NoPage);
            }
            (channel.sender.subscribe(), event("view", &self.whole(&shown)))
        };
        let state = (receiver, Some(first), channel, permit, self.boot.clone());
        let events = stream::unfold(state, |(mut receiver, first, channel, permit, boot)| async move {
            let bytes = match first {
                Some(first) => first,
                None => match receiver.recv().await {
                    Ok(bytes) if bytes.is_empty() => return None,
                    Ok(bytes) => bytes,
                    // It reads too slowly for all of it: how things are now.
                    Err(RecvError::Lagged(_)) => {
                        let shown = lock(&channel.shown);
                        if shown.is_gone {
                            return None;
                        }
                        receiver = receiver.resubscribe();
                        let whole = encode(&Told { boot: &boot, at_ms: shown.at_ms, what: &shown.view });
                        event("view", &whole)
                    }
                    Err(RecvError::Closed) => return None,
                },
            };
            Some((Ok::<_, Infallible>(bytes), (receiver, None, channel, permit, boot)))
        });
        Ok(Body::from_stream(events))
    }

    fn channel(&self, place: &Place) -> Result<Arc<Channel>, NoStream> {
        if let Some(channel) = lock(&self.places).get(place) {
            return Ok(Arc::clone(channel));
        }
        // Made outside of the lock: two may make it at once, and one of them for nothing.
        let page = self.pages.page(place).ok_or(NoStream::NoPage)?;
        let mut places = lock(&self.places);
        if places.len() >= MOST_PLACES && !places.contains_key(place) {
            return Err(NoStream::Full);
        }
        let made = || {
            let shown = Shown { view: page.view, at_ms: now_ms(), silent: 0, is_gone: false };
            Arc::new(Channel { sender: broadcast::channel(WAITING).0, shown: Mutex::new(shown) })
        };
        Ok(Arc::clone(places.entry(place.clone()).or_insert_with(made)))
    }

    fn whole(&self, shown: &Shown) -> String {
        encode(&Told { boot: &self.boot, at_ms: shown.at_ms, what: &shown.view })
    }

    /// Keeps every open place up to date until a stop is asked for.
    pub(super) fn run(&self, stop: &Shutdown) {
        while !stop.wait_timeout(EVERY) {
            let places: Vec<(Place, Arc<Channel>)> = {
                let mut places = lock(&self.places);
                // Somebody who subscribes just now holds the channel.
                places.retain(|_, channel| channel.sender.receiver_count() > 0 || Arc::strong_count(channel) > 1);
                places.iter().map(|(place, channel)| (place.clone(), Arc::clone(channel))).collect()
            };
            for (place, channel) in places {
                self.tell(&place, &channel);
            }
        }
    }

    fn tell(&self, place: &Place, channel: &Channel) {
        let Some(page) = self.pages.page(place) else { return self.end(place, channel) };
        let at_ms = now_ms();
        let mut shown = lock(&channel.shown);
        shown.at_ms = at_ms;
        shown.silent += 1;
        let changes = page.view.since(&shown.view);
        if changes.is_empty() && shown.silent < HEARTBEAT {
            return;
        }
        let told = Told { boot: &self.boot, at_ms, what: &changes };
        let bytes = event("tick", &encode(&told));
        shown.view = page.view;
        shown.silent = 0;
        // Nobody may be looking any more.
        drop(channel.sender.send(bytes));
    }

    /// Ends the streams of a place that is no more: who opens it again is told so.
    fn end(&self, place: &Place, channel: &Channel) {
        lock(&self.places).remove(place);
        lock(&channel.shown).is_gone = true;
        // An empty event is none: it ends them. Nobody may be looking any more.
        drop(channel.sender.send(Bytes::new()));
    }
}

/// One of the streams that may be open.
struct Permit(Arc<AtomicUsize>);

impl Permit {
    fn take(count: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        let more = |open: usize| (open < most).then_some(open + 1);
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Self(Arc::clone(count)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn encode<T: Serialize>(told: &Told<'_, T>) -> String {
    // Texts and numbers, and keys that are texts: all of it has JSON.
    serde_json::to_string(told).unwrap_or_default()
}

/// JSON holds no line break, so it is one line of data.
fn event(name: &str, json: &str) -> Bytes {
    Bytes::from(format!("event: {name}\nretry: 2000\ndata: {json}\n\n"))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::BodyDataStream;
    use futures_util::{FutureExt as _, StreamExt as _};
    use serde_json::{Value, json};

    use super::super::site::Page;

    /// One text that tells how often it was changed, at every place until there is nothing any more.
    #[derive(Default)]
    struct Counter {
        count: AtomicUsize,
        is_gone: std::sync::atomic::AtomicBool,
    }

    impl Pages for Counter {
        fn page(&self, place: &Place) -> Option<Page> {
            if self.is_gone.load(Ordering::Relaxed) || place.path == "/nothing" {
                return None;
            }
            let mut view = View::default();
            view.text("count", self.count.load(Ordering::Relaxed).to_string());
            Some(Page { status: 200, template: "", view, variables: Value::Null })
        }

        fn missing(&self, _: &Place) -> Page {
            Page { status: 404, template: "", view: View::default(), variables: Value::Null }
        }
    }

    fn place(path: &str) -> Place {
        Place { path: path.to_owned(), ..Place::default() }
    }

    fn hub() -> (Arc<Counter>, Hub) {
        let pages = Arc::new(Counter::default());
        (Arc::clone(&pages), Hub::new(pages, 2 * MOST_STREAMS))
    }

    /// Looks once at every open place, as the hub's thread does.
    fn look(hub: &Hub) {
        let open: Vec<_> =
            lock(&hub.places).iter().map(|(place, channel)| (place.clone(), Arc::clone(channel))).collect();
        open.iter().for_each(|(place, channel)| hub.tell(place, channel));
    }

    fn stream(hub: &Hub, path: &str) -> BodyDataStream {
        hub.open(&place(path)).expect("it opens").into_data_stream()
    }

    #[allow(clippy::panic, reason = "a test that cannot go on has failed, and says so")]
    /// The event that waits: its name, and the count that it tells; `None` when none waits.
    fn next(stream: &mut BodyDataStream) -> Option<(String, Value)> {
        let bytes = stream.next().now_or_never()?.expect("it goes on").expect("nothing fails");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let [name, "retry: 2000", data] = lines.as_slice() else { panic!("no event: {text}") };
        let told: Value = serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("JSON");
        assert!(text.ends_with("\n\n") && told["boot"].is_string() && told["at_ms"].is_i64(), "{text}");
        Some((name.strip_prefix("event: ").expect("a name").to_owned(), told["texts"]["count"].clone()))
    }

    #[test]
    fn a_view_comes_first_then_what_changed_and_a_sign_of_life_every_second() {
        let (pages, hub) = hub();
        let mut stream = stream(&hub, "/");
        assert_eq!(next(&mut stream), Some(("view".into(), json!("0"))));
        assert_eq!(next(&mut stream), None);
        pages.count.store(1, Ordering::Relaxed);
        look(&hub);
        assert_eq!(next(&mut stream), Some(("tick".into(), json!("1"))));
        assert!(EVERY * HEARTBEAT <= Duration::from_secs(1));
        for _ in 0..3 {
            for _ in 1..HEARTBEAT {
                look(&hub);
                assert_eq!(next(&mut stream), None, "nothing changed");
            }
            look(&hub);
            assert_eq!(next(&mut stream), Some(("tick".into(), Value::Null)), "it lives");
        }
    }

    #[test]
    fn who_reads_slowly_is_told_all_of_it_as_it_is_now() {
        let (pages, hub) = hub();
        let (mut slow, mut quick) = (stream(&hub, "/"), stream(&hub, "/"));
        assert_eq!(
            (next(&mut slow), next(&mut quick)),
            (next(&mut stream(&hub, "/")), Some(("view".into(), json!("0"))))
        );
        let last = 3 * WAITING;
        for count in 1..=last {
            pages.count.store(count, Ordering::Relaxed);
            look(&hub);
            assert_eq!(next(&mut quick), Some(("tick".into(), json!(count.to_string()))));
        }
        assert_eq!(next(&mut slow), Some(("view".into(), json!(last.to_string()))));
        assert_eq!(next(&mut slow), None, "nothing of what was missed comes behind it");
        pages.count.store(0, Ordering::Relaxed);
        look(&hub);
        assert_eq!(
            (next(&mut slow), next(&mut quick)),
            (Some(("tick".into(), json!("0"))), Some(("tick".into(), json!("0"))))
        );
    }

    #[test]
    fn a_place_that_is_gone_ends_its_streams_and_is_opened_no_more() {
        let (pages, hub) = hub();
        let (mut quick, mut slow) = (stream(&hub, "/"), stream(&hub, "/"));
        assert!(next(&mut quick).is_some() && next(&mut slow).is_some());
        for count in 1..=2 * WAITING {
            pages.count.store(count, Ordering::Relaxed);
            look(&hub);
            assert!(next(&mut quick).is_some());
        }
        pages.is_gone.store(true, Ordering::Relaxed);
        look(&hub);
        assert!(quick.next().now_or_never().expect("it ends").is_none());
        assert!(slow.next().now_or_never().expect("it ends, too").is_none());
        assert_eq!(hub.open(&place("/")).err(), Some(NoStream::NoPage));
        assert!(lock(&hub.places).is_empty());
    }

    #[test]
    fn no_more_is_kept_open_than_the_limits_say() {
        let (_, hub) = hub();
        assert_eq!(hub.open(&place("/nothing")).err(), Some(NoStream::NoPage));
        let open = |path: String| hub.open(&place(&path)).err();
        let kept: Vec<Body> = (0..MOST_PLACES).filter_map(|at| hub.open(&place(&format!("/{at}"))).ok()).collect();
        assert_eq!(kept.len(), MOST_PLACES);
        assert_eq!(open("/another".into()), Some(NoStream::Full), "so many places");
        assert_eq!(open("/0".into()), None, "one that is there already is none more");
        let more: Vec<Body> = (kept.len()..MOST_STREAMS).filter_map(|_| hub.open(&place("/0")).ok()).collect();
        assert_eq!(more.len(), MOST_STREAMS - MOST_PLACES);
        assert_eq!(open("/0".into()), Some(NoStream::Full), "so many streams");
        drop(more);
        assert_eq!(open("/0".into()), None, "who goes leaves room");
    }
}
