//! The key files of a trail: repaired after a crash, and a new key in the place of the old one.
//!
//! A new key is first written beside the old one, then the public file tells that it succeeded, then it
//! takes the old one's place. Each step replaces one file as a whole, so that a crash leaves the keys
//! before or after it; which of the two is told by the public file alone.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::key_exposure::{KeyExposure, key_exposure};
use super::paths::{key_path, lock_path, public_key_path, seal_path};
use super::verify::{LastCheckpointError, last_checkpoint};
use crate::base::tree::{Hash, Tree};
use crate::tools::durable::{Access, Disk, Lock, LockAttempt, OsDisk, beside};
use crate::words::seal::{ChainError, KeyChain, KeyError, Seal, SigningKey, VerifierKey};

/// Why the keys of a trail cannot be had, or not be changed.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The disk, or the rights on it.
    #[error("cannot {what} {path}: {source}; look after its rights, or the disk", path = .path.display())]
    Disk {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A tracker holds the folder.
    #[error("a tracker (pid {holder}) holds this folder: stop it first, then run audit rotate-key again")]
    Held {
        /// Its process id, as far as it wrote it.
        holder: String,
    },
    /// There is no key to be succeeded.
    #[error("{path} is not there: the tracker makes the first key at its start", path = .path.display())]
    NoKey {
        /// The file that is missing.
        path: PathBuf,
    },
    /// The private key is damaged.
    #[error("{path}: {source}; bring it back from a copy", path = .path.display())]
    Private {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The public keys are damaged.
    #[error("{path}: {source}; bring it back from a copy", path = .path.display())]
    Public {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ChainError,
    },
    /// The two files are of different keys.
    #[error("the private key in {dir} is not the last one that tracker.events.pub tells: bring both back from one copy", dir = .dir.display())]
    Mismatch {
        /// The folder.
        dir: PathBuf,
    },
    /// What is sealed was not signed as a checkpoint, so the old key would vouch for less than there is.
    #[error(
        "{sealed_lines} lines are sealed, and the last checkpoint is of {signed_lines}: nothing was changed; start the tracker and stop it, which signs them, then run audit rotate-key again"
    )]
    Unsigned {
        /// By the seal.
        sealed_lines: u64,
        /// By the last checkpoint; 0 without one.
        signed_lines: u64,
    },
    /// Nobody may sign on, because what was signed last cannot be told.
    #[error("{what}; audit verify tells more")]
    NoCheckpoint {
        /// What is wrong with the checkpoints.
        what: String,
    },
}

/// A change of keys that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The key that signed until now.
    pub old: VerifierKey,
    /// The key that signs from now on.
    pub new: VerifierKey,
    /// After how many lines.
    pub lines: u64,
    /// How the old one was exposed, if it was; the new one is its owner's alone.
    pub exposure: Option<KeyExposure>,
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeysError {
    move |source| KeysError::Disk { what, path: path.to_owned(), source }
}

/// Reads both key files, after finishing or undoing a change of keys that a crash interrupted. `None`
/// when there is no public key yet. The caller must hold the folder's lock.
///
/// # Errors
/// [`KeysError`]; nothing is changed when the keys are damaged.
pub fn settle_keys<D: Disk>(disk: &D, dir: &Path) -> Result<Option<(SigningKey, KeyChain)>, KeysError> {
    let Some((key, chain)) = find_keys(disk, dir)? else { return Ok(None) };
    let private = key_path(dir);
    let next = next_path(&private);
    match read_next(disk, &next, &chain)? {
        Next::None => {}
        Next::Takes(_) => disk.rename(&next, &private).map_err(failed("rename", &next))?,
        // A torn one was never told of in the public file.
        Next::Torn => disk.remove(&next).map_err(failed("remove", &next))?,
    }
    Ok(Some((key, chain)))
}

/// The keys as [`settle_keys`] would leave them; changes nothing.
///
/// # Errors
/// [`KeysError`].
pub(super) fn find_keys<D: Disk>(disk: &D, dir: &Path) -> Result<Option<(SigningKey, KeyChain)>, KeysError> {
    let public = public_key_path(dir);
    let Some(text) = read(disk, &public)? else { return Ok(None) };
    let chain = KeyChain::parse(&text).map_err(|source| KeysError::Public { path: public, source })?;
    let private = key_path(dir);
    let key = match read_next(disk, &next_path(&private), &chain)? {
        Next::Takes(key) => *key,
        Next::None | Next::Torn => {
            let text = read(disk, &private)?.ok_or_else(|| KeysError::NoKey { path: private.clone() })?;
            SigningKey::parse(&text).map_err(|source| KeysError::Private { path: private, source })?
        }
    };
    if key.verifier() != *chain.last() {
        return Err(KeysError::Mismatch { dir: dir.to_owned() });
    }
    Ok(Some((key, chain)))
}

/// The key that stands beside the present one.
enum Next {
    None,
    /// The public file tells of it: it is the one that signs.
    Takes(Box<SigningKey>),
    /// It was never told of.
    Torn,
}

fn read_next<D: Disk>(disk: &D, next: &Path, chain: &KeyChain) -> Result<Next, KeysError> {
    let Some(text) = read(disk, next)? else { return Ok(Next::None) };
    let told = SigningKey::parse(&text).ok().filter(|key| key.verifier() == *chain.last());
    Ok(told.map_or(Next::Torn, |key| Next::Takes(Box::new(key))))
}

fn next_path(private: &Path) -> PathBuf {
    beside(private, ".next")
}

/// Makes the key of these 32 random bytes the one that signs from now on, signed by the present one.
/// No tracker may hold the folder.
///
/// # Errors
/// [`KeysError`]; whatever the error, the trail goes on with the old key or with the new one.
pub fn rotate_key(dir: &Path, seed: [u8; 32]) -> Result<Rotation, KeysError> {
    let (disk, lock, public, private) = (OsDisk, lock_path(dir), public_key_path(dir), key_path(dir));
    // Not to make a lock file in a folder that is no trail's.
    if !public.exists() {
        return Err(KeysError::NoKey { path: public });
    }
    let _held = match Lock::try_acquire(&lock).map_err(failed("lock", &lock))? {
        LockAttempt::Acquired(held) => held,
        LockAttempt::HeldBy(holder) => return Err(KeysError::Held { holder }),
    };
    let Some((old, chain)) = settle_keys(&disk, dir)? else { return Err(KeysError::NoKey { path: public }) };
    let (lines, root) = signed_end(&disk, dir, &chain)?;
    let exposure = key_exposure(dir);
    let new = SigningKey::from_seed(old.origin(), seed);
    let new = new.map_err(|source| KeysError::Private { path: private.clone(), source })?;
    let next = next_path(&private);
    disk.replace(&next, new.to_text().as_bytes(), Access::OwnerOnly).map_err(failed("write", &next))?;
    let mut text = read(&disk, &public)?.unwrap_or_default();
    text.push_str(&old.sign_succession(lines, &root, &new.verifier()));
    // From here on it is the new key, and settling takes the last step, now or at the next start.
    disk.replace(&public, text.as_bytes(), Access::Ordinary).map_err(failed("write", &public))?;
    settle_keys(&disk, dir)?;
    Ok(Rotation { old: old.verifier(), new: new.verifier(), lines, exposure })
}

/// After how many lines a key may succeed, and their root: those of the last checkpoint, which must be those of
/// the seal. After fewer of them the old key would sign nothing of the rest any more, though it did.
fn signed_end<D: Disk>(disk: &D, dir: &Path, chain: &KeyChain) -> Result<(u64, Hash), KeysError> {
    let unclear = |what: String| KeysError::NoCheckpoint { what };
    let (lines, root) = match last_checkpoint(dir, chain) {
        Ok((_, signed)) => (signed.checkpoint.size, signed.checkpoint.root),
        Err(LastCheckpointError::Nothing) => (0, Tree::new().root()),
        Err(error) => return Err(unclear(error.to_string())),
    };
    let path = seal_path(dir);
    let Some(bytes) = disk.read(&path).map_err(failed("read", &path))? else {
        // The next start makes it again, of what is signed.
        return Ok((lines, root));
    };
    let told = |what: String| unclear(format!("{}: {what}", path.display()));
    let seal = Seal::parse(&bytes).map_err(|error| told(error.to_string()))?;
    chain.check_seal(&seal).map_err(|error| told(error.to_string()))?;
    if seal.lines > lines {
        return Err(KeysError::Unsigned { sealed_lines: seal.lines, signed_lines: lines });
    }
    if seal.lines < lines || seal.root != root {
        return Err(told(format!("it is of other lines than the last checkpoint, which is of {lines}")));
    }
    Ok((lines, root))
}

fn read<D: Disk>(disk: &D, path: &Path) -> Result<Option<String>, KeysError> {
    let bytes = disk.read(path).map_err(failed("read", path))?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
