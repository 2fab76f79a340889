//! The public key that somebody trusts: typed, or in a file.

use std::fs;

use super::error::AuditError;
use crate::words::seal::KeyChain;

/// Reads `--key`: a verifier key, or a file that begins with one.
///
/// # Errors
/// [`AuditError`]: it is neither.
pub(super) fn keys(given: &str) -> Result<KeyChain, AuditError> {
    if let Ok(keys) = KeyChain::parse(given) {
        return Ok(keys);
    }
    let text = fs::read_to_string(given).map_err(|source| AuditError::Usage {
        reason: format!("--key {given} is no public key, nor a file of one ({source})"),
    })?;
    KeyChain::parse(&text).map_err(|error| AuditError::Usage { reason: format!("--key {given}: {error}") })
}
