//! Where files are kept: a directory or S3-compatible storage.

use std::fs;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _};

use store::DataPaths;

use crate::config;

/// Bytes that are sent to the storage at a time: the least that S3 takes for a part.
const PART_BYTES: usize = 5 << 20;

/// A place for files.
#[derive(Debug)]
pub(super) struct Storage {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    /// Whether a file gets its name only once it is complete. S3 sees to that itself; in the data directory names that
    /// begin with a dot are of files that are not complete yet.
    renames: bool,
}

impl Storage {
    /// Opens the storage that `attachments.store` names; a directory is made if missing.
    pub(super) fn open(config: &config::Attachments, paths: &DataPaths) -> anyhow::Result<Storage> {
        if let Some(place) = config.store.strip_prefix("s3://") {
            return Self::open_s3(config, place);
        }
        if !config.store.is_empty() {
            bail!("attachments.store is {:?}; leave it empty or give s3://bucket/prefix", config.store);
        }
        let directory = paths.attachments();
        fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let store = LocalFileSystem::new_with_prefix(&directory)?.with_fsync(true).with_automatic_cleanup(true);
        Ok(Storage { store: Arc::new(store), prefix: String::new(), renames: true })
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
        Ok(Storage { store: Arc::new(store), prefix: prefix.trim_matches('/').to_owned(), renames: false })
    }

    /// Begins to write a file, which is there only once it is complete.
    pub(super) async fn begin(&self, location: &str) -> anyhow::Result<Upload> {
        let (folder, name) = location.rsplit_once('/').unwrap_or(("", location));
        let folder = self.path(folder);
        let path = folder.clone().join(name);
        let written = if self.renames { folder.join(format!(".{name}")) } else { path.clone() };
        let parts = self.store.put_multipart(&written).await?;
        Ok(Upload { store: Arc::clone(&self.store), parts, waiting: BytesMut::new(), written, path })
    }

    /// Deletes a folder with everything in it; one that is not there is deleted.
    pub(super) async fn delete_folder(&self, folder: &str) -> anyhow::Result<()> {
        let files = self.store.list(Some(&self.path(folder))).map_ok(|file| file.location).boxed();
        let deleted = self.store.delete_stream(files);
        deleted.try_for_each(|_| async { Ok(()) }).await?;
        Ok(())
    }

    fn path(&self, folder: &str) -> StorePath {
        StorePath::from_iter(self.prefix.split('/').chain(folder.split('/')).filter(|part| !part.is_empty()))
    }
}

/// A file that is being written.
pub(super) struct Upload {
    store: Arc<dyn ObjectStore>,
    parts: Box<dyn MultipartUpload>,
    waiting: BytesMut,
    written: StorePath,
    path: StorePath,
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
        if self.written != self.path {
            self.store.rename(&self.written, &self.path).await?;
        }
        Ok(())
    }

    /// Removes what has been written.
    pub(super) async fn abort(mut self) -> anyhow::Result<()> {
        Ok(self.parts.abort().await?)
    }
}
