//! The life of a service, whichever system it is of: what every command has ([`Context`]), waiting for its turn and for
//! brokers, telling how it does ([`Service`]), by its log, its figures and its probes.

mod context;
mod probes;
mod service;
mod standby;

pub use context::{Context, connect, event_of};
pub use probes::{alive, figures, readiness};
pub use service::{Readiness, Service};
pub use standby::wait_for_turn;
