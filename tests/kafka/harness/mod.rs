//! What every test stands on: processes, brokers, an independent client, and a reader of trails
//! that shares no code with the library.

mod batch;
mod broker;
mod browser;
mod chance;
mod classes;
mod cluster;
mod command;
mod house;
mod http;
mod kcat;
mod log;
mod machine;
mod mail_server;
mod orders;
mod ports;
mod process;
mod proxy;
mod python;
mod reaper;
mod record;
mod scratch;
mod sealed;
mod shop;
mod small;
mod tracking;
mod trail;
mod wait;
mod witness;

pub(crate) use batch::Batch;
pub(crate) use broker::{Broker, Listener, close_shared, shared};
pub(crate) use browser::{Browser, key};
pub(crate) use chance::Chance;
pub(crate) use cluster::{Cluster, Ending, placed};
pub(crate) use command::{Run, binaries_dir, program, source_dir};
pub(crate) use house::{House, one_start_at_a_time, runs, start_lock};
pub(crate) use http::{Answer, get, send};
pub(crate) use kcat::kcat;
pub(crate) use log::{LogLine, read_log};
pub(crate) use machine::{Need, java_tool, missing_tools, slowest, trial};
pub(crate) use mail_server::MailServer;
pub(crate) use orders::{order, order_for};
pub(crate) use ports::free_port;
pub(crate) use process::{Exit, Process, Signal, send_signal};
pub(crate) use proxy::Proxy;
pub(crate) use python::python;
pub(crate) use record::Record;
pub(crate) use scratch::Scratch;
pub(crate) use sealed::{Sealed, beside, expect_held, expect_sealed, folder_bytes, notes, segments, whole_trail};
pub(crate) use shop::Shop;
pub(crate) use small::Small;
pub(crate) use tracking::{
    drain, events, expect_told_once, finish_drain, group_of, tracker, trail_dir, wait_for_event, wait_for_events,
    wait_for_lines,
};
pub(crate) use trail::{Line, Summary, Trail};
pub(crate) use wait::{LONG, SHORT, wait_until, wait_while_time_passes};
pub(crate) use witness::class_path;
