//! A disk that tears writes, fills up, fails its syncs, and loses power.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::dice::Dice;
use crate::tools::durable::{Access, Disk, DiskFile, beside};

/// What goes wrong at some operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process is killed; what was written stays, the write under way perhaps in part.
    Kill,
    /// The machine loses power: what was not synced stays in part, in any part.
    Power,
    /// The operation fails. A sync that failed never writes what it was for.
    Broken,
    /// There is no room for so many operations.
    Full(u32),
}

/// The unit in which a power loss keeps or loses bytes.
const BLOCK: usize = 64;

#[derive(Clone, Debug, Default)]
struct Inode {
    cache: Vec<u8>,
    durable: Vec<u8>,
    dirty: Vec<Range<usize>>,
    length_changed: bool,
}

#[derive(Debug)]
struct Inside {
    dice: Dice,
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// After so many operations.
    fault: Option<(u32, Fault)>,
    full: u32,
    is_dead: bool,
}

#[derive(Clone, Debug)]
pub(super) struct SimulatedDisk(Arc<Mutex<Inside>>);

#[derive(Debug)]
pub(super) struct SimulatedFile {
    disk: SimulatedDisk,
    inode: usize,
}

fn broken() -> io::Error {
    io::Error::from_raw_os_error(5)
}

fn full() -> io::Error {
    io::Error::from_raw_os_error(28)
}

impl SimulatedDisk {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Inside {
            dice: Dice::new(seed),
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            fault: None,
            full: 0,
            is_dead: false,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().expect("no test panics while it holds this")
    }

    /// Something goes wrong after so many operations.
    pub(super) fn plan(&self, after: u32, fault: Fault) {
        self.lock().fault = Some((after, fault));
    }

    /// The machine is there again, and nothing is planned.
    pub(super) fn revive(&self) {
        let mut inside = self.lock();
        inside.is_dead = false;
        inside.fault = None;
        inside.full = 0;
    }
}

impl Inside {
    /// Before each operation: it may not come to it.
    fn begin(&mut self) -> io::Result<()> {
        if self.is_dead {
            return Err(io::Error::other("dead"));
        }
        match &mut self.fault {
            Some((0, fault)) => {
                let fault = *fault;
                self.fault = None;
                match fault {
                    Fault::Kill => {}
                    Fault::Power => self.lose_power(),
                    Fault::Broken => return Err(broken()),
                    Fault::Full(operations) => {
                        self.full = operations;
                        return Ok(());
                    }
                }
                self.is_dead = true;
                Err(io::Error::other("killed"))
            }
            Some((after, _)) => {
                *after -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn room(&mut self) -> io::Result<()> {
        if self.full == 0 {
            return Ok(());
        }
        self.full -= 1;
        Err(full())
    }

    /// The write under way, of which a part may be done before the process dies.
    fn write(&mut self, inode: usize, at: usize, bytes: &[u8]) -> io::Result<()> {
        let outcome = self.begin().and_then(|()| self.room());
        // Killed and torn, or there was room for a part.
        let tears = outcome.is_err() && (!self.is_dead || self.dice.once_in(2));
        let done = match outcome {
            Ok(()) => bytes.len(),
            Err(_) if tears => self.dice.below(bytes.len() + 1),
            Err(_) => 0,
        };
        let inode = &mut self.inodes[inode];
        let end = at + done;
        if inode.cache.len() < end {
            inode.cache.resize(end, 0);
        }
        inode.cache[at..end].copy_from_slice(&bytes[..done]);
        if done > 0 {
            inode.dirty.push(at..end);
        }
        outcome
    }

    fn sync(&mut self, inode: usize) -> io::Result<()> {
        let outcome = self.begin();
        let Inode { cache, durable, dirty, length_changed } = &mut self.inodes[inode];
        if outcome.is_ok() {
            durable.resize(cache.len(), 0);
            for range in dirty.iter() {
                let range = range.start.min(cache.len())..range.end.min(cache.len());
                durable[range.clone()].copy_from_slice(&cache[range]);
            }
            *length_changed = false;
        }
        if !self.is_dead {
            // Also after an error: the pages count as clean, and no later sync writes them.
            dirty.clear();
        }
        outcome
    }

    fn lose_power(&mut self) {
        let Self { inodes, dice, names, durable_names, .. } = self;
        for Inode { cache, durable, dirty, length_changed } in inodes.iter_mut() {
            if *length_changed && cache.len() < durable.len() && dice.once_in(2) {
                durable.truncate(cache.len());
            }
            for range in dirty.drain(..) {
                for start in (range.start..range.end).step_by(BLOCK) {
                    let end = (start + BLOCK).min(range.end).min(cache.len());
                    if start < end && dice.once_in(2) {
                        if durable.len() < end {
                            durable.resize(end, 0);
                        }
                        durable[start..end].copy_from_slice(&cache[start..end]);
                    }
                }
            }
            *length_changed = false;
            cache.clone_from(durable);
        }
        if dice.once_in(2) {
            names.clone_from(durable_names);
        } else {
            durable_names.clone_from(names);
        }
    }
}

impl Disk for SimulatedDisk {
    type File = SimulatedFile;

    fn open(&self, path: &Path) -> io::Result<Option<SimulatedFile>> {
        let mut inside = self.lock();
        inside.begin()?;
        let found = inside.names.get(path).copied();
        Ok(found.map(|inode| SimulatedFile { disk: self.clone(), inode }))
    }

    fn create(&self, path: &Path, _access: Access<'_>) -> io::Result<SimulatedFile> {
        let mut inside = self.lock();
        inside.begin()?;
        if inside.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        inside.room()?;
        inside.inodes.push(Inode::default());
        let inode = inside.inodes.len() - 1;
        inside.names.insert(path.to_owned(), inode);
        drop(inside);
        self.sync_entry(path)?;
        Ok(SimulatedFile { disk: self.clone(), inode })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inside = self.lock();
        inside.begin()?;
        let inode = inside.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        inside.names.insert(to.to_owned(), inode);
        drop(inside);
        self.sync_entry(to)
    }

    fn replace(&self, path: &Path, content: &[u8], access: Access<'_>) -> io::Result<()> {
        let temporary = beside(path, ".new");
        let mut inside = self.lock();
        inside.names.remove(&temporary);
        drop(inside);
        let mut file = self.create(&temporary, access)?;
        file.write_at(0, content).and_then(|()| file.sync()).and_then(|()| self.rename(&temporary, path))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut inside = self.lock();
        inside.begin()?;
        inside.names.remove(path);
        drop(inside);
        self.sync_entry(path)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let mut inside = self.lock();
        inside.begin()?;
        Ok(inside.names.get(path).map(|&inode| inside.inodes[inode].cache.clone()))
    }

    fn sync_entry(&self, _path: &Path) -> io::Result<()> {
        let mut inside = self.lock();
        inside.begin()?;
        inside.durable_names = inside.names.clone();
        Ok(())
    }
}

impl DiskFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        let mut inside = self.disk.lock();
        inside.begin()?;
        Ok(inside.inodes[self.inode].cache.len() as u64)
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut inside = self.disk.lock();
        inside.begin()?;
        let rest = inside.inodes[self.inode].cache.get(usize::try_from(at).expect("small")..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.lock().write(self.inode, usize::try_from(at).expect("small"), bytes)
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        let mut inside = self.disk.lock();
        inside.begin()?;
        let length = usize::try_from(length).expect("small");
        let inode = &mut inside.inodes[self.inode];
        inode.cache.resize(length, 0);
        inode.dirty.iter_mut().for_each(|range| *range = range.start.min(length)..range.end.min(length));
        inode.length_changed = true;
        Ok(())
    }

    fn set_aside(&mut self, _at: u64, _bytes: u64) -> io::Result<bool> {
        let mut inside = self.disk.lock();
        inside.begin()?;
        // Not every file system can: the write then finds out.
        if inside.dice.once_in(2) {
            return Ok(false);
        }
        inside.room()?;
        Ok(true)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.lock().sync(self.inode)
    }

    fn second(&self) -> io::Result<Self> {
        Ok(Self { disk: self.disk.clone(), inode: self.inode })
    }

    fn stands_at(&self, path: &Path) -> io::Result<bool> {
        let mut inside = self.disk.lock();
        inside.begin()?;
        Ok(inside.names.get(path) == Some(&self.inode))
    }
}
