//! A file system so small that it fills up.

use super::reaper;
use super::scratch::Scratch;
use super::sealed::segments;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Mounted, and gone with the test.
pub(crate) struct Small {
    path: PathBuf,
}

/// Whether this process may mount one.
pub(crate) fn can_mount(dir: &Path) -> bool {
    std::fs::create_dir_all(dir).is_ok() && mount(dir, 1) && unmount(dir)
}

fn mount(dir: &Path, megabytes: u32) -> bool {
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(dir).output();
    mounted.is_ok_and(|output| output.status.success())
}

fn unmount(dir: &Path) -> bool {
    Command::new("umount").arg("-l").arg(dir).output().is_ok_and(|output| output.status.success())
}

impl Small {
    pub(crate) fn mount(scratch: &Scratch, megabytes: u32) -> Small {
        let path = scratch.join("small");
        std::fs::create_dir_all(&path).expect("a directory can be made");
        reaper::mounts(&path);
        assert!(mount(&path, megabytes), "it could be mounted before");
        Small { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the closed segments of a trail away, as an operator would who needs room.
    pub(crate) fn archive(&self, dir: &Path, archive: &Path) {
        for (path, first_line) in segments(dir) {
            if first_line.is_some() {
                let name = path.file_name().expect("a file has a name");
                std::fs::copy(&path, archive.join(name)).expect("there is room");
                std::fs::remove_file(&path).expect("it is ours");
            }
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        if !unmount(&self.path) {
            eprintln!("{} stays mounted", self.path.display());
        }
    }
}
