//! The units for systemd: what they start is what the programs take, no start is tried again where it cannot
//! help, and all of them are locked in alike.

use super::containers::text_of;
use super::programs::why_refused;
use ordertrail::tools::exit::Exit;
use std::collections::BTreeMap;
use std::path::Path;

/// Each unit, and what its `%i` may be.
const UNITS: [(&str, &[&str]); 5] = [
    ("ordertrail-tracker.service", &[""]),
    ("ordertrail-producer.service", &[""]),
    ("ordertrail-techshop@.service", &["process", "analytics", "notify", "errors", "dashboard"]),
    ("ordertrail-supply@.service", &["wagon-lits", "dev-materiels"]),
    ("ordertrail-travel.service", &[""]),
];

/// Where the part begins that all units have.
const COMMON: &str = "# What follows is the same in all units";

/// The assignments of a unit, in their order; one name may stand several times.
fn assignments(unit: &str) -> Vec<(&str, &str)> {
    unit.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect()
}

fn values<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    assignments(unit).into_iter().filter(|(own, _)| *own == name).map(|(_, value)| value).collect()
}

/// What is wrong with a unit of which one instance is called `instance`.
fn complaints(unit: &str, instance: &str) -> Vec<String> {
    let mut all = Vec::new();
    let started = values(unit, "ExecStart");
    let [start] = started[..] else { return vec!["it does not start one thing".to_owned()] };
    let words: Vec<String> =
        start.split(' ').map(|word| word.replace("%i", instance).replace("%S", "/var/lib")).collect();
    all.extend(why_refused(&words));
    let kept: Vec<u8> = values(unit, "RestartPreventExitStatus")
        .iter()
        .flat_map(|codes| codes.split(' '))
        .flat_map(str::parse)
        .collect();
    if !kept.contains(&Exit::Usage.code()) {
        all.push("a wrong flag would be tried again for ever".to_owned());
    }
    let is_tracker = words[0].ends_with("/tracker");
    if is_tracker && ![Exit::DataAltered, Exit::DiskFailed].iter().all(|exit| kept.contains(&exit.code())) {
        all.push("a trail that is damaged would be started on again".to_owned());
    }
    for (folder, name) in [("StateDirectory", ""), ("WorkingDirectory", "%S/")] {
        let state = values(unit, "StateDirectory").first().copied().unwrap_or_default();
        if values(unit, folder) != [format!("{name}{state}")] || !state.starts_with("ordertrail/") {
            all.push(format!("{folder} is not its folder below ordertrail"));
        }
    }
    // Else each service that reads what strangers send could read the key that signs the trail.
    let user = if is_tracker { "ordertrail-tracker" } else { "ordertrail" };
    for (name, value) in [
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("User", user),
        ("Group", "ordertrail"),
        ("KillSignal", "SIGTERM"),
    ] {
        if values(unit, name) != [value] {
            all.push(format!("{name} is not {value}"));
        }
    }
    all
}

#[test]
fn the_units_start_what_there_is() {
    let mut all = Vec::new();
    for (file, instances) in UNITS {
        let unit = text_of(&format!("deploy/systemd/{file}"));
        for instance in instances {
            all.extend(complaints(&unit, instance).iter().map(|what| format!("{file} {instance}: {what}")));
        }
    }
    assert!(all.is_empty(), "\n{}\n", all.join("\n"));
}

/// The tracker ran as the user of all other services, each of which could read its key.
#[test]
fn the_tracker_has_a_user_of_its_own_who_is_made() {
    let users = |file: &str| values(&text_of(&format!("deploy/systemd/{file}")), "User").join(" ");
    let made = text_of("deploy/systemd/ordertrail.sysusers");
    for (file, _) in UNITS {
        let user = users(file);
        assert_eq!(user == "ordertrail-tracker", file == "ordertrail-tracker.service", "{file} runs as {user}");
        assert!(made.contains(&format!("\nu {user} - ")), "{user} is made");
    }
    assert!(made.contains("\nm ordertrail-tracker ordertrail"), "who is in the group may read the trail");
}

#[test]
fn no_unit_is_forgotten_and_all_are_locked_in_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = names.filter(|name| name.ends_with(".service")).collect();
    found.sort();
    let mut known = UNITS.map(|(file, _)| file.to_owned());
    known.sort();
    assert_eq!(found, known);

    let mut by_part: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in found {
        let unit = text_of(&format!("deploy/systemd/{file}"));
        let (_, part) = unit.split_once(COMMON).expect("a part that all have");
        by_part.entry(part.to_owned()).or_default().push(file);
    }
    assert_eq!(by_part.len(), 1, "these differ: {:?}", by_part.values());
}

#[test]
fn what_a_unit_may_not_say_is_noticed() {
    let fine = text_of("deploy/systemd/ordertrail-tracker.service");
    assert_eq!(complaints(&fine, ""), Vec::<String>::new());
    for (line, instead, what) in [
        ("--listen 127.0.0.1:9464", "--lissten 127.0.0.1:9464", "--lissten"),
        ("RestartPreventExitStatus=2 65 74", "RestartPreventExitStatus=2 74", "damaged"),
        ("RestartPreventExitStatus=2 65 74", "RestartPreventExitStatus=1 65 74", "wrong flag"),
        ("ProtectSystem=strict", "ProtectSystem=full", "ProtectSystem"),
        ("User=ordertrail-tracker", "User=ordertrail", "User is not ordertrail-tracker"),
        ("WorkingDirectory=%S/ordertrail/tracker", "WorkingDirectory=%S", "its folder"),
        ("ExecStart=", "ExecStartPre=", "one thing"),
    ] {
        assert!(fine.contains(line), "{line}");
        let said = complaints(&fine.replace(line, instead), "").join("; ");
        assert!(said.contains(what), "{instead}: {said}");
    }
}

/// A line of the trail that anybody but the tracker cuts is damage.
#[test]
fn what_rotates_the_log_leaves_the_trail_alone() {
    let rules = text_of("deploy/logrotate/ordertrail");
    let rules: Vec<&str> = rules.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
    let files: Vec<&str> = rules.iter().filter_map(|line| line.strip_suffix(" {")).collect();
    assert_eq!(files, ["/var/lib/ordertrail/tracker/tracker.log"], "the unit's folder");
    assert!(rules.contains(&"copytruncate"), "the tracker keeps its file open");
}
