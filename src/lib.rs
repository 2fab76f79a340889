//! ordertrail: an event-driven order system on Apache Kafka.
//!
//! The house has six floors, and a room imports only from floors below its own
//! (`tests/floors.rs` fails otherwise; `ARCHITECTURE.md` draws it):
//!
//! | floor | rooms | may do |
//! |---|---|---|
//! | [`programs`] | producer, tracker, auditor, monitor, techshop, supply, travel | put doors together into something a person runs |
//! | [`doors`] | kafka, audit, health, http, mail, outbox, store, web | touch one part of the outside world each |
//! | [`logic`] | ledger, letters, supply, travel | decide; pure |
//! | [`tools`] | config, shutdown, durable | serve every door alike |
//! | [`words`] | order, record, seal, supply | say what an order, a line of each file and a seal are; pure |
//! | [`base`] | money, message, tree | the values all others are made of; pure |
//!
//! The binaries in `src/bin` parse flags, call one program's `run`, and turn its result into an
//! exit code; nothing else.

pub mod base;
pub mod doors;
pub mod logic;
pub mod programs;
pub mod tools;
pub mod words;
