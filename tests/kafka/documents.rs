//! What the documents tell a reader to run is run, and what they show is what is said: the scenes of
//! `README.md` and `docs`, each in a copy of the house with a broker of its own. `scripts/documents.py`
//! reads and runs them.

use crate::harness::{House, LONG, Need, Scratch, binaries_dir, python, source_dir, start_lock};
use libtest_mimic::Trial;
use std::os::unix::fs::PermissionsExt;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "documents",
        &[Need::Broker, Need::Python, Need::Jq],
        [the_quick_start_is_as_told, the_demo_is_as_told, the_services_are_as_told]
    )
}

fn the_quick_start_is_as_told() {
    play("quick-start", &["README.md"]);
}

fn the_demo_is_as_told() {
    play("demo", &["docs/operating.md", "docs/programs.md", "docs/patterns.md"]);
}

fn the_services_are_as_told() {
    play("services", &["docs/patterns.md"]);
}

/// Plays one scene as these documents tell it.
fn play(scene: &str, documents: &[&str]) {
    let (house, scratch) = (House::new(), Scratch::new("documents"));
    // The documents show what `start.sh` says where no Docker is at hand.
    let docker = scratch.file("docker", "#!/bin/sh\nexit 1\n");
    std::fs::set_permissions(docker, PermissionsExt::from_mode(0o755)).expect("it is ours");
    let path = std::env::var("PATH").expect("there is one");
    let path = format!("{}:{}:{path}", scratch.path().display(), binaries_dir().display());
    let files = documents.iter().map(|name| source_dir().join(name));
    let run = house.tool("documents", python()).env("PATH", path).env("NO_COLOR", "1");
    let run = run.env("ORDERTRAIL_START_LOCK", start_lock());
    let player = source_dir().join("scripts/documents.py");
    let exit = run.arg(player).arg(scene).args(files).finish_within(2 * LONG);
    assert_eq!(exit.code, Some(0), "{}\n{}", exit.stdout, exit.stderr);
}
