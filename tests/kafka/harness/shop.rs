//! A shop of a test's own. What only some tests do with it, they add themselves.

use super::{Cluster, Exit, LONG, Process, Run, Scratch, program, shared};

/// A shop that no other test has: its topics stand behind a prefix of its own.
pub(crate) struct Shop {
    pub(crate) kafka: Cluster,
    pub(crate) prefix: String,
    pub(crate) scratch: Scratch,
}

impl Shop {
    /// One without topics, on the broker that tests share.
    pub(crate) fn new() -> Shop {
        Shop::on(shared())
    }

    /// The same on a broker of the test's own.
    pub(crate) fn on(kafka: Cluster) -> Shop {
        let prefix = format!("{}.", kafka.unused_name("shop"));
        Shop { kafka, prefix, scratch: Scratch::new("shop") }
    }

    /// The same with a topic, as `setup-topics` makes it.
    pub(crate) fn with_topic(self, name: &str) -> Shop {
        self.kafka.make_topic(&self.topic(name), if name == "errors" { 1 } else { 3 });
        self
    }

    /// The same with all its topics.
    #[track_caller]
    pub(crate) fn set_up(self) -> Shop {
        self.run(&["setup-topics"]).expect_code(0);
        self
    }

    pub(crate) fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Run {
        program("techshop", &self.scratch).cluster(&self.kafka).args(["--topic-prefix", &self.prefix]).args(arguments)
    }

    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Exit {
        self.command(arguments).finish()
    }

    /// Who decides orders, with these flags.
    pub(crate) fn process(&self, flags: &[&str]) -> Run {
        self.command(&["process", "--listen", "off"]).args(flags)
    }

    /// Who decides orders, once it does.
    pub(crate) fn active(&self) -> Process {
        let mut process = self.process(&[]).start();
        process.wait_for_output("process.active", LONG);
        process
    }
}
