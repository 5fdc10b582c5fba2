//! Users. Making one makes its agent queue too.
//!
//! A password is asked for and judged, and not kept: nobody can sign in with one yet, and a secret that nobody needs is
//! not stored.
//!
//! Facts: `control-plane.md` section 2, `observed-errors.md` E-U1, E-U2, O12 and O17, `routing.md` section 1.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::shapes;
use engine::arn::Resource;
use engine::instance::IdentityManagement;
use engine::queue::{Queue, QueueKind, QueueStatus};
use engine::routing_profile::RoutingProfile;
use engine::security_profile::SecurityProfile;
use engine::user::{Identity, PhoneConfig, PhoneType, User};
use engine::{QueueId, UserId};
use store::{KeyId, Kind};

use super::defaults;
use super::resource::{load, same, shown};
use super::tag::new_tags;
use crate::call::Call;
use crate::error::{ApiError, Halt, resource_not_found};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

in_instance!(shapes::CreateUserRequest, shapes::DescribeUserRequest, shapes::ListUsersRequest);

impl Record for User {
    const KIND: Kind = kinds::USER;
    const NAME: &'static str = "user";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

fn arn(tx: &Tx<'_>, id: UserId) -> String {
    tx.arn_scope().arn(Resource::User(id))
}

/// Makes a user, and the queue that holds what is for this user alone.
pub(crate) fn create_user(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateUserRequest,
) -> Result<shapes::CreateUserResponse, Halt> {
    let users = tx.list::<User>();
    if users.iter().any(|user| user.username == input.username) {
        return Err(ApiError::duplicate(format!(
            "The user {} is already associated with the Amazon Connect instance {}; choose another username",
            input.username,
            tx.arn_scope().instance
        ))
        .into());
    }
    super::refuse_over_quota("users", users.len(), tx.settings().quotas.users)?;
    check_sign_in(tx, input)?;
    refuse_channel_configs(input)?;
    if let Some(group) = &input.hierarchy_group_id {
        return Err(resource_not_found("hierarchy group", group).into());
    }
    let routing_profile = load::<RoutingProfile>(tx, &input.routing_profile_id)?.id;
    let mut security_profiles = BTreeSet::new();
    for given in &input.security_profile_ids {
        security_profiles.insert(load::<SecurityProfile>(tx, given)?.id);
    }
    let identity = input.identity_info.clone().unwrap_or_default();
    let id = UserId(tx.new_id());
    let user = User {
        id,
        username: input.username.clone(),
        password_hash: None,
        identity: Identity {
            first_name: identity.first_name,
            last_name: identity.last_name,
            email: identity.email,
            secondary_email: identity.secondary_email,
            mobile: identity.mobile,
        },
        phone: input.phone_config.as_ref().map(phone),
        directory_user_id: Some(input.directory_user_id.clone().unwrap_or_else(|| id.to_string())),
        security_profiles,
        routing_profile,
        hierarchy_group: None,
        proficiencies: Vec::new(),
        tags: new_tags(input.tags.as_ref())?,
        last_modified: tx.now,
        channels: Vec::new(),
    };
    tx.put(agent_queue(tx, id));
    tx.put(user);
    Ok(shapes::CreateUserResponse { user_id: Some(id.to_string()), user_arn: Some(arn(tx, id)) })
}

/// A password is for instances that manage their users themselves, and only for those; a name that a directory gives
/// may be longer (`control-plane.md` section 2).
fn check_sign_in(tx: &Tx<'_>, input: &shapes::CreateUserRequest) -> Result<(), ApiError> {
    const USERNAME_CHARACTERS_MAX: usize = 20;
    const SAML_USERNAME_CHARACTERS_MAX: usize = 64;
    let managed_here =
        defaults::identity_management(tx).is_none_or(|identity| identity == IdentityManagement::ConnectManaged);
    let saml = defaults::identity_management(tx) == Some(IdentityManagement::Saml);
    if managed_here && input.password.is_none() {
        return Err(ApiError::invalid_request("Required parameter missing: Password"));
    }
    if !managed_here && input.password.is_some() {
        let text = "Password cannot be given: the users of this instance sign in elsewhere";
        return Err(ApiError::invalid_request(text));
    }
    let max = if saml { SAML_USERNAME_CHARACTERS_MAX } else { USERNAME_CHARACTERS_MAX };
    let length = input.username.chars().count();
    if length > max {
        let text = format!("Invalid parameter:  Username has {length} characters; give at most {max}");
        return Err(ApiError::invalid_parameter(text));
    }
    Ok(())
}

/// The queue of an agent: nameless, without hours, bounded by the engine's own limit.
fn agent_queue(tx: &Tx<'_>, user: UserId) -> Queue {
    Queue {
        id: QueueId::of_agent(user),
        kind: QueueKind::Agent,
        name: String::new(),
        description: None,
        hours: None,
        max_contacts: None,
        status: QueueStatus::Enabled,
        quick_connects: BTreeSet::new(),
        outbound_caller: None,
        tags: engine::tag::Tags::new(),
        last_modified: tx.now,
    }
}

/// PhoneConfig holds the settings that matter to tasks; the newer members, one for each channel, are not kept, and so
/// are refused rather than forgotten.
fn refuse_channel_configs(input: &shapes::CreateUserRequest) -> Result<(), ApiError> {
    let given = [
        ("AutoAcceptConfigs", input.auto_accept_configs.is_some()),
        ("AfterContactWorkConfigs", input.after_contact_work_configs.is_some()),
        ("PhoneNumberConfigs", input.phone_number_configs.is_some()),
        ("PersistentConnectionConfigs", input.persistent_connection_configs.is_some()),
        ("VoiceEnhancementConfigs", input.voice_enhancement_configs.is_some()),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        Some((member, _)) => Err(ApiError::invalid_request(format!(
            "{member} is not supported: give the settings of the agent in PhoneConfig"
        ))),
        None => Ok(()),
    }
}

fn phone(given: &shapes::UserPhoneConfig) -> PhoneConfig {
    PhoneConfig {
        phone_type: given.phone_type.map_or(PhoneType::SoftPhone, |kind| same(kind.as_str())),
        auto_accept: given.auto_accept.unwrap_or(false),
        after_contact_work_seconds: given.after_contact_work_time_limit.unwrap_or(0).unsigned_abs(),
        desk_phone_number: given.desk_phone_number.clone(),
        persistent_connection: given.persistent_connection,
    }
}

/// Shows a user.
pub(crate) fn describe_user(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeUserRequest,
) -> Result<shapes::DescribeUserResponse, Halt> {
    let user = load::<User>(tx, &input.user_id)?;
    let identity = shapes::UserIdentityInfo {
        first_name: user.identity.first_name.clone(),
        last_name: user.identity.last_name.clone(),
        email: user.identity.email.clone(),
        secondary_email: user.identity.secondary_email.clone(),
        mobile: user.identity.mobile.clone(),
    };
    let phone = |phone: &PhoneConfig| shapes::UserPhoneConfig {
        phone_type: Some(same(phone.phone_type.as_str())),
        auto_accept: Some(phone.auto_accept),
        after_contact_work_time_limit: i32::try_from(phone.after_contact_work_seconds).ok(),
        desk_phone_number: phone.desk_phone_number.clone(),
        persistent_connection: phone.persistent_connection,
    };
    let shown = shapes::User {
        id: Some(user.id.to_string()),
        arn: Some(arn(tx, user.id)),
        username: Some(user.username.clone()),
        identity_info: (user.identity != Identity::default()).then_some(identity),
        phone_config: user.phone.as_ref().map(phone),
        directory_user_id: user.directory_user_id.clone(),
        security_profile_ids: Some(user.security_profiles.iter().map(ToString::to_string).collect()),
        routing_profile_id: Some(user.routing_profile.to_string()),
        hierarchy_group_id: user.hierarchy_group.map(|group| group.to_string()),
        tags: Some(user.tags.clone()),
        last_modified_time: shown(user.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
        ..shapes::User::default()
    };
    Ok(shapes::DescribeUserResponse { user: Some(shown) })
}

/// Lists users.
pub(crate) fn list_users(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListUsersRequest,
) -> Result<shapes::ListUsersResponse, Halt> {
    let page = page(tx.list::<User>(), input.next_token.as_deref(), input.max_results)?;
    let summary = |user: &Arc<User>| shapes::UserSummary {
        id: Some(user.id.to_string()),
        arn: Some(arn(tx, user.id)),
        username: Some(user.username.clone()),
        last_modified_time: shown(user.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    };
    Ok(shapes::ListUsersResponse {
        user_summary_list: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
    })
}
