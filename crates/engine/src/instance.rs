//! Instances.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::id::InstanceId;
use crate::name::named_enum;
use crate::tag::Tags;
use crate::time::Timestamp;

named_enum! {
    /// How far an instance is.
    InstanceStatus {
        /// Its default resources are being made.
        CreationInProgress = 0 "CREATION_IN_PROGRESS",
        /// In use.
        Active = 1 "ACTIVE",
        /// It could not be made.
        CreationFailed = 2 "CREATION_FAILED",
    }
}

named_enum! {
    /// Where users sign in.
    IdentityManagement {
        /// By SAML.
        Saml = 0 "SAML",
        /// By name and password here.
        ConnectManaged = 1 "CONNECT_MANAGED",
        /// In an existing directory.
        ExistingDirectory = 2 "EXISTING_DIRECTORY",
    }
}

/// The InstanceAttributeType values and what a new instance has for them (observed-errors.md section 6). The first two
/// are given by the creator.
pub const INSTANCE_ATTRIBUTES: &[(&str, bool)] = &[
    ("INBOUND_CALLS", true),
    ("OUTBOUND_CALLS", true),
    ("CONTACTFLOW_LOGS", false),
    ("CONTACT_LENS", true),
    ("AUTO_RESOLVE_BEST_VOICES", true),
    ("USE_CUSTOM_TTS_VOICES", false),
    ("EARLY_MEDIA", true),
    ("MULTI_PARTY_CONFERENCE", false),
    ("HIGH_VOLUME_OUTBOUND", false),
    ("ENHANCED_CONTACT_MONITORING", false),
    ("ENHANCED_CHAT_MONITORING", false),
    ("MULTI_PARTY_CHAT_CONFERENCE", false),
    ("MESSAGE_STREAMING", false),
];

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Instance {
    /// Its id.
    #[n(0)]
    pub id: InstanceId,
    /// Unique name; none for instances of an existing directory.
    #[n(1)]
    pub alias: Option<String>,
    /// How far it is.
    #[n(2)]
    pub status: InstanceStatus,
    /// Why it failed.
    #[n(3)]
    pub status_reason: Option<String>,
    /// Where users sign in.
    #[n(4)]
    pub identity_management: IdentityManagement,
    /// Directory of an instance with an existing one.
    #[n(5)]
    pub directory_id: Option<String>,
    /// Values by name of [`INSTANCE_ATTRIBUTES`].
    #[n(6)]
    pub attributes: BTreeMap<String, bool>,
    /// Tags of the resource.
    #[n(7)]
    pub tags: Tags,
    /// When it was asked for.
    #[n(8)]
    pub created: Timestamp,
}
