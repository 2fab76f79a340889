//! That what is shipped beside the programs fits them: manual pages, containers, units for systemd, the
//! dashboard and the alerts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod alerts;
mod containers;
mod figures;
mod manual;
mod programs;
mod scripts;
mod units;
