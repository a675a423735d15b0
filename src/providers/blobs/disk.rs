//! Blobs in a folder: written aside, brought to the disk, and only then given their name, so that no name ever leads to half a
//! blob.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::stream;

use super::{BlobError, ByteStream};

/// How much is read at a time for somebody who takes a whole file.
const PIECE: usize = 256 * 1024;
/// How long what is written aside may take; what is older was left behind by a server that did not live to finish it.
const ABANDONED: Duration = Duration::from_secs(60 * 60);
/// Where blobs are written before they get their names.
const ASIDE: &str = "unfinished";

/// A folder of blobs.
pub struct Disk {
    folder: PathBuf,
    written: AtomicU64,
}

impl Disk {
    /// The blobs in this folder, which is made if it is not there, readable to its owner alone.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        make_folder(&folder.join(ASIDE))?;
        for entry in fs::read_dir(folder.join(ASIDE))? {
            let entry = entry?;
            #[expect(
                clippy::disallowed_methods,
                reason = "it is compared with the times of files, which are the system's"
            )]
            let age = SystemTime::now().duration_since(entry.metadata()?.modified()?).unwrap_or_default();
            if age > ABANDONED {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { folder, written: AtomicU64::new(0) })
    }

    pub(super) async fn put(&self, key: &str, pieces: Vec<Bytes>) -> Result<(), BlobError> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let aside = self.folder.join(ASIDE).join(format!("{}-{number}", std::process::id()));
        let path = self.path(key)?;
        in_background(move || {
            let written = write(&aside, &path, &pieces);
            if written.is_err() {
                // Whatever was written goes, most of all when the disk is full.
                let _ = fs::remove_file(&aside);
            }
            written.map_err(|error| unavailable(&error))
        })
        .await
    }

    pub(super) async fn read(&self, key: &str, range: Range<u64>) -> Result<Bytes, BlobError> {
        let (path, key) = (self.path(key)?, key.to_owned());
        in_background(move || {
            let mut file = open(&path, &key)?;
            file.seek(SeekFrom::Start(range.start)).map_err(|error| unavailable(&error))?;
            let mut bytes = Vec::new();
            let length = range.end - range.start;
            file.take(length).read_to_end(&mut bytes).map_err(|error| unavailable(&error))?;
            if bytes.len() as u64 == length { Ok(bytes.into()) } else { Err(too_short(&key)) }
        })
        .await
    }

    pub(super) async fn stream(&self, key: &str, range: Range<u64>) -> Result<ByteStream, BlobError> {
        let (path, key) = (self.path(key)?, key.to_owned());
        let file = in_background(move || {
            let mut file = open(&path, &key)?;
            file.seek(SeekFrom::Start(range.start)).map_err(|error| unavailable(&error))?;
            Ok(file)
        })
        .await?;
        let left = range.end - range.start;
        Ok(Box::pin(stream::try_unfold((file, left), |(file, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let (file, piece) = tokio::task::spawn_blocking(move || piece_of(file, left)).await??;
            let left = left - piece.len() as u64;
            Ok(Some((piece, (file, left))))
        })))
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), BlobError> {
        let path = self.path(key)?;
        in_background(move || match fs::remove_file(&path) {
            Err(error) if !is_missing(&error) => Err(unavailable(&error)),
            _ => Ok(()),
        })
        .await
    }

    /// Keys are made by this server and never by a caller; one that led elsewhere would be a mistake of ours.
    fn path(&self, key: &str) -> Result<PathBuf, BlobError> {
        let is_word = |word: &str| {
            !word.is_empty()
                && !word.starts_with('.')
                && word.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        };
        match key.split('/').all(is_word) {
            true => Ok(self.folder.join(key)),
            false => Err(BlobError::Unavailable(format!("{key:?} is no key"))),
        }
    }
}

fn write(aside: &Path, path: &Path, pieces: &[Bytes]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(aside)?;
    for piece in pieces {
        file.write_all(piece)?;
    }
    file.sync_all()?;
    let Some(folder) = path.parent() else { return Err(io::ErrorKind::InvalidInput.into()) };
    make_folder(folder)?;
    fs::rename(aside, path)?;
    // The name is only there for good once the folder that holds it is.
    File::open(folder)?.sync_all()
}

/// Makes a folder with those above it, each brought to the disk in the one that holds it.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        make_folder(above)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        // Another call makes the same one.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(above.unwrap_or(Path::new(".")))?.sync_all()
}

fn open(path: &Path, key: &str) -> Result<File, BlobError> {
    File::open(path).map_err(|error| match is_missing(&error) {
        true => BlobError::Missing(key.to_owned()),
        false => unavailable(&error),
    })
}

/// Whether there is nothing; where a folder of the path is no folder, there is nothing either.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn piece_of(mut file: File, left: u64) -> io::Result<(File, Bytes)> {
    let length = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
    let mut piece = vec![0; length];
    file.read_exact(&mut piece)?;
    Ok((file, piece.into()))
}

fn unavailable(error: &io::Error) -> BlobError {
    BlobError::Unavailable(error.to_string())
}

fn too_short(key: &str) -> BlobError {
    BlobError::Unavailable(format!("{key} is shorter than it was"))
}

/// Does it on a thread that may wait for the disk.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(BlobError::Unavailable(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
        }
        found
    }

    #[tokio::test]
    async fn what_was_stored_is_read_in_whole_and_in_part() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path().join("files")).unwrap();
        let bytes: Vec<u8> = (0..700_000_u32).map(|n| n as u8).collect();
        let pieces = bytes.chunks(123_456).map(Bytes::copy_from_slice).collect();
        disk.put("s/ab/cd/abcd.1", pieces).await.unwrap();
        assert_eq!(disk.read("s/ab/cd/abcd.1", 0..700_000).await.unwrap(), bytes);
        assert_eq!(disk.read("s/ab/cd/abcd.1", 5..9).await.unwrap(), bytes[5..9]);
        let streamed: Vec<Bytes> =
            disk.stream("s/ab/cd/abcd.1", 10..600_000).await.unwrap().try_collect().await.unwrap();
        assert!(streamed.len() > 1 && streamed.concat() == bytes[10..600_000]);
        assert!(matches!(disk.read("s/ab/cd/abcd.1", 0..700_001).await, Err(BlobError::Unavailable(_))));
        assert_eq!(files(folder.path()).len(), 1, "nothing is left aside");
        disk.delete("s/ab/cd/abcd.1").await.unwrap();
        disk.delete("s/ab/cd/abcd.1").await.unwrap();
        assert!(matches!(disk.read("s/ab/cd/abcd.1", 0..1).await, Err(BlobError::Missing(_))));
        assert!(disk.stream("s/ab/cd/abcd.1", 0..1).await.is_err());
    }

    #[tokio::test]
    async fn a_key_leads_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path().to_owned()).unwrap();
        for key in ["../x", "a/../../x", "/etc/passwd", "a//b", "", ".hidden", "a\0b"] {
            assert!(disk.put(key, vec![Bytes::from_static(b"x")]).await.is_err(), "{key:?}");
        }
        assert!(files(folder.path()).is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_finished_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path().to_owned()).unwrap();
        // A file is where a folder should be made.
        fs::write(folder.path().join("s"), "in the way").unwrap();
        let refused = disk.put("s/ab/x", vec![Bytes::from_static(b"x")]).await;
        assert!(matches!(refused, Err(BlobError::Unavailable(_))));
        assert_eq!(files(folder.path()).len(), 1);
    }

    #[test]
    fn what_was_abandoned_is_taken_out_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        Disk::open(folder.path().to_owned()).unwrap();
        let aside = folder.path().join(ASIDE);
        for (name, hours) in [("old", 2), ("new", 0)] {
            let file = File::create(aside.join(name)).unwrap();
            #[expect(clippy::disallowed_methods, reason = "times of files are the system's")]
            file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600)).unwrap();
        }
        Disk::open(folder.path().to_owned()).unwrap();
        assert_eq!(files(folder.path()), [aside.join("new")]);
    }
}
