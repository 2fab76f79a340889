//! What the documents tell a reader to run is run, and what they show is what is said: the scenes of
//! `README.md` and `docs`, each in a copy of the house with a broker of its own. `scripts/documents.py`
//! reads and runs them.

use crate::harness::{House, LONG, Need, Run, Scratch, binaries_dir, python, source_dir, start_lock};
use libtest_mimic::Trial;
use std::os::unix::fs::PermissionsExt;

pub(crate) fn trials() -> Vec<Trial> {
    let mut all = trials!(
        "documents",
        &[Need::Broker, Need::Python, Need::Jq],
        [the_quick_start_is_as_told, the_demo_is_as_told, the_services_are_as_told]
    );
    all.extend(trials!("documents", &[Need::Python], [what_is_not_as_told_is_noticed]));
    all
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

/// What the player says to a scene of one command, after which these lines are shown.
fn judged(command: &str, shown: &str) -> Option<i32> {
    let scratch = Scratch::new("documents");
    let document = scratch.file("a.md", format!("<!-- scene: one -->\n```console\n$ {command}\n{shown}\n```\n"));
    let player = source_dir().join("scripts/documents.py");
    Run::new("documents", python(), &scratch).arg(player).arg("one").arg(document).finish().code
}

fn what_is_not_as_told_is_noticed() {
    for (command, shown) in [
        ("echo '12 orders, 0 lost in 3.4 s'", "7 orders, 0 lost in 120 ms"),
        ("echo one; echo two; echo three", "one\n…"),
        ("echo 'pid 77, stopped, at orders/1@20'", "pid …, stopped, at orders/0@3"),
        ("(exit 3); echo \"exit $?\"", "exit 3"),
        ("true", ""),
    ] {
        assert_eq!(judged(command, shown), Some(0), "{command}");
    }
    for (command, shown) in [
        ("echo '12 orders, 1 lost'", "12 orders, 0 lost"),
        ("echo '12 orders, 0 lost'", "12 orders, 4 lost"),
        ("echo one; echo two", "one"),
        ("echo one", "one\ntwo"),
        ("(exit 3); echo \"exit $?\"", "exit 0"),
        ("echo one; false", "one"),
        ("echo one", ""),
    ] {
        assert_eq!(judged(command, shown), Some(1), "{command}");
    }
}
