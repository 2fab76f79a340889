//! The public key that somebody trusts: typed, or in a file.

use std::path::Path;

use super::error::AuditError;
use super::named;
use crate::tools::regular::read_regular;
use crate::words::seal::KeyChain;

/// Reads `--key`: a verifier key, or a file that begins with one.
///
/// # Errors
/// [`AuditError`]: it is neither.
pub(super) fn keys(given: &str) -> Result<KeyChain, AuditError> {
    if let Ok(keys) = KeyChain::parse(given) {
        return Ok(keys);
    }
    let bytes = read_regular(Path::new(given), named::MOST_KEY_BYTES).map_err(|source| AuditError::Usage {
        reason: format!(
            "--key {given} is no public key, nor a file of one ({source}): pass tracker.events.pub, or its first line"
        ),
    })?;
    KeyChain::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|error| AuditError::Usage { reason: format!("--key {given}: {error}") })
}

/// Reads `--chain`: the trail's `tracker.events.pub`, which must begin with the keys that are trusted.
///
/// # Errors
/// [`AuditError`]: it cannot be read, or is of other keys.
pub(super) fn chain(path: &Path, trusted: &KeyChain) -> Result<KeyChain, AuditError> {
    let name = path.display();
    let usage = |reason: String| AuditError::Usage { reason };
    let bytes = named::read(path, named::MOST_KEY_BYTES)?;
    let chain =
        KeyChain::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| usage(format!("--chain {name}: {error}")))?;
    if chain.position_of(trusted) == Some(0) {
        return Ok(chain);
    }
    Err(usage(format!("--chain {name} does not begin with the key that was given with --key: nobody vouches for it")))
}
