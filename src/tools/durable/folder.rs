//! Folders that are still there after a power cut.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Makes a folder and those above it, as far as they are missing, and syncs the names of the new ones. A file in a new
/// folder is safe only when the folder itself is.
///
/// # Errors
/// What the operating system says when one cannot be made or synced.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| is_missing(folder)).collect();
    fs::create_dir_all(path)?;
    for folder in missing.into_iter().rev() {
        match folder.parent() {
            None => {}
            Some(above) if above.as_os_str().is_empty() => sync(Path::new("."))?,
            Some(above) => sync(above)?,
        }
    }
    Ok(())
}

/// The empty path stands above a relative one, for the folder that the process is in.
fn is_missing(folder: &Path) -> bool {
    !folder.as_os_str().is_empty() && !folder.exists()
}

fn sync(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        // Who may write into a folder may not always read it; then its owner has to see to it.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_made_and_what_is_there_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("one/two/three");
        make_folder(&path).expect("it can be made");
        fs::write(path.join("file"), "kept").expect("a folder");
        make_folder(&path).expect("it is there");
        assert_eq!(fs::read(path.join("file")).expect("there"), b"kept");
        make_folder(&path.join("file")).expect_err("it is a file");
        make_folder(&path.join("file/below")).expect_err("nothing is below a file");
        make_folder(Path::new(".")).expect("it is there");
    }
}
