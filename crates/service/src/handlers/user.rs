//! Users. Making one makes its agent queue too.
//!
//! Of a password only the hash is kept, which the call brings along.
//!
//! Facts: `control-plane.md` section 2, `observed-errors.md` E-U1, E-U2, O12 and O17, `routing.md` section 1.

pub(crate) mod proficiency;
pub(crate) mod search;

use std::collections::BTreeSet;
use std::sync::Arc;

use api::shapes;
use engine::agent::{Agent, Event};
use engine::arn::Resource;
use engine::instance::IdentityManagement;
use engine::queue::{Queue, QueueKind, QueueStatus};
use engine::routing_profile::{Channel, RoutingProfile};
use engine::security_profile::SecurityProfile;
use engine::user::{ChannelConfig, Identity, PhoneConfig, PhoneType, User};
use engine::{QueueId, SecurityProfileId, UserId};
use store::{KeyId, Kind};

use super::agent::{configuration_changed, move_agent};
use super::defaults;
use super::resource::{load, same, shown};
use super::tag::new_tags;
use super::user_hierarchy::group;
use crate::call::Call;
use crate::error::{ApiError, Halt};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

in_instance!(
    shapes::CreateUserRequest,
    shapes::DescribeUserRequest,
    shapes::ListUsersRequest,
    shapes::DeleteUserRequest,
    shapes::UpdateUserRoutingProfileRequest,
    shapes::UpdateUserPhoneConfigRequest,
    shapes::UpdateUserConfigRequest,
    shapes::UpdateUserHierarchyRequest,
    shapes::UpdateUserIdentityInfoRequest,
    shapes::UpdateUserSecurityProfilesRequest,
);

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
    call: &Call,
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
    refuse_call_configs([
        ("PhoneNumberConfigs", input.phone_number_configs.is_some()),
        ("PersistentConnectionConfigs", input.persistent_connection_configs.is_some()),
        ("VoiceEnhancementConfigs", input.voice_enhancement_configs.is_some()),
    ])?;
    let settings = ChannelSettings {
        auto_accept: input.auto_accept_configs.as_deref(),
        after_contact_work: input.after_contact_work_configs.as_deref(),
    };
    if input.phone_config.is_some() && (settings.auto_accept.is_some() || settings.after_contact_work.is_some()) {
        let text = "PhoneConfig cannot be given with AutoAcceptConfigs or AfterContactWorkConfigs; give one form";
        return Err(ApiError::invalid_request(text).into());
    }
    let mut channels = Vec::new();
    settings.apply(&mut channels)?;
    let hierarchy_group = group::find(tx, input.hierarchy_group_id.as_deref())?;
    let routing_profile = load::<RoutingProfile>(tx, &input.routing_profile_id)?.id;
    let security_profiles = security_profiles(tx, &input.security_profile_ids)?;
    let id = UserId(tx.new_id());
    let user = User {
        id,
        username: input.username.clone(),
        password_hash: call.password_hash.clone(),
        identity: input.identity_info.as_ref().map(identity).unwrap_or_default(),
        phone: input.phone_config.as_ref().map(phone),
        directory_user_id: Some(input.directory_user_id.clone().unwrap_or_else(|| id.to_string())),
        security_profiles,
        routing_profile,
        hierarchy_group,
        proficiencies: Vec::new(),
        tags: new_tags(input.tags.as_ref())?,
        last_modified: tx.now,
        channels,
    };
    tx.put(agent_queue(tx, id));
    tx.put(user);
    Ok(shapes::CreateUserResponse { user_id: Some(id.to_string()), user_arn: Some(arn(tx, id)) })
}

fn security_profiles(tx: &Tx<'_>, given: &[String]) -> Result<BTreeSet<SecurityProfileId>, ApiError> {
    given.iter().map(|given| Ok(load::<SecurityProfile>(tx, given)?.id)).collect()
}

fn identity(given: &shapes::UserIdentityInfo) -> Identity {
    Identity {
        first_name: given.first_name.clone(),
        last_name: given.last_name.clone(),
        email: given.email.clone(),
        secondary_email: given.secondary_email.clone(),
        mobile: given.mobile.clone(),
    }
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

/// Settings by channel, as CreateUser and UpdateUserConfig give them.
struct ChannelSettings<'a> {
    auto_accept: Option<&'a [shapes::AutoAcceptConfig]>,
    after_contact_work: Option<&'a [shapes::AfterContactWorkConfigPerChannel]>,
}

impl ChannelSettings<'_> {
    /// What is given replaces what was set before; what is not given stays.
    fn apply(&self, channels: &mut Vec<ChannelConfig>) -> Result<(), ApiError> {
        if let Some(given) = self.auto_accept {
            refuse_twice("AutoAcceptConfigs", given.iter().map(|config| config.channel))?;
            for config in channels.iter_mut() {
                (config.auto_accept, config.callback_auto_accept) = (None, None);
            }
            for setting in given {
                let config = of_channel(channels, same(setting.channel.as_str()));
                config.auto_accept = Some(setting.auto_accept);
                config.callback_auto_accept = setting.agent_first_callback_auto_accept;
            }
        }
        if let Some(given) = self.after_contact_work {
            refuse_twice("AfterContactWorkConfigs", given.iter().map(|config| config.channel))?;
            for config in channels.iter_mut() {
                (config.after_contact_work_seconds, config.callback_after_contact_work_seconds) = (None, None);
            }
            let seconds = |config: &shapes::AfterContactWorkConfig| {
                config.after_contact_work_time_limit.unwrap_or(0).unsigned_abs()
            };
            for setting in given {
                let config = of_channel(channels, same(setting.channel.as_str()));
                config.after_contact_work_seconds = Some(seconds(&setting.after_contact_work_config));
                config.callback_after_contact_work_seconds =
                    setting.agent_first_callback_after_contact_work_config.as_ref().map(seconds);
            }
        }
        Ok(())
    }
}

fn of_channel(channels: &mut Vec<ChannelConfig>, channel: Channel) -> &mut ChannelConfig {
    let at = channels.iter().position(|config| config.channel == channel).unwrap_or_else(|| {
        channels.push(ChannelConfig {
            channel,
            auto_accept: None,
            after_contact_work_seconds: None,
            callback_auto_accept: None,
            callback_after_contact_work_seconds: None,
        });
        channels.len() - 1
    });
    &mut channels[at]
}

fn refuse_twice(member: &str, channels: impl Iterator<Item = shapes::Channel>) -> Result<(), ApiError> {
    let mut seen = BTreeSet::new();
    for channel in channels {
        if !seen.insert(channel.as_str()) {
            let text = format!("Invalid parameter:  {member} has channel {} twice; give it once", channel.as_str());
            return Err(ApiError::invalid_parameter(text));
        }
    }
    Ok(())
}

/// Settings of calls are not kept, and so are refused rather than forgotten.
fn refuse_call_configs(given: [(&str, bool); 3]) -> Result<(), ApiError> {
    match given.into_iter().find(|(_, is_given)| *is_given) {
        Some((member, _)) => Err(ApiError::invalid_request(format!(
            "{member} is not supported: leave it out, it is for calls, and there are none here"
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
    let shown = shapes::User {
        id: Some(user.id.to_string()),
        arn: Some(arn(tx, user.id)),
        username: Some(user.username.clone()),
        identity_info: (user.identity != Identity::default()).then_some(identity),
        phone_config: user.phone.as_ref().map(shown_phone),
        directory_user_id: user.directory_user_id.clone(),
        security_profile_ids: Some(user.security_profiles.iter().map(ToString::to_string).collect()),
        routing_profile_id: Some(user.routing_profile.to_string()),
        hierarchy_group_id: user.hierarchy_group.map(|group| group.to_string()),
        tags: Some(user.tags.clone()),
        auto_accept_configs: some(user.channels.iter().filter_map(shown_auto_accept)),
        after_contact_work_configs: some(user.channels.iter().filter_map(shown_after_contact_work)),
        last_modified_time: shown(user.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
        ..shapes::User::default()
    };
    Ok(shapes::DescribeUserResponse { user: Some(shown) })
}

fn shown_phone(phone: &PhoneConfig) -> shapes::UserPhoneConfig {
    shapes::UserPhoneConfig {
        phone_type: Some(same(phone.phone_type.as_str())),
        auto_accept: Some(phone.auto_accept),
        after_contact_work_time_limit: i32::try_from(phone.after_contact_work_seconds).ok(),
        desk_phone_number: phone.desk_phone_number.clone(),
        persistent_connection: phone.persistent_connection,
    }
}

/// A list that is left out of answers when it is empty.
fn some<T>(items: impl Iterator<Item = T>) -> Option<Vec<T>> {
    Some(items.collect::<Vec<T>>()).filter(|items| !items.is_empty())
}

fn shown_auto_accept(config: &ChannelConfig) -> Option<shapes::AutoAcceptConfig> {
    Some(shapes::AutoAcceptConfig {
        channel: same(config.channel.as_str()),
        auto_accept: config.auto_accept?,
        agent_first_callback_auto_accept: config.callback_auto_accept,
    })
}

fn shown_after_contact_work(config: &ChannelConfig) -> Option<shapes::AfterContactWorkConfigPerChannel> {
    let limit =
        |seconds: u32| shapes::AfterContactWorkConfig { after_contact_work_time_limit: i32::try_from(seconds).ok() };
    Some(shapes::AfterContactWorkConfigPerChannel {
        channel: same(config.channel.as_str()),
        after_contact_work_config: limit(config.after_contact_work_seconds?),
        agent_first_callback_after_contact_work_config: config.callback_after_contact_work_seconds.map(limit),
    })
}

/// Changes a user, and tells its agent.
fn change_user(
    tx: &mut Tx<'_>,
    given: &str,
    change: impl FnOnce(&mut User) -> Result<(), Halt>,
) -> Result<api::Empty, Halt> {
    let mut user = User::clone(&*load::<User>(tx, given)?);
    change(&mut user)?;
    user.last_modified = tx.now;
    let id = user.id;
    tx.put(user);
    configuration_changed(tx, id)?;
    Ok(api::Empty {})
}

/// Gives a user another routing profile. Contacts that the agent has stay.
pub(crate) fn update_user_routing_profile(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateUserRoutingProfileRequest,
) -> Result<api::Empty, Halt> {
    let profile = load::<RoutingProfile>(tx, &input.routing_profile_id)?.id;
    change_user(tx, &input.user_id, |user| {
        user.routing_profile = profile;
        Ok(())
    })
}

/// Replaces a user's phone settings.
pub(crate) fn update_user_phone_config(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateUserPhoneConfigRequest,
) -> Result<api::Empty, Halt> {
    change_user(tx, &input.user_id, |user| {
        user.phone = Some(phone(&input.phone_config));
        Ok(())
    })
}

/// Replaces a user's settings by channel, which go before those of the phone.
pub(crate) fn update_user_config(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateUserConfigRequest,
) -> Result<api::Empty, Halt> {
    refuse_call_configs([
        ("PhoneNumberConfigs", input.phone_number_configs.is_some()),
        ("PersistentConnectionConfigs", input.persistent_connection_configs.is_some()),
        ("VoiceEnhancementConfigs", input.voice_enhancement_configs.is_some()),
    ])?;
    let settings = ChannelSettings {
        auto_accept: input.auto_accept_configs.as_deref(),
        after_contact_work: input.after_contact_work_configs.as_deref(),
    };
    change_user(tx, &input.user_id, |user| Ok(settings.apply(&mut user.channels)?))
}

/// Moves a user to another group of the hierarchy; without one, out of it.
pub(crate) fn update_user_hierarchy(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateUserHierarchyRequest,
) -> Result<api::Empty, Halt> {
    let group = group::find(tx, input.hierarchy_group_id.as_deref())?;
    change_user(tx, &input.user_id, |user| {
        user.hierarchy_group = group;
        Ok(())
    })
}

/// Replaces who a user is.
pub(crate) fn update_user_identity_info(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateUserIdentityInfoRequest,
) -> Result<api::Empty, Halt> {
    change_user(tx, &input.user_id, |user| {
        user.identity = identity(&input.identity_info);
        Ok(())
    })
}

/// Replaces what a user may do in the pages.
pub(crate) fn update_user_security_profiles(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateUserSecurityProfilesRequest,
) -> Result<api::Empty, Halt> {
    let profiles = security_profiles(tx, &input.security_profile_ids)?;
    change_user(tx, &input.user_id, |user| {
        user.security_profiles = profiles;
        Ok(())
    })
}

/// Deletes a user and its agent queue. What the agent was offered goes back to its queue; contacts that the agent has
/// go on without, until something ends them.
pub(crate) fn delete_user(tx: &mut Tx<'_>, _: &Call, input: &shapes::DeleteUserRequest) -> Result<api::Empty, Halt> {
    let user = load::<User>(tx, &input.user_id)?.id;
    if tx.get::<Agent>(user.as_bytes()).is_some() {
        move_agent(tx, user, Event::UserDeleted)?;
    }
    let queue = QueueId::of_agent(user);
    let (waiting, _) = tx.queue_depth(&queue);
    if waiting > 0 {
        let text = format!(
            "user {user} cannot be deleted: {waiting} contacts wait for it in its own queue; transfer or stop them first"
        );
        return Err(ApiError::invalid_request(text).into());
    }
    tx.delete::<Agent>(user.as_bytes());
    tx.delete::<Queue>(queue.as_bytes());
    tx.delete::<User>(user.as_bytes());
    Ok(api::Empty {})
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
