//! Where an instance stores files and streams. ATTACHMENTS is the one that tasks ask for.
//!
//! Facts: `control-plane.md` section 3, `observed-errors.md` O21, `start-task-contact.md` R25.

use std::sync::Arc;

use api::shapes;
use engine::StorageConfigId;
use engine::storage_config::{Encryption, Storage, StorageConfig};
use store::{KeyId, Kind};

use super::resource::load;
use crate::call::Call;
use crate::error::{ApiError, Halt, resource_not_found};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

in_instance!(
    shapes::AssociateInstanceStorageConfigRequest,
    shapes::DescribeInstanceStorageConfigRequest,
    shapes::ListInstanceStorageConfigsRequest,
    shapes::DisassociateInstanceStorageConfigRequest,
    shapes::UpdateInstanceStorageConfigRequest,
);

impl Record for StorageConfig {
    const KIND: Kind = kinds::STORAGE_CONFIG;
    const NAME: &'static str = "storage config";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

/// Gives a kind of content its storage place. Each kind has at most one.
pub(crate) fn associate_instance_storage_config(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::AssociateInstanceStorageConfigRequest,
) -> Result<shapes::AssociateInstanceStorageConfigResponse, Halt> {
    let answer =
        |id: StorageConfigId| shapes::AssociateInstanceStorageConfigResponse { association_id: Some(id.to_string()) };
    if let Some(id) = tx.replayed()? {
        return Ok(answer(StorageConfigId(id)));
    }
    let resource_type = input.resource_type.as_str();
    if let Some(taken) = tx.list::<StorageConfig>().iter().find(|config| config.resource_type == resource_type) {
        let text = format!(
            "{resource_type} has the storage config {} already; take it away by DisassociateInstanceStorageConfig first",
            taken.id
        );
        return Err(ApiError::new("ResourceConflictException", text).into());
    }
    let storage = accept(&input.storage_config)?;
    let id = StorageConfigId(tx.new_id());
    tx.put(StorageConfig { id, resource_type: resource_type.to_owned(), storage });
    tx.made(id.0);
    Ok(answer(id))
}

/// Checks that exactly the configuration of the storage type is there.
fn accept(given: &shapes::InstanceStorageConfig) -> Result<Storage, ApiError> {
    let parts = [
        (shapes::StorageType::S3, "S3Config", given.s3_config.is_some()),
        (
            shapes::StorageType::KinesisVideoStream,
            "KinesisVideoStreamConfig",
            given.kinesis_video_stream_config.is_some(),
        ),
        (shapes::StorageType::KinesisStream, "KinesisStreamConfig", given.kinesis_stream_config.is_some()),
        (shapes::StorageType::KinesisFirehose, "KinesisFirehoseConfig", given.kinesis_firehose_config.is_some()),
    ];
    for (kind, member, is_given) in parts {
        let wanted = kind == given.storage_type;
        if wanted != is_given {
            let way_out = if wanted { "needs" } else { "does not take" };
            return Err(ApiError::invalid_request(format!(
                "StorageType {} {way_out} StorageConfig.{member}",
                given.storage_type
            )));
        }
    }
    let encryption = |config: &shapes::EncryptionConfig| Encryption {
        kind: config.encryption_type.as_str().to_owned(),
        key_id: config.key_id.clone(),
    };
    if let Some(config) = &given.s3_config {
        return Ok(Storage::S3 {
            bucket: config.bucket_name.clone(),
            prefix: config.bucket_prefix.clone(),
            encryption: config.encryption_config.as_ref().map(encryption),
        });
    }
    if let Some(config) = &given.kinesis_video_stream_config {
        return Ok(Storage::KinesisVideoStream {
            prefix: config.prefix.clone(),
            retention_hours: config.retention_period_hours.unsigned_abs(),
            encryption: Some(encryption(&config.encryption_config)),
        });
    }
    if let Some(config) = &given.kinesis_stream_config {
        return Ok(Storage::KinesisStream { arn: config.stream_arn.clone() });
    }
    let config = given.kinesis_firehose_config.as_ref().expect("one of the four is there, the loop above saw to it");
    Ok(Storage::KinesisFirehose { arn: config.firehose_arn.clone() })
}

fn shown(config: &StorageConfig) -> shapes::InstanceStorageConfig {
    let encryption = |encryption: &Encryption| shapes::EncryptionConfig {
        encryption_type: super::resource::same(&encryption.kind),
        key_id: encryption.key_id.clone(),
    };
    let of_type = |storage_type| shapes::InstanceStorageConfig {
        association_id: Some(config.id.to_string()),
        storage_type,
        s3_config: None,
        kinesis_video_stream_config: None,
        kinesis_stream_config: None,
        kinesis_firehose_config: None,
    };
    match &config.storage {
        Storage::S3 { bucket, prefix, encryption: given } => shapes::InstanceStorageConfig {
            s3_config: Some(shapes::S3Config {
                bucket_name: bucket.clone(),
                bucket_prefix: prefix.clone(),
                encryption_config: given.as_ref().map(encryption),
            }),
            ..of_type(shapes::StorageType::S3)
        },
        Storage::KinesisVideoStream { prefix, retention_hours, encryption: given } => shapes::InstanceStorageConfig {
            kinesis_video_stream_config: given.as_ref().map(|given| shapes::KinesisVideoStreamConfig {
                prefix: prefix.clone(),
                retention_period_hours: i32::try_from(*retention_hours).unwrap_or(i32::MAX),
                encryption_config: encryption(given),
            }),
            ..of_type(shapes::StorageType::KinesisVideoStream)
        },
        Storage::KinesisStream { arn } => shapes::InstanceStorageConfig {
            kinesis_stream_config: Some(shapes::KinesisStreamConfig { stream_arn: arn.clone() }),
            ..of_type(shapes::StorageType::KinesisStream)
        },
        Storage::KinesisFirehose { arn } => shapes::InstanceStorageConfig {
            kinesis_firehose_config: Some(shapes::KinesisFirehoseConfig { firehose_arn: arn.clone() }),
            ..of_type(shapes::StorageType::KinesisFirehose)
        },
    }
}

/// The association of an id, if it is one of this kind of content.
fn load_association(
    tx: &Tx<'_>,
    id: &str,
    resource_type: shapes::InstanceStorageResourceType,
) -> Result<Arc<StorageConfig>, ApiError> {
    let config = load::<StorageConfig>(tx, id)?;
    if config.resource_type == resource_type.as_str() {
        Ok(config)
    } else {
        Err(resource_not_found(&format!("{} of {resource_type}", StorageConfig::NAME), id))
    }
}

/// Shows a storage place.
pub(crate) fn describe_instance_storage_config(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeInstanceStorageConfigRequest,
) -> Result<shapes::DescribeInstanceStorageConfigResponse, Halt> {
    let config = load_association(tx, &input.association_id, input.resource_type)?;
    Ok(shapes::DescribeInstanceStorageConfigResponse { storage_config: Some(shown(&config)) })
}

/// Lists the storage places of a kind of content.
pub(crate) fn list_instance_storage_configs(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListInstanceStorageConfigsRequest,
) -> Result<shapes::ListInstanceStorageConfigsResponse, Halt> {
    let of_type = |config: &Arc<StorageConfig>| config.resource_type == input.resource_type.as_str();
    let configs = tx.list::<StorageConfig>().into_iter().filter(of_type);
    let page = page(configs, input.next_token.as_deref(), input.max_results)?;
    Ok(shapes::ListInstanceStorageConfigsResponse {
        storage_configs: Some(page.items.iter().map(|config| shown(config)).collect()),
        next_token: page.next_token,
    })
}

/// Replaces the storage place of a kind of content. What is stored in the old one stays there.
pub(crate) fn update_instance_storage_config(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateInstanceStorageConfigRequest,
) -> Result<api::Empty, Halt> {
    if tx.replayed()?.is_some() {
        return Ok(api::Empty {});
    }
    let mut config = StorageConfig::clone(&*load_association(tx, &input.association_id, input.resource_type)?);
    config.storage = accept(&input.storage_config)?;
    tx.made(config.id.0);
    tx.put(config);
    Ok(api::Empty {})
}

/// Takes the storage place away. What is stored there stays there. The same token takes it away once.
pub(crate) fn disassociate_instance_storage_config(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DisassociateInstanceStorageConfigRequest,
) -> Result<api::Empty, Halt> {
    if tx.replayed()?.is_some() {
        return Ok(api::Empty {});
    }
    let id = load_association(tx, &input.association_id, input.resource_type)?.id;
    tx.delete::<StorageConfig>(id.as_bytes());
    tx.made(id.0);
    Ok(api::Empty {})
}
