//! Waiting for a broker that really answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use thiserror::Error;

use super::cluster::Cluster;
use super::settings::{PropertyError, Role, client_config};
use crate::tools::config::ClientSettings;
use crate::tools::shutdown::Shutdown;

/// How long one question to the brokers may take before the reason for the silence is looked at.
const ATTEMPT: Duration = Duration::from_millis(500);

/// How long the reason for a silence may take to come after it.
const EXPLAINING: Duration = Duration::from_millis(10);

/// How many reasons for one wait are told: some hold a port or an address that is another one each time.
const REASONS: usize = 8;

/// Which reasons were told. Brokers that cannot be reached in different ways give theirs in turn, for ever.
#[derive(Debug, Default)]
struct Told(Vec<String>);

impl Told {
    /// Whether to tell this one.
    fn is_new(&mut self, reason: &str) -> bool {
        let is_new = self.0.len() < REASONS && !self.0.iter().any(|told| told == reason);
        if is_new {
            self.0.push(reason.to_owned());
        }
        is_new
    }

    fn last(&self) -> Option<&String> {
        self.0.last()
    }
}

/// How long to wait for a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Give up after this long: one-shot commands.
    UpTo(Duration),
    /// Wait for ever, and say so: services.
    Forever,
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// A property is wrong: exit code 2.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// Nothing answered in time: exit code 4.
    #[error("no broker at {brokers} ({reason}): run ./start.sh, or pass --brokers")]
    NoBroker {
        /// Who was asked.
        brokers: String,
        /// The last thing that the client heard.
        reason: String,
    },
    /// A broker answered and refused who we are: exit code 1.
    #[error(
        "{brokers} refused the {mechanism} credentials ({reason}): check sasl.username, sasl.password and sasl.mechanisms"
    )]
    Refused {
        /// Who refused.
        brokers: String,
        /// PLAIN, SCRAM-SHA-256, …
        mechanism: String,
        /// What the broker said.
        reason: String,
    },
    /// The TLS handshake failed for good: exit code 1.
    #[error(
        "no TLS connection to {brokers} ({reason}): check security.protocol, ssl.ca.location and the broker's certificate"
    )]
    Tls {
        /// Who was asked.
        brokers: String,
        /// What OpenSSL said.
        reason: String,
    },
    /// A stop was asked for while waiting.
    #[error("stopped while waiting for {brokers}")]
    Stopped {
        /// Who was waited for.
        brokers: String,
    },
}

/// What the client has heard from its brokers since it was last asked.
#[derive(Debug, Default)]
pub(super) struct Heard {
    reason: Option<String>,
    refused: Option<String>,
    tls: Option<String>,
}

/// Listens to a client's errors; its log lines go to `tracing`.
#[derive(Clone, Debug, Default)]
pub(super) struct Listener {
    heard: Arc<Mutex<Heard>>,
}

impl Listener {
    fn take(&self) -> Heard {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientContext for Listener {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::Authentication) => heard.refused = Some(tidy(reason)),
            Some(RDKafkaErrorCode::SSL) if is_final_tls(reason) => heard.tls = Some(tidy(reason)),
            // "1/1 brokers are down" says less than the reason that comes before it, which may have been
            // told already.
            Some(RDKafkaErrorCode::AllBrokersDown) => {}
            _ => heard.reason = Some(tidy(reason)),
        }
    }
}

impl ConsumerContext for Listener {}

/// Waits until a broker answers a metadata request. `waiting` is told each reason for the wait once.
///
/// # Errors
/// See [`ConnectError`]; wrong credentials end the wait at once, whatever the patience.
pub fn connect(
    settings: &ClientSettings,
    patience: Patience,
    shutdown: &Shutdown,
    mut waiting: impl FnMut(&str),
) -> Result<Cluster, ConnectError> {
    let listener = Listener::default();
    let client: BaseConsumer<Listener> = client_config(settings, Role::Admin)?
        .create_with_context(listener.clone())
        .map_err(|error| creation(&error))?;
    let brokers = settings.brokers.clone();
    let started = Instant::now();
    let mut told = Told::default();
    loop {
        if shutdown.is_requested() {
            return Err(ConnectError::Stopped { brokers });
        }
        let attempt = Instant::now();
        let answer = client.fetch_metadata(None, ATTEMPT);
        if answer.is_ok_and(|metadata| !metadata.brokers().is_empty()) {
            // What was heard on the way explains nothing any more: nobody waits for it.
            return Ok(Cluster::new(client, settings.clone()));
        }
        serve_events(&client, EXPLAINING);
        let heard = listener.take();
        if let Some(reason) = heard.refused {
            let mechanism = mechanism(settings);
            return Err(ConnectError::Refused { brokers, mechanism, reason });
        }
        if let Some(reason) = heard.tls {
            return Err(ConnectError::Tls { brokers, reason });
        }
        let reason = heard.reason.or_else(|| told.last().cloned()).unwrap_or_else(|| "no answer".to_owned());
        if let Patience::UpTo(limit) = patience
            && started.elapsed() >= limit
        {
            return Err(ConnectError::NoBroker { brokers, reason });
        }
        if told.is_new(&reason) {
            waiting(&reason);
        }
        // A refused connection fails at once; do not spin.
        shutdown.wait_timeout(ATTEMPT.saturating_sub(attempt.elapsed()).min(Duration::from_millis(100)));
    }
}

/// Hands what waits in the client's queue to its listener, and what comes within `wait`. That may not be zero: the
/// crate's poll then ends at the first log line.
pub(super) fn serve_events(client: &BaseConsumer<Listener>, wait: Duration) {
    while client.poll(wait).is_some() {}
}

/// A client that cannot be made has properties that do not fit together: a user name without a
/// password, a key file that is not there.
pub(super) fn creation(error: &KafkaError) -> PropertyError {
    let reason = match error {
        KafkaError::ClientCreation(reason) => reason.clone(),
        other => other.to_string(),
    };
    PropertyError::Combination { reason }
}

fn mechanism(settings: &ClientSettings) -> String {
    let named = settings.properties.get("sasl.mechanisms").or_else(|| settings.properties.get("sasl.mechanism"));
    named.map_or_else(|| "GSSAPI".to_owned(), |property| property.value.clone())
}

/// A certificate that does not verify will not verify later; a dropped connection may come back.
fn is_final_tls(reason: &str) -> bool {
    ["certificate", "verify", "unknown ca", "bad certificate", "handshake failure"]
        .iter()
        .any(|sign| reason.to_ascii_lowercase().contains(sign))
}

/// Cuts librdkafka's addresses and states away: "localhost:9092/bootstrap: Connect to
/// ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)" is, for a person,
/// "connection refused".
pub(super) fn tidy(reason: &str) -> String {
    let reason = reason.split(" (after ").next().unwrap_or(reason);
    let reason = reason.split_once(" failed: ").map_or(reason, |(_, rest)| rest);
    let reason = match reason.split_once("/bootstrap: ") {
        Some((_, rest)) => rest,
        None => reason,
    };
    let mut characters = reason.trim().chars();
    let lower = match characters.next() {
        // An acronym keeps its capitals.
        Some(first) if !characters.as_str().starts_with(|next: char| next.is_uppercase()) => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => reason.trim().to_owned(),
    };
    lower.chars().map(|character| if character.is_control() { ' ' } else { character }).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_as_a_person_would() {
        let long = "localhost:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)";
        assert_eq!(tidy(long), "connection refused");
        assert_eq!(
            tidy("x:1/bootstrap: Failed to resolve 'x:1': Name or service not known"),
            "failed to resolve 'x:1': Name or service not known"
        );
        assert_eq!(tidy("SASL authentication error: bad\npassword"), "SASL authentication error: bad password");
    }

    #[test]
    fn brokers_that_fail_in_turn_are_told_once_each() {
        let mut told = Told::default();
        let mut heard = Vec::new();
        for round in 0..100 {
            for reason in ["connection refused", "failed to resolve 'nohost:9092'", "timed out"] {
                if told.is_new(reason) {
                    heard.push((round, reason));
                }
            }
        }
        assert_eq!(heard.iter().map(|(round, _)| *round).collect::<Vec<_>>(), [0, 0, 0]);
        assert_eq!((0..1_000).filter(|port| told.is_new(&format!("refused at {port}"))).count(), REASONS - 3);
    }

    #[test]
    fn a_one_shot_command_gives_up_and_names_the_next_step() {
        // Port 1 on loopback: nothing listens there.
        let settings = ClientSettings { brokers: "127.0.0.1:1".into(), properties: Default::default() };
        let patience = Patience::UpTo(Duration::from_millis(300));
        let error = connect(&settings, patience, &Shutdown::new(), |_| {}).err().expect("nobody answers");
        assert_eq!(
            error.to_string(),
            "no broker at 127.0.0.1:1 (connection refused): run ./start.sh, or pass --brokers"
        );
    }

    #[test]
    fn waiting_for_ever_ends_when_a_stop_is_asked_for() {
        let settings = ClientSettings { brokers: "127.0.0.1:1".into(), properties: Default::default() };
        let shutdown = Shutdown::new();
        let stop = shutdown.clone();
        let mut reasons = Vec::new();
        let error = connect(&settings, Patience::Forever, &shutdown, |reason| {
            reasons.push(reason.to_owned());
            stop.request();
        });
        assert!(matches!(error, Err(ConnectError::Stopped { .. })));
        assert_eq!(reasons, ["connection refused"], "told once");
    }
}
