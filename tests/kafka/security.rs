//! TLS and SASL, right and wrong. Each test has a broker with such a listener.

use crate::harness::{Broker, Cluster, Exit, LONG, Listener, Need, Run, Scratch, Trail, java_tool, program, trail_dir};
use libtest_mimic::Trial;
use std::path::PathBuf;
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "security",
        &[Need::Broker],
        [
            orders_go_through_tls,
            orders_go_through_sasl_plain_and_wrong_credentials_are_refused,
            orders_go_through_scram_and_wrong_credentials_are_refused,
        ]
    )
}

fn producer(way_in: &Cluster, settings: &[String], scratch: &Scratch) -> Run {
    let run =
        program("producer", scratch).cluster(way_in).args(["--topic", "orders", "--count", "20", "--rate", "500"]);
    settings.iter().fold(run, |run, setting| run.property(setting))
}

fn tracker(way_in: &Cluster, settings: &[String], scratch: &Scratch) -> Run {
    let run = program("tracker", scratch)
        .cluster(way_in)
        .args(["--topic", "orders", "--until-end", "--dir"])
        .arg(trail_dir(scratch));
    settings.iter().fold(run, |run, setting| run.property(setting))
}

/// Twenty orders there and back.
#[track_caller]
fn works(broker: &Broker, way_in: &Cluster, settings: &[String]) {
    let scratch = Scratch::new("secure");
    let sent = producer(way_in, settings, &scratch).finish();
    sent.expect_code(0);
    assert_eq!(sent.last_line(), "sent=20 delivered=20 failed=0");
    let read = tracker(way_in, settings, &scratch).finish_within(LONG);
    read.expect_code(0);
    Trail::read(&trail_dir(&scratch)).expect_records(&broker.cluster().dump("orders"));
}

#[track_caller]
fn refused(exit: &Exit, mechanism: &str, secret: &str) {
    exit.expect_code(1).expect_message(&[mechanism]);
    assert!(!exit.stderr.contains(secret), "{}", exit.stderr);
}

fn keytool(arguments: &[&str]) {
    let output = Command::new(java_tool("keytool")).args(arguments).output().expect("keytool comes with Java");
    assert!(output.status.success(), "keytool: {}", String::from_utf8_lossy(&output.stdout));
}

/// A certificate that signs itself: the store for the broker, and the certificate for clients.
pub(crate) fn certificate(scratch: &Scratch, name: &str) -> (PathBuf, PathBuf) {
    let store = scratch.join(&format!("{name}.p12"));
    let certificate = scratch.join(&format!("{name}.pem"));
    let [store_text, certificate_text] = [&store, &certificate].map(|path| path.to_str().unwrap());
    let common = ["-alias", "broker", "-keystore", store_text, "-storepass", "only-a-test"];
    let made = ["-genkeypair", "-keyalg", "EC", "-storetype", "PKCS12", "-validity", "2"];
    let names = ["-dname", "CN=localhost", "-ext", "SAN=ip:127.0.0.1,dns:localhost"];
    keytool(&[&made[..], &names, &common].concat());
    let exported = ["-exportcert", "-rfc", "-file", certificate_text];
    keytool(&[&exported[..], &common].concat());
    (store, certificate)
}

fn orders_go_through_tls() {
    let scratch = Scratch::new("certificates");
    let (store, trusted) = certificate(&scratch, "broker");
    let (_, stranger) = certificate(&scratch, "stranger");
    let tls = Listener::new("TLS", "SSL");
    let settings = [
        format!("listener.name.tls.ssl.keystore.location={}", store.display()),
        "listener.name.tls.ssl.keystore.type=PKCS12".into(),
        "listener.name.tls.ssl.keystore.password=only-a-test".into(),
        "listener.name.tls.ssl.key.password=only-a-test".into(),
    ];
    let broker = Broker::start_with(std::slice::from_ref(&tls), &settings);
    let client = |certificate: &PathBuf| {
        ["security.protocol=SSL".to_owned(), format!("ssl.ca.location={}", certificate.display())]
    };
    works(&broker, &tls.cluster(), &client(&trusted));

    let scratch = Scratch::new("untrusted");
    let exit = producer(&tls.cluster(), &client(&stranger), &scratch).args(["--connect-timeout", "3s"]).finish();
    assert!(matches!(exit.code, Some(1 | 4)), "{exit:?}");
    exit.expect_message(&["certificate"]);
}

const SASL_SETTINGS: [&str; 3] = [
    "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256",
    concat!(
        "listener.name.sasl.plain.sasl.jaas.config=",
        "org.apache.kafka.common.security.plain.PlainLoginModule required user_alice=\"wonder-land\";"
    ),
    concat!(
        "listener.name.sasl.scram-sha-256.sasl.jaas.config=",
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
];

fn through_sasl(mechanism: &str) {
    let sasl = Listener::new("SASL", "SASL_PLAINTEXT");
    let broker = Broker::start_with(std::slice::from_ref(&sasl), &SASL_SETTINGS.map(str::to_owned));
    broker.cluster().add_user("alice", "wonder-land");
    let client = |password: &str| {
        [
            "security.protocol=SASL_PLAINTEXT".to_owned(),
            format!("sasl.mechanism={mechanism}"),
            "sasl.username=alice".to_owned(),
            format!("sasl.password={password}"),
        ]
    };
    works(&broker, &sasl.cluster(), &client("wonder-land"));

    let scratch = Scratch::new("refused");
    let wrong = client("queen-of-hearts");
    let sent = producer(&sasl.cluster(), &wrong, &scratch).finish();
    refused(&sent, mechanism, "queen-of-hearts");
    let read = tracker(&sasl.cluster(), &wrong, &scratch).finish();
    refused(&read, mechanism, "queen-of-hearts");
    // A service does not wait for ever either: nobody mends a password by waiting.
    let service = program("tracker", &scratch).cluster(&sasl.cluster()).args(["--topic", "orders", "--dir", "service"]);
    let service = wrong.iter().fold(service, |run, setting| run.property(setting));
    refused(&service.finish(), mechanism, "queen-of-hearts");
}

fn orders_go_through_sasl_plain_and_wrong_credentials_are_refused() {
    through_sasl("PLAIN");
}

fn orders_go_through_scram_and_wrong_credentials_are_refused() {
    through_sasl("SCRAM-SHA-256");
}
