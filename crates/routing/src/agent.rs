//! Agents as routing sees them.

use engine::agent::Agent;
use engine::agent_status::AgentStatusKind;
use engine::routing_profile::{AgentAvailabilityTimer, Channel};
use engine::{ContactId, Timestamp, UserId};

use crate::arena::Idx;
use crate::expression::Skills;
use crate::lane::Group;
use crate::profile::{CHANNELS, Channels, Profile};

/// What agents are taken by: fewest contacts over all channels, then idle longest (routing.md section 3, step 6). Equal ones by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    pub(crate) contacts: u32,
    pub(crate) idle_since: Timestamp,
    pub(crate) user: UserId,
    pub(crate) seat: Idx<Seat>,
}

/// What routing knows of an agent's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) status: AgentStatusKind,
    pub(crate) awaits_status: bool,
    pub(crate) is_absent: bool,
    pub(crate) is_full: bool,
    pub(crate) is_routable: bool,
    /// Slots taken, by channel.
    pub(crate) active: [u32; CHANNELS],
    has_contacts: bool,
    last_activity: Timestamp,
    last_inbound: Timestamp,
    /// Contacts of which an uncleared entry is left.
    pub(crate) uncleared: Vec<ContactId>,
}

impl Work {
    pub(crate) fn of(agent: &Agent) -> Work {
        let mut active = [0; CHANNELS];
        for entry in agent.contacts.iter().filter(|entry| entry.state.is_active() || cfg!(feature = "mutant-slot-leak"))
        {
            active[entry.channel as usize] += 1;
        }
        Work {
            status: agent.status.kind,
            awaits_status: agent.next.is_some(),
            is_absent: agent.is_absent(),
            is_full: agent.is_full(),
            is_routable: agent.is_routable(),
            active,
            has_contacts: agent.contacts.iter().any(|entry| !entry.state.is_uncleared()),
            last_activity: agent.last_activity,
            last_inbound: agent.last_inbound,
            uncleared: agent
                .contacts
                .iter()
                .filter(|entry| entry.state.is_uncleared())
                .map(|entry| entry.contact)
                .collect(),
        }
    }

    /// Available, working or in after contact work (routing.md section 4).
    pub(crate) fn is_staffed(&self) -> bool {
        self.is_routable || self.is_online() && self.has_contacts
    }

    /// In any status but Offline.
    pub(crate) fn is_online(&self) -> bool {
        self.status != AgentStatusKind::Offline
    }

    fn idle_since(&self, timer: Option<AgentAvailabilityTimer>) -> Timestamp {
        match timer.unwrap_or(AgentAvailabilityTimer::SinceLastActivity) {
            AgentAvailabilityTimer::SinceLastActivity => self.last_activity,
            AgentAvailabilityTimer::SinceLastInbound => self.last_inbound,
        }
    }
}

/// Where an agent stands among those of the profile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) turn: Turn,
    /// Channels of which the agent can be offered a contact.
    pub(crate) open: Channels,
}

/// A user, and the agent the user is when at work.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) user: UserId,
    pub(crate) profile: Option<Idx<Profile>>,
    pub(crate) skills: Skills,
    pub(crate) work: Option<Work>,
    /// None while the agent is not at work, or has no profile.
    pub(crate) place: Option<Place>,
    /// Contacts not to be offered: those with an uncleared entry, and those that were declined since the agent last changed.
    pub(crate) without: Vec<ContactId>,
    /// Changed groups that this agent answers for: they are looked at again when the agent changes.
    pub(crate) claims: Vec<Idx<Group>>,
}

impl Seat {
    pub(crate) fn new(user: UserId) -> Seat {
        Seat {
            user,
            profile: None,
            skills: Skills::default(),
            work: None,
            place: None,
            without: Vec::new(),
            claims: Vec::new(),
        }
    }

    pub(crate) fn set_work(&mut self, work: Work) {
        self.without.clone_from(&work.uncleared);
        self.work = Some(work);
    }

    /// Where the agent stands with this profile.
    pub(crate) fn place_in(&self, seat: Idx<Seat>, profile: &Profile) -> Option<Place> {
        let work = self.work.as_ref()?;
        let open = if work.is_routable { profile.open(&work.active) } else { Channels::default() };
        let contacts = work.active.iter().sum();
        Some(Place { turn: Turn { contacts, idle_since: work.idle_since(profile.timer), user: self.user, seat }, open })
    }

    pub(crate) fn is_open(&self, channel: Channel) -> bool {
        self.place.is_some_and(|place| place.open.has(channel))
    }
}
