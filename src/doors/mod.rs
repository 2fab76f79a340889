//! Each room here touches one part of the outside world, and no room knows another.

pub mod audit;
pub mod health;
pub mod http;
pub mod kafka;
pub mod mail;
pub mod outbox;
pub mod screen;
pub mod store;

pub mod tail;
pub mod web;
