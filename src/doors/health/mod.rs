//! Health: the lines of `tracker.log` and the tracker's figures for Prometheus, and the same for other services.

mod daily_log;
mod diagnostics;
mod event;
pub mod events;
mod log;
mod meters;
mod report;
mod service_event;
mod service_log;
mod service_meters;
mod texts;
mod vitals;

pub use daily_log::{DailyLog, LogQuery};
pub use diagnostics::{DiagnosticLayer, diagnostics_on_stderr};
pub use event::HealthEvent;
pub use log::HealthLog;
pub use meters::Meters;
pub use report::{MetricsReport, PartitionReport, Percentiles};
pub use service_event::ServiceEvent;
pub use service_log::ServiceLog;
pub use service_meters::{Count, Counts, Level, Levels, Seconds, ServiceMeters};
pub use vitals::{VitalSigns, Vitals};
