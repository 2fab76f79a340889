//! The last resort that nothing is left behind, whatever ends the tests: a small shell that holds
//! the end of a pipe from us. When we are gone, even by SIGKILL, the pipe closes, and the shell
//! ends what we started and removes what we made.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

/// `+ PID` a process was started, `- PID` it has ended, `dir PATH` a directory to remove, `pids
/// PATH` a directory whose `*.pid` files name processes that our scripts started, `mount PATH` where a
/// file system was mounted.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
running=' '; directories=''; pid_dirs=''; mounts=''
nl='
'
while IFS=' ' read -r what name; do
    case $what in
        +) running="$running$name " ;;
        -) running="${running%% $name *} ${running#* $name }" ;;
        dir) directories="$directories$name$nl" ;;
        pids) pid_dirs="$pid_dirs$name$nl" ;;
        mount) mounts="$mounts$name$nl" ;;
    esac
done
IFS=$nl
for dir in $pid_dirs; do
    for file in "$dir"/*.pid; do
        [ -f "$file" ] && kill -9 "$(cat "$file")" 2>/dev/null
    done
done
IFS=' '
for pid in $running; do kill -9 "$pid" 2>/dev/null; done
# Who is not quite gone yet may still write into what is removed next.
for pid in $running; do
    patience=50
    while kill -0 "$pid" 2>/dev/null && [ $((patience -= 1)) -gt 0 ]; do sleep 0.1; done
done
IFS=$nl
for dir in $mounts; do umount -l "$dir" 2>/dev/null; done
for dir in $directories; do rm -rf "$dir"; done
"#;

static REAPER: LazyLock<Mutex<Child>> = LazyLock::new(|| {
    let shell = Command::new("sh")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A Ctrl-C on the terminal is for the tests, not for who cleans up after them.
        .process_group(0)
        .spawn()
        .expect("sh can be started");
    Mutex::new(shell)
});

fn tell(what: &str, name: &str) {
    let mut reaper = REAPER.lock().unwrap_or_else(PoisonError::into_inner);
    let pipe = reaper.stdin.as_mut().expect("its standard input is a pipe");
    writeln!(pipe, "{what} {name}").expect("the reaper listens");
}

pub(crate) fn started(pid: u32) {
    tell("+", &pid.to_string());
}

pub(crate) fn ended(pid: u32) {
    tell("-", &pid.to_string());
}

pub(crate) fn made(directory: &Path) {
    tell("dir", directory.to_str().expect("our own names are UTF-8"));
}

pub(crate) fn mounts(directory: &Path) {
    tell("mount", directory.to_str().expect("our own names are UTF-8"));
}

pub(crate) fn holds_pid_files(directory: &Path) {
    tell("pids", directory.to_str().expect("our own names are UTF-8"));
}
