//! Effects: what is done outside the loop, after the commit that asked for it.
//!
//! An effect is a record, written with its cause and deleted with its result, so that a crash between the two does it
//! again. Whoever performs it must bear that.

use engine::instance::IdentityManagement;
use engine::{ContactId, FileId, InstanceId, RunId, Timestamp};
use store::{KeyId, Kind};
use uuid::Uuid;

use crate::kinds;
use crate::record::Record;

/// How often an effect that may be given up is begun again after the process that performed it has ended: it may be what
/// ended it.
pub const EFFECT_RESTARTS_MAX: u32 = 5;

/// Id of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectId(pub Uuid);

/// A file to download for a task.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct AttachmentJob {
    /// The contact that shows it as a reference.
    #[n(0)]
    pub contact: ContactId,
    /// Key of the reference: the file's name.
    #[n(1)]
    pub file_name: String,
    /// Where it is downloaded from. It may hold a signature: it is never logged.
    #[n(2)]
    pub url: String,
    /// Id of the file, under which it is stored.
    #[n(3)]
    pub file: FileId,
}

/// A function to call for a run of a flow.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct FunctionJob {
    /// The contact whose run calls.
    #[n(0)]
    pub contact: ContactId,
    /// The run.
    #[n(1)]
    pub run: RunId,
    /// The step that the run is at.
    #[n(2)]
    pub step: u64,
    /// Equal when the call is made again: what it is made with to tell the function so.
    #[n(3)]
    pub call: String,
    /// The function's ARN, as the flow gives it.
    #[n(4)]
    pub function: String,
    /// The event, as JSON. It holds what the contact holds: it is never logged.
    #[n(5)]
    pub event: String,
    /// How long it may take, with its retries.
    #[n(6)]
    pub seconds: u32,
    /// Whether the run waits for the answer.
    #[n(7)]
    pub waits: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum Effect {
    /// System scope: give a new instance its default resources.
    #[n(0)]
    CreateDefaults {
        /// The instance.
        #[n(0)]
        instance: InstanceId,
        /// Where its users sign in.
        #[n(1)]
        identity_management: IdentityManagement,
    },
    /// System scope: delete all records of an instance that is gone.
    #[n(1)]
    DeleteRecords {
        /// The instance.
        #[n(0)]
        instance: InstanceId,
    },
    /// Download an attachment.
    #[n(2)]
    FetchAttachment {
        /// From where, for which contact.
        #[n(0)]
        job: AttachmentJob,
    },
    /// Delete the files of contacts that are past their retention.
    #[n(3)]
    DeleteFiles {
        /// The contacts.
        #[n(0)]
        contacts: Vec<ContactId>,
    },
    /// Call a function.
    #[n(4)]
    CallFunction {
        /// Which, with what.
        #[n(0)]
        job: FunctionJob,
    },
}

impl Effect {
    /// Whether it may fail for good: somebody hears of it then. What deletes is done in the end, or nobody would ever do it.
    pub(crate) fn may_be_given_up(&self) -> bool {
        match self {
            Effect::CreateDefaults { .. } | Effect::FetchAttachment { .. } | Effect::CallFunction { .. } => true,
            Effect::DeleteRecords { .. } | Effect::DeleteFiles { .. } => false,
        }
    }
}

/// What came of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttachmentOutcome {
    /// It is stored, under its file id.
    Approved,
    /// It is not allowed: too large, or not of its type.
    Rejected {
        /// Why, at most 100 characters.
        reason: String,
    },
    /// It could not be downloaded or stored.
    Failed {
        /// Why, at most 100 characters.
        reason: String,
    },
}

/// What came of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectOutcome {
    /// It is done, and nothing more is to be told.
    Done,
    /// It could not be done, now or ever.
    Failed {
        /// Why.
        reason: String,
    },
    /// What came of a download.
    Attachment(AttachmentOutcome),
    /// What a function answered.
    Answer(String),
    /// It was not done for a reason that passes: it is performed again.
    Interrupted,
}

/// An effect that has no result yet.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct EffectRecord {
    /// Its id.
    #[n(0)]
    pub id: EffectId,
    /// What is to be done.
    #[n(1)]
    pub effect: Effect,
    /// When it was asked for.
    #[n(2)]
    pub since: Timestamp,
    /// How many processes began it and ended before it did; none for 0.
    #[n(3)]
    pub restarts: Option<u32>,
}

impl Record for EffectRecord {
    const KIND: Kind = kinds::EFFECT;
    const NAME: &'static str = "effect";

    fn id(&self) -> KeyId {
        self.id.0.into()
    }
}

impl<C> minicbor::Encode<C> for EffectId {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(self.0.as_bytes())?;
        Ok(())
    }
}

impl<'b, C> minicbor::Decode<'b, C> for EffectId {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let wrong = |_| minicbor::decode::Error::message("an effect's id has 16 bytes");
        Uuid::from_slice(d.bytes()?).map(EffectId).map_err(wrong)
    }
}
