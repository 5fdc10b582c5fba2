//! Where an instance stores what is not in its database.

use minicbor::{Decode, Encode};

use crate::id::StorageConfigId;

/// How stored objects are encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Encryption {
    /// Kind, `KMS`.
    #[n(0)]
    pub kind: String,
    /// Key.
    #[n(1)]
    pub key_id: String,
}

/// A storage place.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Storage {
    /// S3-compatible.
    #[n(0)]
    S3 {
        /// Bucket.
        #[n(0)]
        bucket: String,
        /// Prefix of every key.
        #[n(1)]
        prefix: String,
        /// Encryption asked for.
        #[n(2)]
        encryption: Option<Encryption>,
    },
    /// Kinesis video stream.
    #[n(1)]
    KinesisVideoStream {
        /// Prefix of stream names.
        #[n(0)]
        prefix: String,
        /// Retention.
        #[n(1)]
        retention_hours: u32,
        /// Encryption asked for.
        #[n(2)]
        encryption: Option<Encryption>,
    },
    /// Kinesis stream.
    #[n(2)]
    KinesisStream {
        /// Its ARN.
        #[n(0)]
        arn: String,
    },
    /// Kinesis Firehose.
    #[n(3)]
    KinesisFirehose {
        /// Its ARN.
        #[n(0)]
        arn: String,
    },
}

/// The association of a kind of content with a storage place.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StorageConfig {
    /// Its association id.
    #[n(0)]
    pub id: StorageConfigId,
    /// InstanceStorageResourceType, such as `ATTACHMENTS`.
    #[n(1)]
    pub resource_type: String,
    /// Where to.
    #[n(2)]
    pub storage: Storage,
}
