//! The keys of a trail as its recovery sees them: read before anything is touched, and made for a new one.

use std::io;
use std::path::Path;

use super::keys::{KeysError, find_keys};
use super::paths::{checkpoints_path, key_path, public_key_path, seal_path, trail_path};
use super::recover::{RecoverError, disk_error};
use super::sealer::Mark;
use crate::base::tree::Tree;
use crate::tools::durable::{Access, Disk};
use crate::tools::moment::now_ms;
use crate::words::seal::{KeyChain, Seal, SealedSegment, SigningKey, Tail, topic_of};

/// An error of the keys as one of recovery.
pub(super) fn key_error(folder: &Path, error: KeysError) -> RecoverError {
    match error {
        KeysError::Disk { what, path, source } => RecoverError::Disk { what, path, source },
        error => no_key(folder, error.to_string()),
    }
}

/// An error of recovery: the key cannot be used.
pub(super) fn no_key(folder: &Path, what: impl Into<String>) -> RecoverError {
    RecoverError::Key { path: key_path(folder), what: what.into() }
}

/// The key that signs now, and all that did. A trail without one is new, and has signed nothing.
pub(super) fn read_keys<D: Disk>(
    disk: &D,
    folder: &Path,
    topic: &str,
) -> Result<Option<(SigningKey, KeyChain)>, RecoverError> {
    let Some((key, chain)) = read_any_keys(disk, folder)? else { return Ok(None) };
    // Lines may be cut and come again from the topic: not from another one.
    match topic_of(key.origin()) {
        Some(found) if found != topic => {
            let (path, found) = (key_path(folder), found.to_owned());
            Err(RecoverError::OtherTopic { path, found, wanted: topic.to_owned() })
        }
        _ => Ok(Some((key, chain))),
    }
}

fn read_any_keys<D: Disk>(disk: &D, folder: &Path) -> Result<Option<(SigningKey, KeyChain)>, RecoverError> {
    if let Some(both) = find_keys(disk, folder).map_err(|error| key_error(folder, error))? {
        return Ok(Some(both));
    }
    // The public key is written after the private one.
    let path = key_path(folder);
    if let Some(bytes) = disk.read(&path).map_err(disk_error("read", &path))? {
        let text = String::from_utf8_lossy(&bytes);
        let key = SigningKey::parse(&text).map_err(|error| no_key(folder, error.to_string()))?;
        let chain = KeyChain::of(key.verifier());
        return Ok(Some((key, chain)));
    }
    let checkpoints = checkpoints_path(folder);
    let signed = disk.read(&checkpoints).map_err(disk_error("read", &checkpoints))?;
    match signed {
        Some(signed) if !signed.is_empty() => Err(no_key(folder, "it is not there, and this trail was signed with it")),
        _ => Ok(None),
    }
}

/// Makes the key of a new trail. Its first seal, of no line, is there before it: with a key and no seal no
/// line is believed that no checkpoint proves, and those of the Go program, or of a tracker that was killed
/// before it sealed any, would be cut.
pub(super) fn make_key<D: Disk>(
    disk: &D,
    folder: &Path,
    topic: &str,
    seed: &[u8; 40],
) -> Result<SigningKey, RecoverError> {
    let (mut secret, mut name) = ([0; 32], [0; 8]);
    let (first, last) = seed.split_at(32);
    secret.copy_from_slice(first);
    name.copy_from_slice(last);
    let origin = format!("ordertrail/{topic}/{:016x}", u64::from_be_bytes(name));
    let key = SigningKey::from_seed(&origin, secret).map_err(|error| no_key(folder, error.to_string()))?;
    let seal = seal_path(folder);
    let first = first_seal(&key, topic).to_bytes();
    disk.replace(&seal, &first, Access::Like(&trail_path(folder))).map_err(disk_error("write", &seal))?;
    let path = key_path(folder);
    disk.replace(&path, key.to_text().as_bytes(), Access::OwnerOnly).map_err(disk_error("write", &path))?;
    Ok(key)
}

/// The seal of a trail in which nothing is sealed yet.
fn first_seal(key: &SigningKey, topic: &str) -> Seal {
    let (tree, Mark { identity, positions, rolled_back, valid, invalid, gaps }) = (Tree::new(), Mark::default());
    let seal = Seal {
        version: Seal::VERSION,
        origin: key.origin().to_owned(),
        topic: topic.to_owned(),
        cluster_id: identity.cluster_id,
        topic_id: identity.topic_id,
        lines: tree.size(),
        valid,
        invalid,
        gaps,
        root: tree.root(),
        frontier: tree.frontier(),
        segment: SealedSegment { first_line: 1, bytes: 0, started_ms: 0 },
        tail: Tail::none(),
        positions,
        rolled_back,
        sealed_ms: now_ms(),
        clean: false,
        signature: String::new(),
    };
    seal.signed_by(key)
}

/// Writes the public key, where it is not there yet.
pub(super) fn publish_key<D: Disk>(disk: &D, folder: &Path, key: &SigningKey) -> Result<(), RecoverError> {
    let path = public_key_path(folder);
    if disk.read(&path).map_err(disk_error("read", &path))?.is_some() {
        return Ok(());
    }
    let text = format!("{}\n", key.verifier());
    let written: io::Result<()> = disk.replace(&path, text.as_bytes(), Access::Ordinary);
    written.map_err(disk_error("write", &path))
}
