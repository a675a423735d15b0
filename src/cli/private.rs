//! Files that nobody else may read.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Puts the file in place in one step: whoever reads it meanwhile reads the old one or the new one.
pub fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    // One left over from a crash may have other permissions.
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&draft)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    folder_of(path).map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Keeps other processes from changing the file until the lock is dropped. The folder is made if there is none.
pub fn lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = folder_of(path) {
        create_folder(folder)?;
    }
    let lock = path.with_extension("lock");
    let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(lock)?;
    file.lock()?;
    Ok(file)
}

/// Makes a folder that only its owner can look into; one that exists stays as it is.
pub fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn folder_of(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
