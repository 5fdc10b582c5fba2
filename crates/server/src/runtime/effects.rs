//! Performing effects: outside the loops, after the commit that asked for them.

use std::sync::Arc;

use engine::InstanceId;
use engine::instance::IdentityManagement;
use service::{
    AttachmentJob, AttachmentOutcome, Effect, EffectId, EffectOutcome, EffectRecord, FunctionJob, Input, Request,
};
use store::{Deleted, Epoch, Scope, Step};
use tokio::sync::oneshot;

use super::DELETE_ROWS_MAX;
use super::shared::Shared;
use super::worker::Message;
use crate::attachments::{Download, Outcome};

/// Real time after which an effect that was interrupted is performed again.
const AGAIN_AFTER: std::time::Duration = std::time::Duration::from_secs(5);

/// Performs an effect; its loop hears what came of it.
pub fn perform(shared: &Arc<Shared>, scope: Scope, record: EffectRecord) {
    let shared = Arc::clone(shared);
    let tokio = shared.tokio.clone();
    tokio.spawn(async move {
        let outcome = match record.effect {
            Effect::CreateDefaults { instance, identity_management } => {
                create_defaults(&shared, instance, identity_management).await
            }
            Effect::DeleteRecords { instance } => match delete_records(&shared, Scope(instance.0)).await {
                EffectOutcome::Done => delete_folders(&shared, vec![instance.to_string()]).await,
                other => other,
            },
            Effect::FetchAttachment { job } => fetch_attachment(&shared, scope, &job).await,
            Effect::CallFunction { job } => call_function(&shared, &job).await,
            Effect::DeleteFiles { contacts } => {
                let folders = contacts.iter().map(|contact| format!("{}/{contact}", scope.0)).collect();
                delete_folders(&shared, folders).await
            }
        };
        if outcome == EffectOutcome::Interrupted {
            tokio::time::sleep(AGAIN_AFTER).await;
        }
        done(&shared, scope, record.id, outcome);
    });
}

fn done(shared: &Shared, scope: Scope, id: EffectId, outcome: EffectOutcome) {
    shared.send(scope, Message::Input(scope, Input::EffectDone(id, outcome)));
}

async fn create_defaults(shared: &Shared, instance: InstanceId, identity: IdentityManagement) -> EffectOutcome {
    match shared.call(Scope(instance.0), Request::create_defaults(instance, identity)).await {
        Ok(_) => EffectOutcome::Done,
        Err(error) => {
            tracing::error!(instance.id = %instance, cause = ?error.cause, "Creating the defaults of {instance} failed: {error}");
            if error.exception == "InternalServiceException" {
                // The store did not take it, or the server is stopping.
                return EffectOutcome::Interrupted;
            }
            EffectOutcome::Failed { reason: error.message }
        }
    }
}

/// Closes the instance's loop and deletes its records, in steps between commits.
async fn delete_records(shared: &Arc<Shared>, scope: Scope) -> EffectOutcome {
    let (closed, is_closed) = oneshot::channel();
    shared.send(scope, Message::Close(scope, closed));
    if is_closed.await.is_err() {
        return EffectOutcome::Interrupted;
    }
    let (over, is_over) = oneshot::channel();
    let mut over = Some(over);
    let mut finish = move |outcome| {
        if let Some(over) = over.take() {
            // Nobody waits any more if the send fails.
            let _ = over.send(outcome);
        }
        Step::Over
    };
    let job = move |store: &dyn store::Store| match store.delete_scope(scope, Epoch::FIRST, DELETE_ROWS_MAX) {
        Ok(Deleted::Some) => Step::Again,
        Ok(Deleted::All) => finish(EffectOutcome::Done),
        Err(error) => {
            tracing::error!(%scope, "Deleting the records of {scope} failed, and is tried again: {error}");
            finish(EffectOutcome::Interrupted)
        }
    };
    if shared.writer.run_between(Box::new(job)).is_err() {
        return EffectOutcome::Interrupted;
    }
    is_over.await.unwrap_or(EffectOutcome::Interrupted)
}

/// Deletes folders of files, for as long as it takes: nothing else knows of them any more.
async fn delete_folders(shared: &Shared, folders: Vec<String>) -> EffectOutcome {
    for folder in folders {
        if let Err(error) = shared.outside.attachments.delete_folder(&folder).await {
            tracing::error!("Deleting the files in {folder} failed, and is tried again: {error:#}");
            return EffectOutcome::Interrupted;
        }
    }
    EffectOutcome::Done
}

async fn fetch_attachment(shared: &Shared, scope: Scope, job: &AttachmentJob) -> EffectOutcome {
    let target = shared.target(host(&job.url));
    let _place = target.acquire().await.expect("the places of a target are never closed");
    let location = format!("{}/{}/{}", scope.0, job.contact, job.file);
    let download = Download { url: &job.url, file_name: &job.file_name, location: &location };
    EffectOutcome::Attachment(match shared.outside.attachments.fetch(&download).await {
        Outcome::Approved { .. } => AttachmentOutcome::Approved,
        Outcome::Rejected { reason } => AttachmentOutcome::Rejected { reason },
        Outcome::Failed { reason } => AttachmentOutcome::Failed { reason },
    })
}

async fn call_function(shared: &Shared, job: &FunctionJob) -> EffectOutcome {
    match shared.outside.functions.call(job).await {
        Ok(answer) => EffectOutcome::Answer(answer),
        Err(failure) => {
            if !job.waits {
                // No flow hears of it.
                let (contact, why) = (job.contact, failure.label());
                tracing::warn!(contact.id = %contact, why, "An asynchronous call of contact {contact} failed: {why}");
            }
            EffectOutcome::Failed { reason: failure.to_string() }
        }
    }
}

/// The host and port of a URL, as far as it can be told; only to count by.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}
