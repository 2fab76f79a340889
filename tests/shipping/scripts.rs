//! What the scripts do where somebody else has a hand in: no broker is needed for it, and none is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A copy of the scripts in a folder of its own, with programs that only note how they were called.
struct Yard {
    folder: TempDir,
}

impl Yard {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for part in ["start.sh", "stop.sh", "scripts", "broker"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(part);
            let copied = Command::new("cp").arg("-R").arg(from).arg(folder.path()).status();
            assert!(copied.is_ok_and(|status| status.success()), "{part} is copied");
        }
        let yard = Self { folder };
        fs::create_dir(yard.path("bin")).expect("the folder is ours");
        for program in ["producer", "tracker"] {
            yard.program(program, "echo \"$0 $*\" >>called; echo 'nobody there' >&2; exit 4");
        }
        yard
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the folder is ours");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn program(&self, name: &str, script: &str) {
        let name = format!("bin/{name}");
        self.write(&name, &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.path(&name), fs::Permissions::from_mode(0o755)).expect("the file is ours");
    }

    /// Runs bash there, with nothing in the environment that names a broker.
    fn bash(&self, script: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = Command::new("bash")
            .args(["-c", script])
            .current_dir(self.folder.path())
            .env("ORDERTRAIL_BIN_DIR", self.path("bin"))
            .env_remove("KAFKA_BOOTSTRAP_SERVERS")
            .env_remove("ORDERTRAIL_CONFIG")
            .envs(environment.iter().copied())
            .output()
            .expect("bash runs");
        let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        (status.code(), said)
    }
}

/// `start.sh` once read no address from the file and handed the password to whoever listened on 127.0.0.1:9092.
#[test]
fn a_password_goes_only_to_an_address_that_somebody_named() {
    let yard = Yard::new();
    // Somebody else is on our port and waits for what comes.
    let squatter = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = squatter.local_addr().expect("it is bound").port().to_string();
    let credentials = "security.protocol=SASL_PLAINTEXT\nsasl.username=alice\nsasl.password=wonder-land\n";
    let start = |how: &str, more: &[(&str, &str)]| {
        let all = [&[("ORDERTRAIL_CONFIG", "client.properties"), ("ORDERTRAIL_BROKER_PORT", port.as_str())], more];
        yard.bash(&format!("./start.sh {how}"), &all.concat())
    };

    yard.write("client.properties", credentials);
    for (how, next_step) in [("", "bootstrap.servers=host:9092"), ("--broker local", "env -u ORDERTRAIL_CONFIG")] {
        let (code, said) = start(how, &[]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(next_step), "{said}");
        assert_eq!(yard.read("called"), "", "nobody was asked");
    }

    yard.write("client.properties", &format!("{credentials} bootstrap.servers = kafka.invalid:9093 \n"));
    let (code, said) = start("", &[]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("kafka.invalid:9093") && said.contains("bootstrap.servers of"), "{said}");
    let called = yard.read("called");
    assert!(called.contains("-b kafka.invalid:9093 -F"), "{called}");
    assert!(!called.contains(&port), "{called}");

    // The environment stands above the file, as for every program.
    let (code, said) = start("", &[("KAFKA_BOOTSTRAP_SERVERS", "other.invalid:9094")]);
    assert_eq!(code, Some(4), "{said}");
    assert!(yard.read("called").lines().last().is_some_and(|line| line.contains("-b other.invalid:9094 -F")));
}

/// Links that somebody laid in the folder were followed: whatever they named was overwritten.
#[test]
fn the_scripts_write_through_no_link() {
    const LAID: [&str; 9] = [
        "service.pid",
        "service.out",
        ".run/service.proc.new",
        ".run/service.last.out",
        ".run/job.out",
        ".run/group",
        ".run/broker.new",
        ".run/docker",
        ".run/probe.out",
    ];
    let yard = Yard::new();
    fs::create_dir(yard.path(".run")).expect("the folder is ours");
    yard.write("victim", "precious\n");
    for (at, target) in LAID.iter().flat_map(|at| [(at, "victim"), (at, "dangling")]) {
        let laid = yard.path(at);
        drop(fs::remove_file(&laid));
        std::os::unix::fs::symlink(yard.path(target), &laid).expect("the folder is ours");
        // The functions of start.sh, without its end, which is to start something.
        let (code, said) = yard.bash(
            "sed '/^parse \"\\$@\"$/,$d' start.sh >functions.sh; . ./functions.sh; describe demo; bin=bin client_args=()\n\
             spawn service echo it runs; wait \"$spawned\"\n\
             in_group .run/job.out echo done || echo 'no job'\n\
             keep_choice external 127.0.0.1:1 note; : | write_anew .run/docker; probe 127.0.0.1:1\n\
             cat service.out .run/job.out",
            &[],
        );
        assert!(said.contains("it runs\n") && said.contains("done\n"), "{at}: {code:?} {said}");
        assert_eq!(yard.read("victim"), "precious\n", "written through {at}");
        assert!(!yard.path("dangling").exists(), "made through {at}");
    }
}

/// What stands in `.run` says which processes are ours: a link there was followed.
#[test]
fn notes_of_what_runs_are_kept_behind_no_link_and_in_nobody_elses_folder() {
    let yard = Yard::new();
    fs::create_dir(yard.path("elsewhere")).expect("the folder is ours");
    for target in ["elsewhere", "nowhere"] {
        let laid = yard.path(".run");
        std::os::unix::fs::symlink(yard.path(target), &laid).expect("the folder is ours");
        for script in ["./start.sh", "./stop.sh", "./stop.sh --wipe --yes"] {
            let (code, said) = yard.bash(script, &[]);
            assert_eq!(code, Some(1), "{script}: {said}");
            let next_step = format!("rm '{}'", laid.display());
            assert!(said.contains("is a link, to ") && said.contains(&next_step), "{script}: {said}");
        }
        assert_eq!(fs::read_dir(yard.path("elsewhere")).expect("there").count(), 0, "written through the link");
        fs::remove_file(laid).expect("the folder is ours");
    }
    assert!(!yard.path("nowhere").exists() && yard.read("called").is_empty());

    // Somebody else's, as `ls` would tell it: another user cannot be had here.
    fs::create_dir_all(yard.path(".broker/data")).expect("the folder is ours");
    let by = |maker: &str, then: &str| {
        yard.bash(
            &format!(
                "sed '/^main \"$@\"$/d' stop.sh >functions.sh; . ./functions.sh\n\
                 id() {{ echo 1000; }}; maker_of() {{ case $1 in .) echo 1001 ;; *) echo {maker} ;; esac; }}\n{then}"
            ),
            &[],
        )
    };
    for maker in ["1000", "1001", "0"] {
        let (code, said) = by(maker, "lock stop end_other; unlock \"$$\"");
        assert_eq!((code, said.as_str()), (Some(0), ""), "made by {maker}");
    }
    for then in ["lock stop end_other", "yes=1 wipe_broker"] {
        let (code, said) = by("1002", then);
        assert_eq!(code, Some(1), "{then}: {said}");
        assert!(said.contains("made by somebody else (user 1002)") && said.contains("remove it"), "{then}: {said}");
    }
    assert!(yard.path(".broker/data").exists());
}

/// An order whose texts look like a service's own line was taken for one, and its address was connected to.
#[test]
fn only_what_a_service_says_itself_is_believed() {
    let yard = Yard::new();
    let forged = "confirmed     \"event\":\"service.started\"  \"listen\":\"127.0.0.1:19777\" × 1\n\
                  invalid       \"event\":\"dashboard.open\"  \"message\":\"http://127.0.0.1:19777/\" × 1\n\
                  invalid       \"event\":\"service.stopped\"  \"message\":\"nothing was lost\" × 1\n";
    let ask = "bin=.; . scripts/lib.sh; . scripts/parts.sh\n\
               service_address techshop-dashboard.out; shop_page; said_itself techshop-dashboard.out service.stopped\n\
               service_ready techshop-dashboard.out && echo ready";
    yard.write("techshop-dashboard.out", forged);
    assert_eq!(yard.bash(ask, &[]).1, "");

    let line = |event: &str, message: &str, listen: &str| {
        format!(
            r#"{{"timestamp":"2026-11-21T09:12:30.041Z","level":"INFO","message":"{message}","service":"s","metadata":{{"note":"\"listen\":\"127.0.0.1:19777\"","listen":{listen}}},"event":"{event}"}}"#
        )
    };
    let started = line("service.started", "started", "\"127.0.0.1:1\"");
    let open = line("dashboard.open", "http://127.0.0.1:1/", "null");
    yard.write("techshop-dashboard.out", &format!("{started}\n{forged}{open}\n"));
    assert_eq!(yard.bash(ask, &[]).1, "127.0.0.1:1\nhttp://127.0.0.1:1/\n");
}

#[test]
fn help_of_the_scripts_fits_a_terminal_of_80_columns() {
    let mut scripts = Vec::new();
    for folder in [".", "benches", "broker", "scripts"] {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("there");
        scripts.extend(entries.map(|entry| entry.expect("there").path()).filter(|path| {
            let file = fs::metadata(path).expect("there");
            file.is_file() && file.permissions().mode() & 0o111 != 0
        }));
    }
    assert!(scripts.len() >= 15, "{scripts:?}");
    for script in scripts {
        let help = match script.extension().is_some_and(|extension| extension == "py") {
            // What it prints is the text at its top, and takes no Python to be seen.
            true => fs::read_to_string(&script).expect("text").split("\"\"\"").nth(1).expect("a text").to_owned(),
            false => {
                let Output { status, stdout, .. } = Command::new(&script).arg("--help").output().expect("it runs");
                assert!(status.success(), "{}", script.display());
                String::from_utf8(stdout).expect("UTF-8")
            }
        };
        let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(help.lines().count() > 10 && wide.is_empty(), "{}: {wide:?}", script.display());
    }
}
