//! The image and the compose files: every command in them is one that a program takes, and every port is one
//! that a command listens on.

use super::programs::{programs, why_refused};
use std::collections::BTreeSet;
use std::path::Path;
use yaml_rust2::{Yaml, YamlLoader};

/// The image of all programs, as compose calls it.
const IMAGE: &str = "ordertrail:local";

/// The text of a file of the project.
pub(crate) fn text_of(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The one document in a YAML file of the project.
pub(crate) fn yaml_of(path: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(&text_of(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(documents.len(), 1, "{path}");
    documents.remove(0)
}

/// A field, or that of what is merged into it (`<<: *anchor`).
fn field<'a>(of: &'a Yaml, name: &str) -> &'a Yaml {
    match &of[name] {
        Yaml::BadValue => match &of["<<"] {
            Yaml::BadValue => &Yaml::BadValue,
            merged => field(merged, name),
        },
        own => own,
    }
}

fn texts(list: &Yaml) -> Vec<String> {
    list.as_vec().into_iter().flatten().map(|one| one.as_str().expect("a text").to_owned()).collect()
}

/// The names of what a field holds: the keys of a map, or the texts of a list.
fn names(of: &Yaml) -> Vec<String> {
    let keys = of.as_hash().into_iter().flat_map(|map| map.keys()).map(|key| key.as_str().expect("a name").to_owned());
    keys.chain(texts(of)).collect()
}

/// What is wrong with a compose file.
fn complaints(compose: &Yaml) -> Vec<String> {
    let mut all = Vec::new();
    let services = names(&compose["services"]);
    let volumes = names(&compose["volumes"]);
    for name in &services {
        let service = &compose["services"][name.as_str()];
        for needed in names(field(service, "depends_on")) {
            if !services.contains(&needed) {
                all.push(format!("{name} waits for {needed}, which is no service"));
            }
        }
        for volume in texts(field(service, "volumes")) {
            let source = volume.split(':').next().unwrap_or_default().to_owned();
            let is_there = if source.starts_with("./") {
                Path::new(env!("CARGO_MANIFEST_DIR")).join(&source).exists()
            } else {
                volumes.contains(&source)
            };
            if !is_there {
                all.push(format!("{name} mounts {source}, which is not there"));
            }
        }
        for port in texts(field(service, "ports")) {
            if !port.starts_with("127.0.0.1:") {
                all.push(format!("{name} publishes {port}, and not on the loopback address"));
            }
        }
        if field(service, "image").as_str() == Some(IMAGE) {
            all.extend(about_program(name, service));
        }
    }
    all
}

/// What is wrong with a service that runs a program of ours.
fn about_program(name: &str, service: &Yaml) -> Vec<String> {
    let mut all = Vec::new();
    if names(field(service, "profiles")).is_empty() {
        all.push(format!("{name} has no profile: a plain `up` would start it"));
    }
    if field(service, "restart").as_str().is_some_and(|when| when == "on-failure" || when == "always") {
        all.push(format!("{name} is started again without end, also when no start can mend it"));
    }
    let mut command = texts(field(service, "entrypoint"));
    command.extend(texts(field(service, "command")));
    if let Some(why) = why_refused(&command) {
        return vec![format!("{name}: {why}")];
    }
    let port = port_of(&command);
    let published = texts(field(service, "ports"));
    let inside: BTreeSet<&str> = published.iter().filter_map(|port| port.rsplit(':').next()).collect();
    if !published.is_empty() && !command.iter().any(|word| word == "--host") {
        all.push(format!("{name} is published, and answers to any name: pages of strangers could read it (--host)"));
    }
    let health = texts(field(field(service, "healthcheck"), "test"));
    let asked = health.get(2).map(String::as_str);
    for (what, other) in inside.into_iter().map(|port| ("publishes", port)).chain(asked.map(|port| ("asks", port))) {
        if Some(other) != port.as_deref() {
            all.push(format!("{name} {what} port {other}, and the program listens on {port:?}"));
        }
    }
    all
}

/// The port that a command line listens on: the one that it says, or else the one that the service has by itself.
fn port_of(command: &[String]) -> Option<String> {
    let said = command.iter().position(|word| word == "--listen").and_then(|place| command.get(place + 1));
    if let Some((_, port)) = said.and_then(|address| address.rsplit_once(':')) {
        return Some(port.to_owned());
    }
    let own = match command.get(1).map(String::as_str) {
        Some("wagon-lits") => "3002",
        Some("dev-materiels") => "3001",
        _ => return None,
    };
    Some(own.to_owned())
}

#[test]
fn compose_starts_what_there_is() {
    for file in ["docker-compose.yaml", "docker-compose.ha.yaml"] {
        let all = complaints(&yaml_of(file));
        assert!(all.is_empty(), "{file}:\n{}\n", all.join("\n"));
    }
}

#[test]
fn every_program_has_a_service() {
    let compose = yaml_of("docker-compose.yaml");
    let services = names(&compose["services"]);
    let ours = services.iter().map(|name| &compose["services"][name.as_str()]);
    let ours = ours.filter(|service| field(service, "image").as_str() == Some(IMAGE));
    let run: BTreeSet<String> = ours
        .filter_map(|service| {
            let words = [texts(field(service, "entrypoint")), texts(field(service, "command"))].concat();
            words.first().cloned()
        })
        .collect();
    let all: BTreeSet<String> = programs().iter().map(|program| program.get_name().to_owned()).collect();
    assert_eq!(run, all);
}

#[test]
fn a_plain_up_starts_the_broker_alone() {
    let compose = yaml_of("docker-compose.yaml");
    let services = names(&compose["services"]);
    let plain = services.into_iter().filter(|name| names(&compose["services"][name.as_str()]["profiles"]).is_empty());
    assert_eq!(plain.collect::<Vec<_>>(), ["kafka"]);
}

#[test]
fn what_compose_may_not_say_is_noticed() {
    let about = |service: &str| {
        let text = format!("services:\n  a:\n    image: {IMAGE}\n    profiles: [x]\n{service}\nvolumes:\n  data:\n");
        complaints(&YamlLoader::load_from_str(&text).expect("YAML")[0]).join("; ")
    };
    let fine = "    command: [tracker, --listen, \"0.0.0.0:9464\"]\n    volumes: [\"data:/data\"]";
    assert_eq!(about(fine), "");
    for (service, what) in [
        ("    command: [tracker, --lissten, x]", "--lissten"),
        ("    command: [producer]\n    restart: on-failure", "without end"),
        ("    command: [producer]\n    depends_on: [b]", "no service"),
        ("    command: [producer]\n    volumes: [\"other:/data\"]", "not there"),
        ("    command: [producer]\n    ports: [\"9464:9464\"]", "loopback"),
        ("    command: [tracker, --listen, \"0.0.0.0:9464\"]\n    ports: [\"127.0.0.1:1:9465\"]", "9465"),
        ("    command: [tracker, --listen, \"0.0.0.0:1\"]\n    ports: [\"127.0.0.1:1:1\"]", "--host"),
        ("    command: [supply, wagon-lits]\n    healthcheck: {test: [CMD, healthy, \"3001\", /]}", "asks port 3001"),
    ] {
        assert!(about(service).contains(what), "{service}: {}", about(service));
    }
}

/// The words behind `CMD` in a line of the Dockerfile, written as JSON.
fn words_behind(marker: &str, line: &str) -> Option<Vec<String>> {
    let (_, list) = line.split_once(marker)?;
    serde_json::from_str(list.trim()).ok()
}

#[test]
fn the_image_holds_and_runs_what_there_is() {
    let dockerfile = text_of("Dockerfile");
    let looped = dockerfile.split_once("for program in ").and_then(|(_, rest)| rest.split_once(';')).expect("a loop").0;
    let copied: Vec<&str> = looped.split(' ').collect();
    assert_eq!(copied, programs().iter().map(clap::Command::get_name).collect::<Vec<_>>());

    let command = dockerfile.lines().find_map(|line| words_behind("CMD ", line).filter(|_| line.starts_with("CMD")));
    let command = command.expect("it runs something");
    assert_eq!(why_refused(&command), None);
    let health = dockerfile.lines().find(|line| line.starts_with("HEALTHCHECK")).expect("it says how it is");
    let health = words_behind("CMD ", health).expect("a list");
    assert_eq!(health.get(1), port_of(&command).as_ref());
    assert_eq!(health.get(2).map(String::as_str), Some("/healthz"), "one that waits for its broker is not replaced");

    // Cargo.toml names files that the layer of dependencies has to make up.
    let manifest = text_of("Cargo.toml");
    for target in ["tests/kafka/main.rs", "benches/line.rs"] {
        assert!(dockerfile.contains(target) && Path::new(env!("CARGO_MANIFEST_DIR")).join(target).exists(), "{target}");
    }
    assert_eq!(manifest.matches("[[test]]").count() + manifest.matches("[[bench]]").count(), 2, "see the Dockerfile");
}
