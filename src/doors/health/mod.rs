//! The tracker's health: the lines of `tracker.log`, and the figures for Prometheus.

mod event;
mod log;
mod meters;
mod report;
mod texts;
mod vitals;

pub use event::HealthEvent;
pub use log::HealthLog;
pub use meters::Meters;
pub use report::{MetricsReport, PartitionReport, Percentiles};
pub use texts::Language;
pub use vitals::{VitalSigns, Vitals};
