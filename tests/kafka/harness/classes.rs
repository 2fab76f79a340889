//! What Java keeps of Kafka's classes from one broker to the next.
//!
//! A broker that boots reads some six thousand classes out of ninety jars and checks each. A broker that ends in order
//! can leave them in a file, as they lie in memory, and all later ones map it: half of the processor's time of a boot.
//! The file is made once in a target directory. Java itself looks whether it fits the jars, and goes without if not.

use super::broker::Broker;
use super::machine::{jars, java_tool, major_version};
use super::wait::{LONG, wait_until};
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

static CLASSES: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let version = Command::new(java_tool("java")).arg("-version").output().ok()?;
    let version = major_version(&String::from_utf8_lossy(&version.stderr))?;
    let jars = jars();
    let classes = jars.with_file_name(format!("kafka-classes-{version}.jsa"));
    let age = |path: PathBuf| path.metadata().and_then(|metadata| metadata.modified()).ok();
    if age(classes.clone()).is_some_and(|made| Some(made) > age(jars.join(".complete"))) {
        return Some(classes);
    }
    let unfinished = classes.with_extension(std::process::id().to_string());
    let mut broker = Broker::not_started();
    broker.java_option(format!("-XX:ArchiveClassesAtExit={}", unfinished.display()));
    let mut process = broker.run();
    // A Java that does not know the option ends at once.
    let boots = wait_until("the broker answers or ends", LONG, || {
        let runs = process.is_running();
        (!runs || broker.cluster().is_ready()).then_some(runs)
    });
    if boots {
        process.terminate(LONG);
    }
    std::fs::rename(unfinished, &classes).ok()?;
    Some(classes)
});

/// The option for Java that makes it use what is kept; none where nothing can be kept.
pub(super) fn option() -> Option<String> {
    CLASSES.as_ref().map(|classes| format!("-XX:SharedArchiveFile={}", classes.display()))
}
