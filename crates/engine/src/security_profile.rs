//! Security profiles: what a user may do in the pages.

use minicbor::{Decode, Encode};

use crate::id::{HierarchyGroupId, SecurityProfileId};
use crate::tag::Tags;
use crate::time::Timestamp;

/// Permissions on one third-party application.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Application {
    /// Namespace of the application.
    #[n(0)]
    pub namespace: String,
    /// Permissions in it.
    #[n(1)]
    pub permissions: Vec<String>,
}

/// A security profile of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SecurityProfile {
    /// Its id.
    #[n(0)]
    pub id: SecurityProfileId,
    /// Unique in the instance.
    #[n(1)]
    pub name: String,
    /// Free text.
    #[n(2)]
    pub description: Option<String>,
    /// Permissions by name.
    #[n(3)]
    pub permissions: Vec<String>,
    /// Tags that a resource must carry for the permissions to reach it.
    #[n(4)]
    pub allowed_access_control_tags: Tags,
    /// Kinds of resource that the tags restrict.
    #[n(5)]
    pub tag_restricted_resources: Vec<String>,
    /// Kinds of resource that the hierarchy restricts.
    #[n(6)]
    pub hierarchy_restricted_resources: Vec<String>,
    /// Hierarchy group that the permissions reach.
    #[n(7)]
    pub allowed_hierarchy_group: Option<HierarchyGroupId>,
    /// Third-party applications.
    #[n(8)]
    pub applications: Vec<Application>,
    /// Tags of the resource.
    #[n(9)]
    pub tags: Tags,
    /// Last change.
    #[n(10)]
    pub last_modified: Timestamp,
}
