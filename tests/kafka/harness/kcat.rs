//! `kcat`, the client that people have at hand.

use super::cluster::Cluster;
use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs it against a cluster with some arguments and input, and gives its standard output.
#[track_caller]
pub(crate) fn kcat(cluster: &Cluster, arguments: &[OsString], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("kcat")
        .args(["-q", "-b", cluster.bootstrap()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kcat was found");
    child.stdin.take().expect("it is a pipe").write_all(input).expect("kcat reads its input");
    let output = child.wait_with_output().expect("kcat ends");
    assert!(output.status.success(), "kcat {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
