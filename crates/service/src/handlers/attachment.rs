//! Attachments of tasks: names are judged in the call, size and content when the file has been fetched.
//!
//! Facts: `start-task-contact.md` R23 to R25.

use api::shapes;
use engine::FileId;
use engine::contact::{Event, PendingAttachment, ReferenceStatus};
use engine::start_task::attachments;
use engine::storage_config::StorageConfig;

use super::contact::{load_contact, move_contact};
use crate::effect::AttachmentJob;
use crate::error::{ApiError, Halt};
use crate::tx::Tx;

/// The storage type that attachments need.
const ATTACHMENTS: &str = "ATTACHMENTS";

/// Judges the attachments of a request, and names the files that they will be.
pub fn accept(tx: &mut Tx<'_>, given: &[shapes::TaskAttachment]) -> Result<Vec<PendingAttachment>, ApiError> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    attachments::check_names(given.iter().map(|file| file.file_name.as_str()), &tx.settings().attachments.extensions)?;
    for file in given {
        if let Some(why) = tx.settings().attachments.url_judge.refusal(&file.s3_url) {
            return Err(ApiError::invalid_request(format!("S3Url of attachment {:?}: {why}", file.file_name)));
        }
    }
    if !tx.list::<StorageConfig>().iter().any(|config| config.resource_type == ATTACHMENTS) {
        return Err(ApiError::invalid_request(
            "the instance has no storage for attachments; give it one by AssociateInstanceStorageConfig with ResourceType ATTACHMENTS",
        ));
    }
    Ok(given
        .iter()
        .map(|file| PendingAttachment {
            file: FileId(tx.new_id()),
            key: file.file_name.clone(),
            url: file.s3_url.clone(),
        })
        .collect())
}

/// A download has ended.
pub fn settled(
    tx: &mut Tx<'_>,
    job: &AttachmentJob,
    status: ReferenceStatus,
    reason: Option<String>,
) -> Result<(), Halt> {
    let Some(contact) = load_contact(tx, &job.contact)? else { return Ok(()) };
    move_contact(tx, contact, Event::AttachmentSettled { file: job.file, status, reason })
}
