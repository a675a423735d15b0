//! Blobs in an S3-compatible bucket.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{ClientOptions, HttpClient, HttpConnector};
use object_store::path::Path;
use object_store::{BackoffConfig, GetOptions, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use tokio::sync::Semaphore;
use url::Url;

use super::{BlobError, ByteStream};
use crate::providers::guard;

/// How long one request may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it takes at most until a connection is there.
const CONNECT: Duration = Duration::from_secs(3);
/// How many blobs are on their way to the bucket at the same time: each is in memory meanwhile.
const AT_ONCE: usize = 16;

/// Where the bucket is and who we are there.
#[derive(Clone)]
pub struct BucketSettings {
    /// `s3://BUCKET` or `s3://BUCKET/PREFIX`.
    pub url: String,
    /// The server of the bucket, such as `https://minio.example.com`; AWS if not set.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// The id of the access key; without one the credentials of the machine are taken, as AWS hands them out.
    pub key_id: Option<String>,
    /// The access key.
    pub secret_key: Option<String>,
}

/// A bucket that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadBucket(String);

/// A bucket with blobs below a prefix.
pub struct Bucket {
    store: AmazonS3,
    prefix: String,
    uploads: Semaphore,
}

impl Bucket {
    /// The bucket of these settings. It is not asked whether it is there: the server can start before it.
    pub fn open(settings: &BucketSettings) -> Result<Self, BadBucket> {
        let url = Url::parse(&settings.url).ok().filter(|url| url.scheme() == "s3");
        let expected = || BadBucket("expected s3://BUCKET or s3://BUCKET/PREFIX".into());
        let url = url.ok_or_else(expected)?;
        let bucket = url.host_str().filter(|name| !name.is_empty()).ok_or_else(expected)?;
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(1),
                base: 2.,
            },
            max_retries: 2,
            retry_timeout: PATIENCE,
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&settings.region)
            .with_retry(retry)
            .with_disable_bulk_delete(true)
            .with_http_connector(Connector);
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        match (&settings.key_id, &settings.secret_key) {
            (Some(id), Some(secret)) => builder = builder.with_access_key_id(id).with_secret_access_key(secret),
            (None, None) => {}
            _ => return Err(BadBucket("an access key has an id and a secret; only one of them is set".into())),
        }
        let store = builder.build().map_err(|error| BadBucket(error.to_string()))?;
        let prefix = url.path().trim_matches('/').to_owned();
        Ok(Self { store, prefix, uploads: Semaphore::new(AT_ONCE) })
    }

    pub(super) async fn put(&self, key: &str, pieces: Vec<Bytes>) -> Result<(), BlobError> {
        let _turn = self.uploads.acquire().await.map_err(|error| BlobError::Unavailable(error.to_string()))?;
        let payload: PutPayload = pieces.into_iter().collect();
        self.store.put(&self.path(key), payload).await.map(|_| ()).map_err(|error| failed(key, &error))
    }

    pub(super) async fn read(&self, key: &str, range: Range<u64>) -> Result<Bytes, BlobError> {
        self.store.get_range(&self.path(key), range).await.map_err(|error| failed(key, &error))
    }

    pub(super) async fn stream(&self, key: &str, range: Range<u64>) -> Result<ByteStream, BlobError> {
        let options = GetOptions { range: Some(range.into()), ..GetOptions::default() };
        let found = self.store.get_opts(&self.path(key), options).await.map_err(|error| failed(key, &error))?;
        Ok(Box::pin(found.into_stream().map(|piece| piece.map_err(std::io::Error::other))))
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), BlobError> {
        match self.store.delete(&self.path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(key, &error)),
        }
    }

    fn path(&self, key: &str) -> Path {
        if self.prefix.is_empty() { Path::from(key) } else { Path::from(format!("{}/{key}", self.prefix)) }
    }
}

fn failed(key: &str, error: &object_store::Error) -> BlobError {
    match error {
        object_store::Error::NotFound { .. } => BlobError::Missing(key.to_owned()),
        error => BlobError::Unavailable(error.to_string()),
    }
}

/// Makes the HTTP client of a bucket with the one TLS that is built in and the roots that everything else believes in.
struct Connector;

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| object_store::Error::Generic { store: "S3", source };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(guard::tls().map_err(|error| failed(error.into()))?)
            .connect_timeout(CONNECT)
            .read_timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| failed(error.into()))?;
        Ok(HttpClient::new(client))
    }
}
