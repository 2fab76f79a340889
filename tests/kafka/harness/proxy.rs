//! A network that fails: a TCP proxy in front of a broker's listener that can go dumb in parts.

use super::ports::free_port;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Kafka's number for a fetch request.
const FETCH: [u8; 2] = [0, 1];

/// And for one that asks what a group has published.
const OFFSET_FETCH: [u8; 2] = [0, 9];

/// Passes bytes on between clients and one listener of a broker, see [`super::Listener::behind`].
pub(crate) struct Proxy {
    port: u16,
    target_port: u16,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    ended: AtomicBool,
    is_cut: AtomicBool,
    hides_offsets: AtomicBool,
    /// What goes through is no Kafka.
    is_of_bytes: bool,
    links: Mutex<Vec<Arc<Link>>>,
}

/// One client's connection.
struct Link {
    client: TcpStream,
    broker: TcpStream,
    fetches: AtomicBool,
    is_mute: AtomicBool,
}

impl Proxy {
    pub(crate) fn start() -> Proxy {
        Proxy::start_with(State::default())
    }

    /// One for anything: it looks at nothing that it passes on, and can only be cut.
    pub(crate) fn of_bytes() -> Proxy {
        Proxy::start_with(State { is_of_bytes: true, ..State::default() })
    }

    fn start_with(state: State) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let target_port = free_port();
        let state = Arc::new(state);
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || accept(&listener, target_port, &shared));
        Proxy { port, target_port, state, thread: Some(thread) }
    }

    /// Where clients come.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where the broker listens.
    pub(crate) fn target_port(&self) -> u16 {
        self.target_port
    }

    pub(crate) fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn each_link(&self, act: impl FnMut(&Arc<Link>)) {
        self.state.links.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(act);
    }

    /// Swallows, from now on and for ever, what goes over each connection that has fetched: neither side
    /// hears anything, and neither is told. New connections work. Says how many there were.
    pub(crate) fn mute_fetchers(&self) -> usize {
        let mut muted = 0;
        self.each_link(|link| {
            if link.fetches.load(Ordering::SeqCst) && !link.is_mute.swap(true, Ordering::SeqCst) {
                muted += 1;
            }
        });
        muted
    }

    /// Swallows, as long as it is told so, whatever asks what groups have published.
    pub(crate) fn hide_offsets(&self, hides: bool) {
        self.state.hides_offsets.store(hides, Ordering::SeqCst);
    }

    /// Ends all connections, and every new one at once, until [`Proxy::mend`].
    pub(crate) fn cut(&self) {
        self.state.is_cut.store(true, Ordering::SeqCst);
        self.each_link(|link| link.end());
    }

    pub(crate) fn mend(&self) {
        self.state.is_cut.store(false, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        // One more connection, by which the thread sees that it is over.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        self.each_link(|link| link.end());
    }
}

fn accept(listener: &TcpListener, target_port: u16, state: &Arc<State>) {
    loop {
        let (client, _) = listener.accept().expect("the proxy listens");
        if state.ended.load(Ordering::SeqCst) {
            return;
        }
        if state.is_cut.load(Ordering::SeqCst) {
            continue;
        }
        // Without a broker the client finds its connection closed, as it would without a proxy.
        let Ok(broker) = TcpStream::connect(("127.0.0.1", target_port)) else { continue };
        for stream in [&client, &broker] {
            stream.set_nodelay(true).expect("bytes go at once");
        }
        let link = Link { client, broker, fetches: AtomicBool::new(false), is_mute: AtomicBool::new(false) };
        let link = Arc::new(link);
        state.links.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&link));
        if state.is_cut.load(Ordering::SeqCst) {
            link.end();
        }
        let answering = Arc::clone(&link);
        std::thread::spawn(move || answering.pass_answers());
        let state = Arc::clone(state);
        std::thread::spawn(move || if state.is_of_bytes { link.pass_bytes() } else { link.pass_requests(&state) });
    }
}

impl Link {
    fn end(&self) {
        // One that has ended already is fine.
        drop(self.client.shutdown(Shutdown::Both));
        drop(self.broker.shutdown(Shutdown::Both));
    }

    /// A request is its length and that many bytes, of which the first two say what is asked.
    fn pass_requests(&self, state: &State) {
        let mut length = [0; 4];
        while (&self.client).read_exact(&mut length).is_ok() {
            let mut request = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
            if (&self.client).read_exact(&mut request).is_err() {
                break;
            }
            if request.starts_with(&FETCH) {
                self.fetches.store(true, Ordering::SeqCst);
            }
            let is_hidden = request.starts_with(&OFFSET_FETCH) && state.hides_offsets.load(Ordering::SeqCst);
            if is_hidden || self.is_mute.load(Ordering::SeqCst) {
                continue;
            }
            if (&self.broker).write_all(&length).and_then(|()| (&self.broker).write_all(&request)).is_err() {
                break;
            }
        }
        self.end();
    }

    fn pass_bytes(&self) {
        // It ends when either side does; whoever waits for more then finds its connection closed.
        drop(std::io::copy(&mut &self.client, &mut &self.broker));
        self.end();
    }

    fn pass_answers(&self) {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = (&self.broker).read(&mut bytes) {
            if self.is_mute.load(Ordering::SeqCst) {
                continue;
            }
            if (&self.client).write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        // A mute connection stays open: that is the point of it.
        if !self.is_mute.load(Ordering::SeqCst) {
            self.end();
        }
    }
}
