//! A running service: a log, figures, an address that is asked for both, and patience with Kafka.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::context::{Context, event_of};
use super::probes::{alive, figures, readiness};
use crate::doors::health::{ServiceLog, ServiceMeters, events};
use crate::doors::kafka::{Cluster, ClusterError, Inflow, Patience, Role, connect};
use crate::doors::web::{Handler, ServeError, Server, Site};

/// Whether a service does its work. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<Option<String>>>);

impl Readiness {
    /// Why it is not ready; nothing when it is.
    pub fn trouble(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, trouble: Option<&str>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = trouble.map(str::to_owned);
    }
}

/// A running service.
pub struct Service {
    /// What it says while it runs.
    pub log: ServiceLog,
    /// Its figures.
    pub meters: Arc<ServiceMeters>,
    readiness: Readiness,
    server: Option<Server>,
}

impl Service {
    /// A service named `name` that tells of itself at `listen` (`off`: nowhere), else at `usual`, which it does
    /// without, with a warning, when it is taken.
    ///
    /// # Errors
    /// [`ServeError`] when the address that was asked for cannot be had.
    pub fn start(name: &'static str, listen: Option<&str>, usual: &str, brokers: &str) -> Result<Self, ServeError> {
        let service = Self::unheard(name);
        service.not_ready("starting");
        let server = match listen {
            Some("off") => None,
            Some(asked) => Some(Server::start(asked, service.probes())?),
            None => Server::start(usual, service.probes())
                .inspect_err(|error| service.log.write(&events::listen_taken(error)))
                .ok(),
        };
        Ok(service.started(brokers, server))
    }

    /// A service named `name` that shows a site at `address`, which it must have.
    ///
    /// # Errors
    /// [`ServeError`] when it cannot be had.
    pub fn serving(
        name: &'static str,
        address: &str,
        brokers: &str,
        site: impl FnOnce(&Arc<ServiceMeters>, &Readiness) -> Site,
    ) -> Result<Self, ServeError> {
        let service = Self::unheard(name);
        service.not_ready("starting");
        let server = Server::site(address, site(&service.meters, &service.readiness))?;
        Ok(service.started(brokers, Some(server)))
    }

    /// What a command that ends by itself has of a service: nobody hears of it but by its log.
    pub fn unheard(name: &'static str) -> Self {
        let log = ServiceLog::new(name);
        log.layer().begin();
        let meters = Arc::new(ServiceMeters::new(&name.replace('-', "_")));
        Self { log, meters, readiness: Readiness::default(), server: None }
    }

    fn probes(&self) -> Vec<(&'static str, Handler)> {
        let (meters, shown) = (Arc::clone(&self.meters), self.readiness.clone());
        let ready = readiness(move || shown.trouble());
        vec![("/metrics", figures(move || meters.text())), ("/healthz", alive()), ("/readyz", ready)]
    }

    /// The same with its server, and told.
    fn started(self, brokers: &str, server: Option<Server>) -> Self {
        let service = Self { server, ..self };
        service.log.write(&events::started(brokers, service.address(), None));
        service
    }

    /// Where it listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(Server::address)
    }

    /// Not ready, and why.
    pub fn not_ready(&self, reason: &str) {
        self.readiness.set(Some(reason));
    }

    /// Ready: it does its work.
    pub fn ready(&self) {
        self.readiness.set(None);
    }

    /// A cluster that answers, waited for as long as it takes.
    ///
    /// # Errors
    /// [`ClusterError`]: wrong settings, refused credentials, or a stop.
    pub fn connect(&self, context: &Context<'_>, roles: &[Role]) -> Result<Cluster, ClusterError> {
        context.check(roles)?;
        let brokers = &context.settings.brokers;
        Ok(connect(&context.settings, Patience::Forever, context.shutdown, |reason| {
            self.not_ready(&format!("no broker at {brokers} ({reason})"));
            self.log.write(&events::broker_wait(brokers, reason));
        })?)
    }

    /// Tells what an inlet of `topic` has learnt.
    pub fn tell(&self, topic: &str, inflow: &Inflow) {
        match inflow {
            Inflow::BrokerLost { reason } => self.not_ready(&format!("no broker ({reason})")),
            Inflow::Unreadable { partition, offset, reason } => {
                self.not_ready(&format!("{topic}/{partition} cannot be read from offset {offset} on: {reason}"));
            }
            Inflow::BrokerBack | Inflow::Readable => self.ready(),
            _ => {}
        }
        if let Some(event) = event_of(topic, inflow) {
            self.log.write(&event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_when_it_says_so_and_every_probe_is_answered() {
        let service = Service::unheard("test-service");
        service.meters.count("things", "Things").add(2);
        let asked = |path: &str| {
            let probes = service.probes();
            let (_, probe) = probes.iter().find(|(named, _)| *named == path).expect("it is served");
            let answer = probe();
            (answer.status, answer.body)
        };
        service.not_ready("starting");
        assert_eq!(asked("/readyz"), (503, "not ready: starting\n".to_owned()));
        service.tell("orders", &Inflow::BrokerBack);
        assert_eq!(asked("/readyz"), (200, "ready\n".to_owned()));
        service.tell("orders", &Inflow::BrokerLost { reason: "refused".to_owned() });
        assert_eq!(asked("/readyz"), (503, "not ready: no broker (refused)\n".to_owned()));
        assert_eq!(asked("/healthz"), (200, "alive\n".to_owned()));
        assert!(asked("/metrics").1.contains("ordertrail_test_service_things_total 2\n"));
    }
}
