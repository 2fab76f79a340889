//! A board and how far it was read for, as one text: a cache, never the truth. In any doubt it is thrown away.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::board::Board;
use super::life::fold_version;
use super::request::{Counts, Request};

/// What a snapshot begins with, so that it is not taken for something else.
const KIND: &str = "travel-snapshot";

/// The version of the shape that is written.
const VERSION: u32 = 1;

/// How far a partition was read, and what of it was there then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// The oldest offset that was there.
    pub low: i64,
    /// The next to read.
    pub next: i64,
    /// The leader epoch of the last record that was read.
    pub leader_epoch: Option<i32>,
}

/// Which topic a board was made of, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The cluster's own id.
    pub cluster_id: String,
    /// The topic's name.
    pub topic: String,
    /// The topic's own id.
    pub topic_id: String,
    /// By partition.
    pub partitions: BTreeMap<i32, Reach>,
}

/// Why a snapshot is not used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SnapshotError {
    /// Something else.
    #[error("it is no snapshot of travel")]
    Foreign,
    /// Damaged, or of another version.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// Of a fold that may judge otherwise.
    #[error("it was written by another version of the fold")]
    OtherFold,
    /// Of another topic or cluster.
    #[error("it is of another topic or cluster: {0}")]
    Elsewhere(&'static str),
    /// What it was made of is not there any more.
    #[error("partition {partition}: {what}")]
    Moved {
        /// Which one.
        partition: i32,
        /// In what way.
        what: &'static str,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    kind: String,
    version: u32,
    fold_version: String,
    origin: Origin,
    records: Counts,
    nowhere: Counts,
    requests: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<Id, State> {
    id: Id,
    request: State,
}

impl Board {
    /// The board as text: a head, a line for each request in the order of their ids, and a digest of all of it.
    /// Equal boards give equal texts. `None` while records are kept: such a board is always made anew.
    pub fn snapshot(&self, origin: &Origin) -> Option<Vec<u8>> {
        if self.kept_ids().next().is_some() || !self.found_split().is_empty() {
            return None;
        }
        let head = Head {
            kind: KIND.to_owned(),
            version: VERSION,
            fold_version: fold_version(),
            origin: origin.clone(),
            records: self.records,
            nowhere: self.nowhere,
            requests: self.requests.len(),
        };
        let mut text = serde_json::to_vec(&head).ok()?;
        for listed in self.sorted() {
            text.push(b'\n');
            serde_json::to_writer(&mut text, &Line { id: listed.id, request: listed.request }).ok()?;
        }
        text.push(b'\n');
        let digest = digest(&text);
        text.extend_from_slice(digest.as_bytes());
        text.push(b'\n');
        Some(text)
    }

    /// Reads a snapshot back.
    ///
    /// # Errors
    /// [`SnapshotError`]: it is not, to the byte, what this version of the fold has written.
    pub fn of_snapshot(text: &[u8]) -> Result<(Self, Origin), SnapshotError> {
        let damaged = SnapshotError::Damaged;
        if !text.starts_with(format!("{{\"kind\":\"{KIND}\"").as_bytes()) {
            return Err(SnapshotError::Foreign);
        }
        let without_end = text.strip_suffix(b"\n").ok_or(damaged("its end is missing"))?;
        let body_end = memchr::memrchr(b'\n', without_end).ok_or(damaged("its digest is missing"))?;
        let (body, told) = without_end.split_at(body_end + 1);
        if told != digest(body).as_bytes() {
            return Err(damaged("its digest does not agree"));
        }
        let body = body.strip_suffix(b"\n").unwrap_or(body);
        let mut lines = body.split(|byte| *byte == b'\n');
        let head: Head = serde_json::from_slice(lines.next().unwrap_or_default())
            .map_err(|_| damaged("its first line has another shape"))?;
        if head.version != VERSION || head.fold_version != fold_version() {
            return Err(SnapshotError::OtherFold);
        }
        let mut board = Self::default();
        (board.records, board.nowhere) = (head.records, head.nowhere);
        for line in lines {
            let line: Line<String, Request> =
                serde_json::from_slice(line).map_err(|_| damaged("a request has another shape"))?;
            board.requests.insert(line.id, line.request);
        }
        if board.requests.len() != head.requests {
            return Err(damaged("it has not as many requests as it says"));
        }
        Ok((board, head.origin))
    }
}

impl Origin {
    /// Whether what was read up to here is still there, in a topic of this cluster, name and id, of whose partitions
    /// the first offset and the end are `ends`. That logs were not cut in between is for whoever reads on to find out,
    /// by the leader epochs.
    ///
    /// # Errors
    /// [`SnapshotError`], the first thing that is not so.
    pub fn check(
        &self,
        cluster_id: Option<&str>,
        topic: &str,
        topic_id: Option<&str>,
        ends: &BTreeMap<i32, (i64, i64)>,
    ) -> Result<(), SnapshotError> {
        if cluster_id != Some(&self.cluster_id) {
            return Err(SnapshotError::Elsewhere("the cluster's id"));
        }
        if topic != self.topic || topic_id != Some(&self.topic_id) {
            return Err(SnapshotError::Elsewhere("the topic's name or id"));
        }
        for (&partition, reach) in &self.partitions {
            let what = match ends.get(&partition) {
                None => "it is not there",
                Some((low, _)) if *low != reach.low => "its oldest records are not there any more",
                Some((_, end)) if *end < reach.next => "it is shorter than what was read of it",
                Some(_) => continue,
            };
            return Err(SnapshotError::Moved { partition, what });
        }
        Ok(())
    }
}

fn digest(text: &[u8]) -> String {
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(text) {
        // Memory takes any text.
        let _written = write!(digest, "{byte:02x}");
    }
    digest
}
