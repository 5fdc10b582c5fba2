//! Users: agents and administrators.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use crate::id::{HierarchyGroupId, RoutingProfileId, SecurityProfileId, UserId};
use crate::name::named_enum;
use crate::routing_profile::Channel;
use crate::tag::Tags;
use crate::time::Timestamp;

/// Who a user is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Identity {
    /// Given name.
    #[n(0)]
    pub first_name: Option<String>,
    /// Family name.
    #[n(1)]
    pub last_name: Option<String>,
    /// Mail address.
    #[n(2)]
    pub email: Option<String>,
    /// Second mail address.
    #[n(3)]
    pub secondary_email: Option<String>,
    /// Mobile number, E.164.
    #[n(4)]
    pub mobile: Option<String>,
}

named_enum! {
    /// What kind of phone an agent uses: kept for answers, without meaning for tasks.
    PhoneType {
        /// In the browser.
        SoftPhone = 0 "SOFT_PHONE",
        /// A desk phone.
        DeskPhone = 1 "DESK_PHONE",
    }
}

/// Phone settings, the older of the two ways to set auto-accept and after contact work.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PhoneConfig {
    /// Kind of phone.
    #[n(0)]
    pub phone_type: PhoneType,
    /// Whether contacts are accepted without a click.
    #[n(1)]
    pub auto_accept: bool,
    /// After contact work time in seconds; 0 lasts until the agent closes the contact.
    #[n(2)]
    pub after_contact_work_seconds: u32,
    /// Desk phone number.
    #[n(3)]
    pub desk_phone_number: Option<String>,
    /// Kept for answers.
    #[n(4)]
    pub persistent_connection: Option<bool>,
}

/// One skill of an agent.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Proficiency {
    /// Predefined attribute.
    #[n(0)]
    pub attribute: String,
    /// Its value.
    #[n(1)]
    pub value: String,
    /// 1 to 5.
    #[n(2)]
    pub level: f32,
}

/// A user of an instance.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct User {
    /// Its id.
    #[n(0)]
    pub id: UserId,
    /// Unique sign-in name.
    #[n(1)]
    pub username: String,
    /// Password hash in PHC form; none for users who sign in elsewhere.
    #[n(2)]
    pub password_hash: Option<String>,
    /// Who it is.
    #[n(3)]
    pub identity: Identity,
    /// Phone settings.
    #[n(4)]
    pub phone: Option<PhoneConfig>,
    /// Id in an external directory.
    #[n(5)]
    pub directory_user_id: Option<String>,
    /// What the user may do in the pages.
    #[n(6)]
    pub security_profiles: BTreeSet<SecurityProfileId>,
    /// What work the user gets.
    #[n(7)]
    pub routing_profile: RoutingProfileId,
    /// Place in the hierarchy.
    #[n(8)]
    pub hierarchy_group: Option<HierarchyGroupId>,
    /// Skills.
    #[n(9)]
    pub proficiencies: Vec<Proficiency>,
    /// Tags of the resource.
    #[n(10)]
    pub tags: Tags,
    /// Last change.
    #[n(11)]
    pub last_modified: Timestamp,
    /// Settings by channel, which go before those of [`User::phone`].
    #[n(12)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub channels: Vec<ChannelConfig>,
}

/// Settings of a user for one channel (UpdateUserConfig).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ChannelConfig {
    /// The channel.
    #[n(0)]
    pub channel: Channel,
    /// Whether contacts are accepted without a click.
    #[n(1)]
    pub auto_accept: Option<bool>,
    /// After contact work time in seconds; 0 lasts until the agent closes the contact.
    #[n(2)]
    pub after_contact_work_seconds: Option<u32>,
    /// AgentFirstCallbackAutoAccept: kept for answers.
    #[n(3)]
    pub callback_auto_accept: Option<bool>,
    /// Limit of AgentFirstCallbackAfterContactWorkConfig: kept for answers.
    #[n(4)]
    pub callback_after_contact_work_seconds: Option<u32>,
}

impl User {
    fn channel(&self, channel: Channel) -> Option<&ChannelConfig> {
        self.channels.iter().find(|config| config.channel == channel)
    }

    /// Whether contacts of a channel are accepted without a click.
    pub fn auto_accepts(&self, channel: Channel) -> bool {
        let of_phone = || self.phone.as_ref().is_some_and(|phone| phone.auto_accept);
        self.channel(channel).and_then(|config| config.auto_accept).unwrap_or_else(of_phone)
    }

    /// After contact work time on a channel in seconds; 0 lasts until the agent closes the contact.
    pub fn after_contact_work_seconds(&self, channel: Channel) -> u32 {
        let of_phone = || self.phone.as_ref().map_or(0, |phone| phone.after_contact_work_seconds);
        self.channel(channel).and_then(|config| config.after_contact_work_seconds).unwrap_or_else(of_phone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_a_channel_go_before_those_of_the_phone() {
        let phone = PhoneConfig {
            phone_type: PhoneType::SoftPhone,
            auto_accept: true,
            after_contact_work_seconds: 90,
            desk_phone_number: None,
            persistent_connection: None,
        };
        let channel = |auto_accept, after_contact_work_seconds| ChannelConfig {
            channel: Channel::Task,
            auto_accept,
            after_contact_work_seconds,
            callback_auto_accept: None,
            callback_after_contact_work_seconds: None,
        };
        let table = [
            (None, vec![], (false, 0)),
            (Some(phone.clone()), vec![], (true, 90)),
            (Some(phone.clone()), vec![channel(Some(false), Some(5))], (false, 5)),
            (Some(phone), vec![channel(None, Some(0))], (true, 0)),
            (None, vec![channel(Some(true), None)], (true, 0)),
        ];
        for (phone, channels, expected) in table {
            let user = User {
                id: UserId::from_bytes([1; 16]),
                username: "ann".into(),
                password_hash: None,
                identity: Identity::default(),
                phone,
                directory_user_id: None,
                security_profiles: BTreeSet::new(),
                routing_profile: RoutingProfileId::from_bytes([1; 16]),
                hierarchy_group: None,
                proficiencies: Vec::new(),
                tags: Tags::new(),
                last_modified: Timestamp(0),
                channels,
            };
            let found = (user.auto_accepts(Channel::Task), user.after_contact_work_seconds(Channel::Task));
            assert_eq!(found, expected, "{:?} {:?}", user.phone, user.channels);
        }
    }
}
