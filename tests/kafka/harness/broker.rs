//! Real Kafka brokers: the one that tests share, and those that a test may stop and kill.

use super::classes;
use super::cluster::Cluster;
use super::command::{Run, source_dir};
use super::machine::jars;
use super::ports::free_port;
use super::process::{Process, Signal};
use super::proxy::Proxy;
use super::scratch::Scratch;
use super::wait::{LONG, wait_until};
use super::witness;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A broker of a test's own lives for seconds: what Java does for those that live for days is not worth its time.
const SHORT_LIVED: [&str; 2] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

static SHARED: Mutex<Option<Shared>> = Mutex::new(None);

struct Shared {
    cluster: Cluster,
    /// None when it is somebody else's.
    broker: Option<Broker>,
}

/// The broker that tests share: that of `KAFKA_BOOTSTRAP_SERVERS`, or one of our own.
pub(crate) fn shared() -> Cluster {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let shared = shared.get_or_insert_with(|| match std::env::var("KAFKA_BOOTSTRAP_SERVERS") {
        Ok(bootstrap) if !bootstrap.is_empty() => {
            let cluster = Cluster::at(bootstrap);
            assert!(cluster.is_ready(), "no broker answers at KAFKA_BOOTSTRAP_SERVERS={}", cluster.bootstrap());
            Shared { cluster, broker: None }
        }
        _ => {
            let mut broker = Broker::not_started();
            broker.java.clear();
            broker.start_again();
            Shared { cluster: broker.cluster(), broker: Some(broker) }
        }
    });
    shared.cluster.clone()
}

/// Stops what all tests shared. Nothing runs any more after it.
pub(crate) fn close_shared() {
    let shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Shared { broker: Some(mut broker), .. }) = shared {
        broker.kill_nine();
    }
    witness::close();
}

/// Another way into a broker, beside its plain one.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) name: &'static str,
    /// `SSL` or `SASL_PLAINTEXT`.
    pub(crate) protocol: &'static str,
    pub(crate) port: u16,
    /// Where the broker tells its clients to come.
    advertised_port: u16,
}

impl Listener {
    pub(crate) fn new(name: &'static str, protocol: &'static str) -> Listener {
        let port = free_port();
        Listener { name, protocol, port, advertised_port: port }
    }

    /// One whose clients come through a proxy.
    pub(crate) fn behind(proxy: &Proxy) -> Listener {
        let (port, advertised_port) = (proxy.target_port(), proxy.port());
        Listener { name: "PROXIED", protocol: "PLAINTEXT", port, advertised_port }
    }

    pub(crate) fn cluster(&self) -> Cluster {
        Cluster::at(format!("127.0.0.1:{}", self.port))
    }
}

/// A broker of a test's own, on a port and data that it keeps when it is stopped.
pub(crate) struct Broker {
    /// First, so that it is gone before the directory in which it writes.
    process: Option<Process>,
    scratch: Scratch,
    port: u16,
    controller_port: u16,
    settings: Vec<String>,
    /// Options for Java; none for those of `broker/local.sh`.
    java: Vec<String>,
}

impl Broker {
    /// A broker that answers.
    pub(crate) fn start() -> Broker {
        Broker::start_with(&[], &[])
    }

    /// A broker that is not started yet: its address is known, and nothing answers there.
    pub(crate) fn not_started() -> Broker {
        Broker {
            scratch: Scratch::new("broker"),
            port: free_port(),
            controller_port: free_port(),
            settings: vec![
                // So that a broker which was killed is back in seconds, not in 14 of them.
                "broker.session.timeout.ms=2000".into(),
                "broker.heartbeat.interval.ms=500".into(),
                "log.cleaner.dedupe.buffer.size=2097152".into(),
            ],
            java: SHORT_LIVED.map(str::to_owned).into(),
            process: None,
        }
    }

    /// A broker with further listeners and settings.
    pub(crate) fn start_with(listeners: &[Listener], settings: &[String]) -> Broker {
        let mut broker = Broker::not_started();
        if !listeners.is_empty() {
            broker.listen_on(listeners);
        }
        broker.settings.extend_from_slice(settings);
        broker.start_again();
        broker
    }

    fn listen_on(&mut self, listeners: &[Listener]) {
        let mut clients = format!("PLAINTEXT://127.0.0.1:{}", self.port);
        let mut advertised = clients.clone();
        let mut protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned();
        for listener in listeners {
            clients += &format!(",{}://127.0.0.1:{}", listener.name, listener.port);
            advertised += &format!(",{}://127.0.0.1:{}", listener.name, listener.advertised_port);
            protocols += &format!(",{}:{}", listener.name, listener.protocol);
        }
        let controller = format!("CONTROLLER://127.0.0.1:{}", self.controller_port);
        self.settings.extend([
            format!("listeners={clients},{controller}"),
            format!("advertised.listeners={advertised}"),
            format!("listener.security.protocol.map={protocols}"),
        ]);
    }

    pub(crate) fn cluster(&self) -> Cluster {
        Cluster::at(format!("127.0.0.1:{}", self.port))
    }

    /// Starts it on its port and data, and waits until it answers.
    pub(crate) fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        if let Some(option) = classes::option().filter(|option| !self.java.is_empty() && !self.java.contains(option)) {
            self.java.push(option);
        }
        let mut process = self.run();
        let cluster = self.cluster();
        wait_until("the broker answers", LONG, || {
            assert!(process.is_running(), "the broker ended: {}{}", process.stdout(), process.stderr());
            cluster.is_ready().then_some(())
        });
        self.process = Some(process);
    }

    /// One more option for Java.
    pub(super) fn java_option(&mut self, option: String) {
        self.java.push(option);
    }

    /// Its process, which boots.
    pub(super) fn run(&self) -> Process {
        let data: PathBuf = self.scratch.join("data");
        let run = Run::new("broker", source_dir().join("broker/local.sh"), &self.scratch)
            .args(["start", "--heap", "384m", "--jars"])
            .arg(jars())
            .arg("--data")
            .arg(data)
            .args(["--port", &self.port.to_string()])
            .args(["--controller-port", &self.controller_port.to_string()])
            .args(self.settings.iter().flat_map(|setting| ["--set", setting]))
            .args(self.java.iter().flat_map(|option| ["--java", option]));
        run.start()
    }

    /// Where the bytes of a partition lie: its first segment.
    pub(crate) fn log_file(&self, topic: &str, partition: i32) -> PathBuf {
        self.scratch.join(&format!("data/log/{topic}-{partition}/00000000000000000000.log"))
    }

    /// Stops it as an operator does: SIGTERM, and it ends in order.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::TERM);
            process.wait(LONG);
        }
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill_nine(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill_nine();
        }
    }

    /// Its own process, for signals.
    pub(crate) fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("it runs")
    }

    /// Throws all its data away: on its port there will be another cluster. Only while it does not run.
    pub(crate) fn forget_everything(&self) {
        assert!(self.process.is_none(), "it runs");
        std::fs::remove_dir_all(self.scratch.join("data")).expect("its data are ours");
    }

    /// Cuts the log of a partition before `offset`, which must begin a batch, as a damaged disk or an
    /// unclean election does. What the broker keeps beside it to start fast is removed, so that it looks
    /// at what is there. Only while it does not run.
    pub(crate) fn cut_log(&self, topic: &str, partition: i32, offset: i64) {
        assert!(self.process.is_none(), "it runs");
        let logs =
            find_dir(&self.scratch.join("data"), &format!("{topic}-{partition}")).expect("the partition is here");
        let log = logs.join("00000000000000000000.log");
        let bytes = std::fs::read(&log).expect("its first segment is here");
        let mut at = 0;
        while first_number(&bytes[at..]) < offset {
            let length = u32::from_be_bytes(bytes[at + 8..at + 12].try_into().expect("four bytes"));
            at += 12 + usize::try_from(length).expect("a length");
        }
        assert_eq!(first_number(&bytes[at..]), offset, "a batch begins there");
        std::fs::OpenOptions::new().write(true).open(&log).and_then(|log| log.set_len(at as u64)).expect("it is ours");
        let parent = logs.parent().expect("it lies somewhere");
        for name in [".kafka_cleanshutdown", "recovery-point-offset-checkpoint", "replication-offset-checkpoint"] {
            drop(std::fs::remove_file(parent.join(name)));
        }
        for entry in std::fs::read_dir(&logs).expect("it is ours").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|kind| kind == "index" || kind == "timeindex" || kind == "snapshot") {
                std::fs::remove_file(path).expect("it is ours");
            }
        }
    }
}

/// The offset with which a batch begins.
fn first_number(batch: &[u8]) -> i64 {
    i64::from_be_bytes(batch[..8].try_into().expect("eight bytes"))
}

fn find_dir(below: &Path, name: &str) -> Option<PathBuf> {
    let dirs = std::fs::read_dir(below).ok()?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut dirs: Vec<PathBuf> = dirs.collect();
    dirs.sort();
    let here = dirs.iter().find(|dir| dir.file_name().is_some_and(|found| found == name)).cloned();
    here.or_else(|| dirs.iter().find_map(|dir| find_dir(dir, name)))
}
