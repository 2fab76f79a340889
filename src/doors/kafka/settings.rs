//! From checked settings to a librdkafka configuration.
//!
//! librdkafka itself says which properties exist and which values they take, so the list is never
//! out of date; what this room adds is the suggestion, and the refusal of properties on which a
//! program's guarantees rest.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use thiserror::Error;

use super::raw;
use crate::tools::config::{ClientSettings, Property};

/// What a client is for; decides its defaults and which properties are not for users to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Asks for metadata and makes topics.
    Admin,
    /// Reads a topic from positions that the caller keeps.
    Consumer,
    /// Sends, idempotently.
    Producer,
    /// Sends in transactions.
    Transactions,
}

/// Why a property was refused. The program ends with exit code 2. Values are never shown.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PropertyError {
    /// librdkafka has no such property.
    #[error("unknown property `{name}` ({origin}){}", suggestion.as_ref().map(|near| format!(": did you mean `{near}`?")).unwrap_or_else(|| ": librdkafka's CONFIGURATION.md lists them all".to_owned()))]
    Unknown {
        /// As it was typed.
        name: String,
        /// Where it was given.
        origin: String,
        /// The nearest one that exists.
        suggestion: Option<String>,
    },
    /// The property exists but not with this value.
    #[error("property `{name}` ({origin}) does not take this value: {reason}")]
    Value {
        /// The property.
        name: String,
        /// Where it was given.
        origin: String,
        /// What librdkafka said.
        reason: String,
    },
    /// A guarantee rests on it.
    #[error("property `{name}` ({origin}) is not for users to set: {reason}")]
    Reserved {
        /// The property.
        name: String,
        /// Where it was given.
        origin: String,
        /// Which flag to use instead, or what rests on it.
        reason: &'static str,
    },
    /// The properties do not fit together.
    #[error("the Kafka properties do not fit together: {reason}")]
    Combination {
        /// What librdkafka said.
        reason: String,
    },
}

const SENDERS: &[Role] = &[Role::Producer, Role::Transactions];

/// Properties that no user may set, by role, with the reason.
const RESERVED: &[(&str, &[Role], &str)] = &[
    (
        "group.id",
        &[Role::Consumer, Role::Producer, Role::Transactions, Role::Admin],
        "the group is named by --group, where there is one",
    ),
    ("group.instance.id", &[Role::Consumer], "the position is kept in the trail, not by the group"),
    ("enable.auto.commit", &[Role::Consumer], "offsets are published only after the line is on disk"),
    ("enable.auto.offset.store", &[Role::Consumer], "offsets are published only after the line is on disk"),
    ("auto.offset.reset", &[Role::Consumer], "an offset that is gone must be told as a gap, not skipped"),
    ("isolation.level", &[Role::Consumer], "the trail holds what was committed, and only that"),
    ("enable.partition.eof", &[Role::Consumer], "the drain is found by it"),
    ("check.crcs", &[Role::Consumer], "what arrives damaged must not be recorded"),
    ("statistics.interval.ms", &[Role::Consumer], "lag and the state of the brokers are read from it"),
    ("acks", SENDERS, "every order is acknowledged by all in-sync replicas"),
    ("request.required.acks", SENDERS, "every order is acknowledged by all in-sync replicas"),
    ("enable.idempotence", SENDERS, "without it a retry could send an order twice"),
    ("transactional.id", SENDERS, "it is derived from the slot of an exactly-once producer"),
    ("message.timeout.ms", SENDERS, "an order is never given up; use --flush-timeout for the end"),
    ("delivery.timeout.ms", SENDERS, "an order is never given up; use --flush-timeout for the end"),
    ("delivery.report.only.error", SENDERS, "every delivery report is heard"),
];

/// What librdkafka's own dump leaves out: properties without a default value, and aliases.
const NOT_DUMPED: &[&str] = &[
    "bootstrap.servers",
    "sasl.username",
    "sasl.password",
    "sasl.mechanisms",
    "sasl.mechanism",
    "security.protocol",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.cipher.suites",
    "client.rack",
    "acks",
    "linger.ms",
    "retries",
    "max.in.flight",
    "compression.type",
    "delivery.timeout.ms",
    "partition.assignment.strategy",
    "plugin.library.paths",
    "debug",
];

/// Defaults for whoever sends.
const SENDER_DEFAULTS: &[(&str, &str)] = &[
    // The partitioner of the Java client: a key has one partition whoever writes it.
    ("partitioner", "murmur2_random"),
    ("linger.ms", "2"),
    // A third of the bytes of a JSON order, for less CPU than sending and storing the rest.
    ("compression.type", "lz4"),
    // The broker judges what is too large, not a default of the client's (1 MB).
    ("message.max.bytes", "1000000000"),
    // The bound of what waits where nobody counts bytes; one record may still be as large as this.
    ("queue.buffering.max.messages", "20000"),
    ("queue.buffering.max.kbytes", "262144"),
    // After an outage: the default knocks again only every ten seconds.
    ("reconnect.backoff.max.ms", "1000"),
];

/// How long a batch waits to be filled when more is there than can be sent at once. It is full sooner then;
/// but as long as its oldest record has waited for less, librdkafka sleeps until the answer to the batch before
/// instead of asking the socket for it again and again. Longer than what waits before a sender has to takes to be
/// sent, also while the broker is slow: asking would take the processor from a broker on the same machine.
const BULK_LINGER_MS: &str = "100";

/// The properties that say how long a batch waits to be filled: one and the same.
const LINGER: [&str; 2] = ["linger.ms", "queue.buffering.max.ms"];

/// The properties that say how much may wait to be sent.
const DEPTH: [&str; 2] = ["queue.buffering.max.messages", "queue.buffering.max.kbytes"];

/// Lets the batches of a producer wait for more, unless the user said how long.
pub(super) fn linger_for_bulk(config: &mut ClientConfig, settings: &ClientSettings) {
    if !LINGER.iter().any(|name| settings.properties.contains_key(*name)) {
        config.set(LINGER[0], BULK_LINGER_MS);
    }
}

/// Whether the user said how much may wait to be sent.
pub(super) fn has_depth(settings: &ClientSettings) -> bool {
    DEPTH.iter().any(|name| settings.properties.contains_key(*name))
}

/// Defaults of ours, by role; a user's property wins over them.
fn defaults(role: Role) -> &'static [(&'static str, &'static str)] {
    match role {
        Role::Admin => &[],
        Role::Consumer => &[
            // Once the local queue is full the fetcher sleeps this long; the default of a second
            // makes a drain three times slower.
            ("fetch.queue.backoff.ms", "5"),
            // Bounds the memory of a backlog: the queue, not the topic, decides.
            ("queued.max.messages.kbytes", "16384"),
            ("queued.min.messages", "20000"),
            ("fetch.wait.max.ms", "100"),
            // One answer of the broker, for all partitions; unpacked it is many times as large. Without
            // it twelve partitions take twice the memory of one.
            ("fetch.max.bytes", "2000000"),
            // A message may be as large as the broker lets it be.
            ("receive.message.max.bytes", "2147483647"),
        ],
        Role::Producer => SENDER_DEFAULTS,
        Role::Transactions => &[
            // What the first request of a transaction waits when the end of the one before is still
            // being written; the default of 100 ms is most of a commit.
            ("retry.backoff.ms", "5"),
            ("retry.backoff.max.ms", "100"),
            // How long readers may be held up by a producer that died. Also bounds how long a record
            // may take before its transaction is sent again.
            ("transaction.timeout.ms", "10000"),
        ],
    }
}

/// What holds whatever the user says.
fn fixed(role: Role) -> &'static [(&'static str, &'static str)] {
    match role {
        Role::Admin => &[],
        Role::Consumer => &[
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "error"),
            ("isolation.level", "read_committed"),
            ("enable.partition.eof", "true"),
            ("statistics.interval.ms", "1000"),
            ("check.crcs", "true"),
        ],
        Role::Producer => &[("enable.idempotence", "true"), ("acks", "all"), ("message.timeout.ms", "0")],
        Role::Transactions => &[("enable.idempotence", "true"), ("acks", "all")],
    }
}

/// Refuses settings that a client of `role` could not be made with, before any waiting begins.
///
/// # Errors
/// [`PropertyError`] for a property that is unknown, reserved or has a bad value.
pub fn check(settings: &ClientSettings, role: Role) -> Result<(), PropertyError> {
    client_config(settings, role).map(drop)
}

/// The librdkafka configuration for `role`.
///
/// # Errors
/// [`PropertyError`] for a property that is unknown, reserved or has a bad value.
pub(super) fn client_config(settings: &ClientSettings, role: Role) -> Result<ClientConfig, PropertyError> {
    raw::memory::settle();
    let mut config = ClientConfig::new();
    let common: &[_] = if role == Role::Transactions { SENDER_DEFAULTS } else { &[] };
    for &(name, value) in common.iter().chain(defaults(role)) {
        config.set(name, value);
    }
    config.set("client.id", "ordertrail");
    // A missing topic is made on purpose, with the asked shape, never by asking for it.
    if !SENDERS.contains(&role) {
        config.set("allow.auto.create.topics", "false");
    }
    if is_encrypted(&settings.properties) {
        // OpenSSL is built in, so it does not know where this system keeps its certificates.
        config.set("ssl.ca.location", "probe");
    }
    for (name, property) in &settings.properties {
        check_one(name, property, role)?;
        config.set(name, &property.value);
    }
    config.set("bootstrap.servers", &settings.brokers);
    for (name, value) in fixed(role) {
        config.set(*name, *value);
    }
    config.create_native_config().map_err(|error| PropertyError::Combination { reason: error.to_string() })?;
    Ok(config)
}

fn is_encrypted(properties: &BTreeMap<String, Property>) -> bool {
    let encrypted =
        properties.get("security.protocol").is_some_and(|property| property.value.to_ascii_lowercase().contains("ssl"));
    let own_authority = properties.keys().any(|name| name.starts_with("ssl.ca."));
    encrypted && !own_authority
}

fn check_one(name: &str, Property { value, origin }: &Property, role: Role) -> Result<(), PropertyError> {
    if let Some((_, _, reason)) =
        RESERVED.iter().find(|(reserved, roles, _)| *reserved == name && roles.contains(&role))
    {
        return Err(PropertyError::Reserved { name: name.to_owned(), origin: origin.clone(), reason });
    }
    let mut alone = ClientConfig::new();
    alone.set(name, value);
    let Err(error) = alone.create_native_config() else { return Ok(()) };
    let KafkaError::ClientConfig(code, reason, ..) = &error else {
        return Err(PropertyError::Combination { reason: error.to_string() });
    };
    if *code == raw::UNKNOWN_PROPERTY {
        return Err(PropertyError::Unknown {
            name: name.to_owned(),
            origin: origin.clone(),
            suggestion: nearest(name),
        });
    }
    // librdkafka repeats the value in its reason; a password would end up on the screen.
    let reason = if value.is_empty() { reason.clone() } else { reason.replace(value, "…") };
    Err(PropertyError::Value { name: name.to_owned(), origin: origin.clone(), reason })
}

fn nearest(name: &str) -> Option<String> {
    raw::known_properties()
        .into_iter()
        .chain(NOT_DUMPED.iter().map(|&known| known.to_owned()))
        .map(|known: String| (strsim::normalized_damerau_levenshtein(name, &known), known))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)], role: Role) -> Result<ClientConfig, PropertyError> {
        let property = |value: &str| Property { value: value.to_owned(), origin: "-X".to_owned() };
        let properties = pairs.iter().map(|&(name, value)| (name.to_owned(), property(value))).collect();
        client_config(&ClientSettings { brokers: "localhost:1".into(), properties }, role)
    }

    #[test]
    fn an_unknown_property_is_refused_with_the_nearest_one() {
        let error = config(&[("securty.protocol", "SSL")], Role::Producer).expect_err("unknown");
        assert_eq!(error.to_string(), "unknown property `securty.protocol` (-X): did you mean `security.protocol`?");
        let error = config(&[("sasl.pasword", "x")], Role::Consumer).expect_err("unknown");
        assert!(error.to_string().contains("`sasl.password`"), "{error}");
        let error = config(&[("zzz", "1")], Role::Consumer).expect_err("unknown");
        assert!(error.to_string().contains("CONFIGURATION.md"), "{error}");
    }

    #[test]
    fn a_bad_value_is_refused_without_showing_it() {
        let error = config(&[("security.protocol", "hunter2")], Role::Producer).expect_err("no such protocol");
        assert!(matches!(error, PropertyError::Value { .. }), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn what_a_guarantee_rests_on_is_not_for_users() {
        for (name, role) in
            [("enable.auto.commit", Role::Consumer), ("acks", Role::Producer), ("group.id", Role::Producer)]
        {
            let error = config(&[(name, "true")], role).expect_err("reserved");
            assert!(matches!(error, PropertyError::Reserved { .. }), "{error}");
        }
        assert!(config(&[("acks", "all")], Role::Consumer).is_ok(), "it only matters where it is used");
    }

    #[test]
    fn a_users_property_wins_over_a_default_but_not_over_what_is_fixed() {
        let config = config(&[("linger.ms", "50"), ("client.id", "mine")], Role::Producer).expect("good");
        assert_eq!(config.get("linger.ms"), Some("50"));
        assert_eq!(config.get("client.id"), Some("mine"));
        assert_eq!(config.get("partitioner"), Some("murmur2_random"));
        assert_eq!(config.get("enable.idempotence"), Some("true"));
    }

    #[test]
    fn every_default_exists() {
        for role in [Role::Admin, Role::Consumer, Role::Producer, Role::Transactions] {
            config(&[], role).expect("our own defaults are good");
        }
    }
}
