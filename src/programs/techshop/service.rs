//! What every service of the shop has: a log, figures, `--listen`, and patience with Kafka.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;

use super::names::Kind;
use super::{Shop, TechshopError};
use crate::doors::health::{ServiceEvent, ServiceLog, ServiceMeters, events};
use crate::doors::kafka::{Cluster, Inflow, Patience, Role, TopicError, TopicInfo, connect};
use crate::doors::web::{Answer, Handler, Server, Site};

/// Where a service tells of itself.
#[derive(Args, Clone, Debug)]
pub(crate) struct ListenArgs {
    /// Address of /metrics, /healthz and /readyz, or off [default: 127.0.0.1:6067 process, 6068 analytics, 6069
    /// notify, 6070 errors]
    #[arg(long, value_name = "ADDR|off")]
    listen: Option<String>,
}

/// Why a service is not ready; nothing when it is.
pub(crate) type Trouble = Arc<Mutex<Option<String>>>;

/// A running service.
pub(crate) struct Service {
    /// What it says while it runs.
    pub(crate) log: ServiceLog,
    /// Its figures.
    pub(crate) meters: Arc<ServiceMeters>,
    trouble: Trouble,
    server: Option<Server>,
}

impl Service {
    /// A service named `techshop-<name>`, which tells of itself at `listen`, else at `address`.
    ///
    /// # Errors
    /// [`TechshopError::Listen`] when the address that was asked for cannot be had. One that is only the
    /// default is done without, with a warning.
    pub(crate) fn start(
        name: &'static str,
        listen: &ListenArgs,
        address: &str,
        shop: &Shop<'_>,
    ) -> Result<Self, TechshopError> {
        let service = Self::unheard(name);
        service.not_ready("starting");
        let routes = || routes(&service.meters, &service.trouble);
        let server = match listen.listen.as_deref() {
            Some("off") => None,
            Some(asked) => Some(Server::start(asked, routes())?),
            None => Server::start(address, routes())
                .inspect_err(|error| {
                    service.log.write(&events::listen_taken(error));
                })
                .ok(),
        };
        Ok(service.started(shop, server))
    }

    /// A service named `name` that shows a site at `address`, which it must have.
    ///
    /// # Errors
    /// [`TechshopError::Failed`] when it cannot be had.
    pub(crate) fn serving(
        name: &'static str,
        address: &str,
        shop: &Shop<'_>,
        site: impl FnOnce(&Arc<ServiceMeters>, &Trouble) -> Site,
    ) -> Result<Self, TechshopError> {
        let service = Self::unheard(name);
        service.not_ready("starting");
        let server = Server::site(address, site(&service.meters, &service.trouble)).map_err(|error| {
            TechshopError::Failed { reason: format!("{error}; pass another one to --listen or --port") }
        })?;
        Ok(service.started(shop, Some(server)))
    }

    /// The same with its server, and told.
    fn started(self, shop: &Shop<'_>, server: Option<Server>) -> Self {
        self.log.write(&events::started(&shop.settings.brokers, server.as_ref().map(Server::address), None));
        Self { server, ..self }
    }

    /// Where it listens, if it does.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(Server::address)
    }

    /// What a command that ends by itself has of a service: nobody hears of it but by its log.
    pub(crate) fn unheard(name: &'static str) -> Self {
        let meters = Arc::new(ServiceMeters::new(&name.replace('-', "_")));
        Self { log: ServiceLog::new(name), meters, trouble: Arc::default(), server: None }
    }

    /// Not ready, and why.
    pub(crate) fn not_ready(&self, reason: &str) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
    }

    /// Ready: it does its work.
    pub(crate) fn ready(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A cluster that answers, waited for as long as it takes.
    ///
    /// # Errors
    /// [`TechshopError`]: wrong settings, refused credentials, or a stop.
    pub(crate) fn connect(&self, shop: &Shop<'_>, roles: &[Role]) -> Result<Cluster, TechshopError> {
        shop.check(roles)?;
        let brokers = &shop.settings.brokers;
        let cluster = connect(&shop.settings, Patience::Forever, shop.shutdown, |reason| {
            self.not_ready(&format!("no broker at {brokers} ({reason})"));
            self.log.write(&events::broker_wait(brokers, reason));
        })?;
        Ok(cluster)
    }

    /// One of the shop's topics, made as it should be when it is missing; waited for as long as it takes.
    ///
    /// # Errors
    /// [`TechshopError`]: refused, or a stop.
    pub(crate) fn topic(&self, shop: &Shop<'_>, cluster: &Cluster, name: &str) -> Result<TopicInfo, TechshopError> {
        ensure(shop, cluster, name, None, |reason| {
            self.log.write(&events::topic_wait(name, reason));
        })
    }

    /// Says what an inlet of `topic` has learnt.
    pub(crate) fn tell(&self, topic: &str, inflow: &Inflow) {
        match inflow {
            Inflow::BrokerLost { reason } => self.not_ready(&format!("no broker ({reason})")),
            Inflow::BrokerBack => self.ready(),
            _ => {}
        }
        if let Some(event) = event_of(topic, inflow) {
            self.log.write(&event);
        }
    }
}

/// What there is to say of what an inlet of `topic` has learnt.
fn event_of(topic: &str, inflow: &Inflow) -> Option<ServiceEvent> {
    Some(match inflow {
        Inflow::Messages(_) | Inflow::Ends => return None,
        Inflow::Lost { partition, from, to } => events::messages_lost(topic, *partition, *from, *to),
        Inflow::Cut { partition, from, to } => events::log_cut(topic, *partition, *from, *to),
        Inflow::NewTopic => events::topic_new(topic),
        Inflow::BrokerLost { reason } => events::broker_lost(reason),
        Inflow::BrokerBack => events::broker_back(),
        Inflow::Trouble { reason } => events::kafka_trouble(topic, reason),
    })
}

/// The same for a command that ends by itself: gives up after `limit`.
///
/// # Errors
/// [`TechshopError`].
pub(crate) fn ensure(
    shop: &Shop<'_>,
    cluster: &Cluster,
    name: &str,
    limit: Option<Duration>,
    waiting: impl FnMut(&str),
) -> Result<TopicInfo, TechshopError> {
    let shape = shop.names.shape(name);
    let found = match shape.kind {
        Kind::LastValues => cluster.ensure_last_values(name, None, limit, shop.shutdown, waiting),
        Kind::Kept => cluster.ensure_kept_topic(name, shape.kept(None), limit, shop.shutdown, waiting),
    };
    Ok(found?)
}

/// One of the shop's topics, for a command that makes none.
///
/// # Errors
/// [`TechshopError`]; of one that is missing it says how it comes about.
pub(crate) fn existing(shop: &Shop<'_>, cluster: &Cluster, name: &str) -> Result<TopicInfo, TechshopError> {
    match cluster.topic(name, shop.common.connect_timeout) {
        Err(TopicError::Missing { .. }) => {
            let reason = format!(
                "there is no topic {name}: run techshop setup-topics, then techshop process; \
                 or pass the --topic-prefix of your shop"
            );
            Err(TechshopError::Failed { reason })
        }
        found => Ok(found?),
    }
}

fn routes(meters: &Arc<ServiceMeters>, trouble: &Arc<Mutex<Option<String>>>) -> Vec<(&'static str, Handler)> {
    let plain = |status, body: String| Answer { status, content_type: "text/plain; charset=utf-8", body };
    let meters = Arc::clone(meters);
    let metrics: Handler = Arc::new(move || {
        let (content_type, body) = meters.text();
        Answer { status: 200, content_type, body }
    });
    let health: Handler = Arc::new(move || plain(200, "alive\n".into()));
    let trouble = Arc::clone(trouble);
    let ready: Handler = Arc::new(move || match &*trouble.lock().unwrap_or_else(PoisonError::into_inner) {
        None => plain(200, "ready\n".into()),
        Some(reason) => plain(503, format!("not ready: {reason}\n")),
    });
    vec![("/metrics", metrics), ("/healthz", health), ("/readyz", ready)]
}
