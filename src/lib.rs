//! ordertrail: an event-driven order system on Apache Kafka.
//!
//! The house has seven floors, and a room imports only from floors below its own
//! (`tests/floors.rs` fails otherwise; `ARCHITECTURE.md` draws it):
//!
//! | floor | rooms | may do |
//! |---|---|---|
//! | [`programs`] | producer, tracker, auditor, monitor, techshop, supply, travel | put doors together into something a person runs |
//! | [`services`] | runtime | join doors for several programs |
//! | [`doors`] | kafka, audit, health, http, mail, outbox, screen, store, tail, web | touch one part of the outside world each |
//! | [`tools`] | config, durable, exit, shutdown and smaller ones | serve every door alike |
//! | [`logic`] | lag, ledger, letters, monitor, shop, shopfold, supply, travel | decide; pure |
//! | [`words`] | order, record, seal, shop, supply, travel | say what an order, a line of each file, a seal and a message of each topic are; pure |
//! | [`base`] | language, message, money, position, tree | the values all others are made of; pure |
//!
//! The binaries in `src/bin` parse flags, call one program's `run`, and turn its result into an
//! exit code; nothing else.
//!
//! Names carry their units (`_ms`, `_bytes`, `_seconds`); moments are milliseconds since 1970-01-01 UTC unless a name
//! says otherwise, and money is exact ([`base::money`]). Whatever the outside world can cause is an error of the operation
//! that met it, one enum each, whose text says the cause and the next step; [`tools::exit::Exit`] is what the shell sees.

#![deny(missing_docs)]

pub mod base;
pub mod doors;
pub mod logic;
pub mod programs;
pub mod services;
pub mod tools;
pub mod words;
