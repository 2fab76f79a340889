//! Kafka, as every command meets it.

use crate::doors::health::{ServiceEvent, events};
use crate::doors::kafka::{
    self, Cluster, ClusterError, ConnectError, Inflow, Patience, PropertyError, Role, check, unreadable,
};
use crate::tools::config::{ClientSettings, CommonArgs, SettingsError};
use crate::tools::shutdown::Shutdown;

/// What every command of a system on Kafka has.
pub struct Context<'a> {
    /// The flags that all have.
    pub common: &'a CommonArgs,
    /// The checked Kafka settings.
    pub settings: ClientSettings,
    /// Ends every wait.
    pub shutdown: &'a Shutdown,
}

impl<'a> Context<'a> {
    /// Of these flags.
    ///
    /// # Errors
    /// [`SettingsError`] when they make no sense.
    pub fn new(common: &'a CommonArgs, shutdown: &'a Shutdown) -> Result<Self, SettingsError> {
        Ok(Self { common, settings: common.client_settings()?, shutdown })
    }

    /// Refuses settings with which a client of these roles could not be made.
    ///
    /// # Errors
    /// [`PropertyError`].
    pub fn check(&self, roles: &[Role]) -> Result<(), PropertyError> {
        roles.iter().try_for_each(|role| check(&self.settings, *role))
    }

    /// A cluster that answers, for a command that ends by itself.
    ///
    /// # Errors
    /// [`ClusterError`]: wrong settings, no broker within the connect timeout, or a stop.
    pub fn connect_once(&self, roles: &[Role]) -> Result<Cluster, ClusterError> {
        self.check(roles)?;
        let patience = Patience::UpTo(self.common.connect_timeout);
        Ok(kafka::connect(&self.settings, patience, self.shutdown, |_| {})?)
    }
}

/// A cluster that answers; `tell` is told of each reason why it is waited for.
///
/// # Errors
/// [`ConnectError`]: wrong settings, refused credentials, the end of the patience, or a stop.
pub fn connect(
    settings: &ClientSettings,
    patience: Patience,
    shutdown: &Shutdown,
    mut tell: impl FnMut(&ServiceEvent),
) -> Result<Cluster, ConnectError> {
    kafka::connect(settings, patience, shutdown, |reason| tell(&events::broker_wait(&settings.brokers, reason)))
}

/// What there is to tell of what an inlet of `topic` has learnt.
pub fn event_of(topic: &str, inflow: &Inflow) -> Option<ServiceEvent> {
    Some(match inflow {
        Inflow::Messages(_) | Inflow::Ends => return None,
        Inflow::Lost { partition, from, to } => events::messages_lost(topic, *partition, *from, *to),
        Inflow::Cut { partition, from, to } => events::log_cut(topic, *partition, *from, *to),
        Inflow::NewTopic => events::topic_new(topic),
        Inflow::BrokerLost { reason } => events::broker_lost(reason),
        Inflow::BrokerBack => events::broker_back(),
        Inflow::Unreadable { partition, offset, reason } => {
            events::batch_unreadable(topic, *partition, *offset, reason, unreadable(topic, *partition, *offset, reason))
        }
        Inflow::Readable => events::batch_passed(topic),
        Inflow::Trouble { reason } => events::kafka_trouble(topic, reason),
    })
}
