//! Where the bytes of files are: in a folder of this machine, or in an S3-compatible bucket.
//!
//! A blob is stored once under a key that is used for nothing else, before or after, and never changes. So a blob can be read and
//! cached without asking, and taking one away takes away no other.

mod bucket;
mod disk;

use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::BoxStream;

pub use bucket::{BadBucket, Bucket, BucketSettings};
pub use disk::Disk;

use crate::method::{Code, Context, Error, Result};

/// A store of bytes.
pub enum Blobs {
    /// A folder.
    Disk(Disk),
    /// A bucket.
    Bucket(Bucket),
}

/// Bytes on their way to somebody.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// Why a blob could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is none with this key.
    #[error("there is no blob {0}")]
    Missing(String),
    /// The store is full, cannot be reached, or refuses.
    #[error("the store of files is not available: {0}")]
    Unavailable(String),
}

impl From<BlobError> for Error {
    #[track_caller]
    fn from(error: BlobError) -> Self {
        let message = "The store of files is not available at the moment. Nothing was changed; retry.";
        Error::new(Code::ServiceUnavailable, message).because(error)
    }
}

impl Blobs {
    /// The store of this server.
    pub fn of(ctx: &Context) -> Result<&Self> {
        ctx.outside_transaction()?;
        ctx.service()
    }

    /// Stores a blob made of these pieces; durable when this returns. Nothing is there under the key if it fails.
    pub async fn put(&self, key: &str, pieces: Vec<Bytes>) -> Result<(), BlobError> {
        match self {
            Self::Disk(disk) => disk.put(key, pieces).await,
            Self::Bucket(bucket) => bucket.put(key, pieces).await,
        }
    }

    /// Some bytes of a blob.
    pub async fn read(&self, key: &str, range: Range<u64>) -> Result<Bytes, BlobError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        match self {
            Self::Disk(disk) => disk.read(key, range).await,
            Self::Bucket(bucket) => bucket.read(key, range).await,
        }
    }

    /// Some bytes of a blob, a little at a time. What goes wrong on the way ends the stream.
    pub async fn stream(&self, key: &str, range: Range<u64>) -> Result<ByteStream, BlobError> {
        if range.is_empty() {
            return Ok(Box::pin(futures_util::stream::empty()));
        }
        match self {
            Self::Disk(disk) => disk.stream(key, range).await,
            Self::Bucket(bucket) => bucket.stream(key, range).await,
        }
    }

    /// Takes a blob away; one that is not there is no error.
    pub async fn delete(&self, key: &str) -> Result<(), BlobError> {
        match self {
            Self::Disk(disk) => disk.delete(key).await,
            Self::Bucket(bucket) => bucket.delete(key).await,
        }
    }
}
