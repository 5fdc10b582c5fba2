//! Where files are kept: a directory or S3-compatible storage.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _};

use crate::config;

/// Bytes that are sent to the storage at a time: the least that S3 takes for a part.
const PART_BYTES: usize = 5 << 20;

/// A place for files.
#[derive(Debug)]
pub(super) struct Storage {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    /// Set when files are kept on this machine.
    directory: Option<PathBuf>,
}

impl Storage {
    /// Opens the storage that `attachments.store` names; a directory is made if missing.
    pub(super) fn open(config: &config::Attachments, data_dir: &Path) -> anyhow::Result<Storage> {
        if let Some(place) = config.store.strip_prefix("s3://") {
            return Self::open_s3(config, place);
        }
        if config.store.contains("://") {
            bail!("attachments.store {:?} is neither a directory nor s3://bucket/prefix", config.store);
        }
        let directory =
            if config.store.is_empty() { data_dir.join("attachments") } else { PathBuf::from(&config.store) };
        fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let store = LocalFileSystem::new_with_prefix(&directory)?.with_fsync(true);
        Ok(Storage { store: Arc::new(store), prefix: String::new(), directory: Some(directory) })
    }

    fn open_s3(config: &config::Attachments, place: &str) -> anyhow::Result<Storage> {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket).with_region(&config.s3_region);
        if let Some(endpoint) = &config.s3_endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        let (Some(id), Some(secret)) = (&config.s3_access_key_id, &config.s3_secret_access_key) else {
            bail!("attachments.store {:?} needs s3_access_key_id and s3_secret_access_key", config.store);
        };
        let store = builder
            .with_access_key_id(id)
            .with_secret_access_key(secret)
            .build()
            .with_context(|| format!("attachments.store {:?}", config.store))?;
        Ok(Storage { store: Arc::new(store), prefix: prefix.trim_matches('/').to_owned(), directory: None })
    }

    pub(super) fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// Begins to write a file, which is there only once it is complete.
    pub(super) async fn begin(&self, location: &str) -> anyhow::Result<Upload> {
        let path = object_store::path::Path::from_iter(self.prefix.split('/').chain(location.split('/')));
        let parts = self.store.put_multipart(&path).await?;
        Ok(Upload { parts, waiting: BytesMut::new() })
    }
}

/// A file that is being written.
pub(super) struct Upload {
    parts: Box<dyn MultipartUpload>,
    waiting: BytesMut,
}

impl Upload {
    /// Adds to the file.
    pub(super) async fn write(&mut self, chunk: Bytes) -> anyhow::Result<()> {
        self.waiting.extend_from_slice(&chunk);
        if self.waiting.len() >= PART_BYTES {
            self.parts.put_part(self.waiting.split().freeze().into()).await?;
        }
        Ok(())
    }

    /// Puts the file in its place. It is durable when this returns.
    pub(super) async fn complete(mut self) -> anyhow::Result<()> {
        self.parts.put_part(self.waiting.split().freeze().into()).await?;
        self.parts.complete().await?;
        Ok(())
    }

    /// Removes what has been written.
    pub(super) async fn abort(mut self) -> anyhow::Result<()> {
        Ok(self.parts.abort().await?)
    }
}
