//! Whether `audit verify` finds every change of a sealed trail, and says what is still sound.

#![allow(clippy::expect_used, clippy::panic)]

mod attacks;
mod commands;
mod disturbed;
mod incarnations;
mod maker;
mod mutations;
mod states;

use maker::Maker;
use ordertrail::doors::audit::verify::{Report, VerifyOptions, verify};
use ordertrail::tools::shutdown::Shutdown;
use tempfile::TempDir;

/// What is found in a folder.
fn verified_with(folder: &TempDir, options: &VerifyOptions) -> Report {
    verify(folder.path(), options, &Shutdown::new(), |_, _| {}).expect("it can be read")
}

fn verified(folder: &TempDir) -> Report {
    verified_with(folder, &VerifyOptions::default())
}

/// A folder with these files.
fn folder_of(maker: &Maker) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    maker.write(folder.path());
    folder
}

#[track_caller]
fn assert_sound(report: &Report) {
    assert!(report.is_sound, "{:#?}", report.damages);
}
