//! People who come and go: they sign in, open event streams and lose them, come back in time or too late, and sign out.

use std::collections::{BTreeMap, BTreeSet};

use engine::agent::{Agent, Presence};
use engine::agent_status::AgentStatusKind;
use engine::arn::Resource;
use engine::limits::Limits;
use engine::{ContactId, Timestamp, UserId};
use serde_json::json;
use service::{AgentCommand, Answer, Picture};
use store::Scope;

use super::Simulation;
use crate::Violation;
use crate::connections::{AgentKey, Attendance, Known, SessionId, StreamId, Taken};
use crate::faults::Faults;
use crate::place::Place;
use crate::process::Asked;
use crate::random::Random;

/// Events that are read at a time.
const EVENTS_PAGE: usize = 1_000;

/// What a person or a program does.
#[derive(Clone, Copy, Debug)]
enum Act {
    SignIn,
    /// Opens an event stream, of a session or a program's.
    Follow(Option<SessionId>),
    LoseStream(StreamId),
    MakeRequest(SessionId),
    SignOut(SessionId),
}

impl Simulation {
    /// Somebody signs in or out, or opens or loses an event stream.
    pub(super) fn person_acts(&mut self) {
        let Some(place) = self.a_place() else { return };
        if !self.process().is_active(&place.instance) {
            return;
        }
        let Some(picture) = self.process().picture(Scope(place.instance.0)) else { return };
        let (process, _, random) = self.parts();
        let Some((agent, act)) = act(random, &place, &picture, &process.attendance) else { return };
        self.come_or_go(agent, act);
        let is_offline = picture.agents.get(&agent.user).is_none_or(|it| it.status.kind == AgentStatusKind::Offline);
        if is_offline && matches!(act, Act::Follow(_)) {
            self.command(agent, AgentCommand::SetStatus(place.available));
        }
    }

    fn come_or_go(&mut self, agent: AgentKey, act: Act) {
        let now_ms = self.now_ms;
        let (process, trace, _) = self.parts();
        trace.note(&format!("user {}: {act:?}", agent.user));
        match act {
            Act::SignIn => {
                trace.count("sign-in");
                process.attendance.sign_in(agent, now_ms);
            }
            Act::Follow(session) => {
                trace.count("event stream");
                process.attendance.open(agent, session);
            }
            Act::LoseStream(stream) => {
                trace.count("lost event stream");
                process.attendance.lose(stream, now_ms);
            }
            Act::MakeRequest(session) => process.attendance.use_session(session, now_ms),
            Act::SignOut(session) => {
                trace.count("sign-out");
                process.attendance.end(session);
            }
        }
        process.tell(agent, trace);
    }

    /// Hears what loops answered to the server, and goes on telling.
    pub(super) fn hear(&mut self) -> Result<(), Violation> {
        for (asked, answer) in self.process().take_heard() {
            if let Err(error) = &answer
                && !Faults::explain_refusal(error)
            {
                return Err(Violation(format!("{asked:?} failed without a fault: {error:?}")));
            }
            match asked {
                Asked::Presence(agent) => self.hear_of_presence(agent, &answer)?,
                Asked::Snapshot(stream) => self.hear_of_snapshot(stream, answer),
            }
        }
        Ok(())
    }

    fn hear_of_presence(&mut self, agent: AgentKey, answer: &Answer) -> Result<(), Violation> {
        let outcome = answer.as_ref().map_or_else(|error| error.exception, |_| "done");
        let saying = self.process().attendance.saying(agent).cloned();
        self.trace.note(&format!("  {saying:?} of agent {}: {outcome}", agent.user));
        let taken = match answer {
            Ok(_) => Taken::Heard,
            Err(error) if error.exception == "ResourceNotFoundException" => Taken::NobodyThere,
            Err(_) => Taken::Failed,
        };
        if taken == Taken::Heard && self.process().attendance.signs_out_for_good(agent) {
            let picture = self.process().picture(Scope(agent.instance.0));
            let record = picture.as_ref().and_then(|picture| picture.agents.get(&agent.user));
            record.map_or(Ok(()), check_signed_out)?;
        }
        let now_ms = self.now_ms;
        let (process, trace, _) = self.parts();
        process.attendance.answered(agent, taken, now_ms);
        if taken == Taken::Heard {
            process.tell(agent, trace);
        }
        Ok(())
    }

    /// A stream ends with the first snapshot that cannot be read.
    fn hear_of_snapshot(&mut self, stream: StreamId, answer: Answer) {
        let attendance = &mut self.process().attendance;
        match (answer, attendance.agent_of(stream)) {
            (Ok(snapshot), _) => attendance.show(stream, snapshot),
            (Err(_), Some(agent)) => self.come_or_go(agent, Act::LoseStream(stream)),
            (Err(_), None) => {}
        }
    }

    /// What streams carried last is what is true, when nothing is under way.
    pub(super) fn check_streams(&mut self) -> Result<(), Violation> {
        let carried = self.process().attendance.shown();
        self.process().attendance.read_all_again();
        self.settle()?;
        let is_true = self.process().attendance.shown();
        for (stream, snapshot) in carried {
            self.trace.count("stream at rest");
            match is_true.get(&stream) {
                Some(read) if *read == snapshot => {}
                read => return Err(Violation(format!("{stream:?} carried {snapshot} last, and true is {read:?}"))),
            }
        }
        Ok(())
    }

    /// Whom a contact was just offered to is there.
    pub(super) fn check_presence(
        &self,
        picture: &Picture,
        contact: ContactId,
        now: Timestamp,
    ) -> Result<(), Violation> {
        let offer = picture.contacts.get(&contact).and_then(|contact| contact.offer);
        let agent = offer.and_then(|offer| picture.agents.get(&offer.agent));
        agent.map_or(Ok(()), |agent| check_offered(agent, now, &self.settings.limits))
    }

    /// Presence is what is true, as far as the loop is done with what was due when it was opened.
    pub(super) fn check_people(&mut self, scope: Scope, picture: &Picture) -> Result<(), Violation> {
        let place = self.places.iter().find(|place| place.instance.0 == scope.0);
        let process = self.process.as_ref().expect("there is a process from the start to the end of a run");
        match place.filter(|place| process.is_active(&place.instance) && process.offers_all(scope)) {
            Some(place) if process.report(scope).is_some_and(|report| !report.more) && process.is_durable(scope) => {
                check(place, picture, &process.attendance, process.now(scope))
            }
            _ => Ok(()),
        }
    }

    /// Agent events tell of each LOGIN one LOGOUT, and of nobody else's; so who has no LOGOUT yet is there.
    pub(super) fn check_logins(&self) -> Result<(), Violation> {
        for place in &self.places {
            let arns = self.settings.arn_scope(place.instance);
            let mut there = BTreeSet::new();
            let mut after = 0;
            loop {
                let page = service::read_events(self.store.inner(), &arns, after, EVENTS_PAGE);
                let page = page.map_err(Violation::of)?;
                if page.events.is_empty() {
                    break;
                }
                after = page.next;
                for event in page.events {
                    let agent = || event["Event"]["AgentARN"].to_string();
                    let fits = match event["Event"]["EventType"].as_str() {
                        Some("LOGIN") => there.insert(agent()),
                        Some("LOGOUT") => there.remove(&agent()),
                        _ => true,
                    };
                    if !fits {
                        return Err(Violation(format!("LOGIN and LOGOUT do not come in pairs: {event}")));
                    }
                }
            }
            for agent in self.stored_agents(place)?.values() {
                let arn = json!(arns.arn(Resource::User(agent.user))).to_string();
                let is_there = agent.signed_in.is_some() || agent.presence != Presence::Program;
                if there.contains(&arn) != is_there {
                    let told = if is_there { "no LOGIN" } else { "no LOGOUT" };
                    return Err(Violation(format!("of agent {} {told} was told: {agent:?}", agent.user)));
                }
            }
        }
        Ok(())
    }

    fn stored_agents(&self, place: &Place) -> Result<BTreeMap<UserId, Agent>, Violation> {
        let process = self.process.as_ref().expect("there is a process from the start to the end of a run");
        Ok(process.load(Scope(place.instance.0))?.0.picture().agents)
    }

    /// Streams end, and nobody makes a request. Who was there so far.
    pub(super) fn everybody_leaves(&mut self) -> Result<Vec<AgentKey>, Violation> {
        let mut away = Vec::new();
        for place in self.places.clone() {
            let agents = self.stored_agents(&place)?;
            let was_there = |agent: &&Agent| agent.is_connected() || agent.presence != Presence::Program;
            let users = agents.values().filter(was_there).map(|agent| agent.user);
            away.extend(users.map(|user| AgentKey { instance: place.instance, user }));
        }
        for agent in &away {
            for stream in self.process().attendance.streams(*agent) {
                self.come_or_go(*agent, Act::LoseStream(stream));
            }
        }
        Ok(away)
    }

    /// All who left are signed out by now. Half of them come back, and get what they can.
    pub(super) fn some_come_back(&mut self, away: &[AgentKey]) -> Result<(), Violation> {
        for place in self.places.clone() {
            let agents = self.stored_agents(&place)?;
            for agent in away.iter().filter(|agent| agent.instance == place.instance) {
                agents.get(&agent.user).map_or(Ok(()), check_signed_out)?;
                if self.random.one_in(2) {
                    self.trace.count("return");
                    self.come_or_go(*agent, Act::SignIn);
                    let session = self.process().attendance.sessions(*agent).first().copied();
                    self.come_or_go(*agent, Act::Follow(session));
                    self.command(*agent, AgentCommand::SetStatus(place.available));
                }
            }
        }
        self.settle()?;
        self.check_streams()
    }
}

/// Somebody does something.
fn act(random: &mut Random, place: &Place, picture: &Picture, there: &Attendance) -> Option<(AgentKey, Act)> {
    if !place.has_people {
        return None;
    }
    let users: Vec<_> = picture.users.keys().copied().filter(|user| *user != place.program).collect();
    let agent = AgentKey { instance: place.instance, user: *random.pick(&users)? };
    let (sessions, streams) = (there.sessions(agent), there.streams(agent));
    let (session, stream) = (random.pick(&sessions).copied(), random.pick(&streams).copied());
    let act = match (session, stream, random.below(8)) {
        (None, None, 0) => Act::Follow(None),
        (None, None, _) => Act::SignIn,
        (Some(session), None, 0) => Act::MakeRequest(session),
        (Some(session), None, 1) => Act::SignOut(session),
        (Some(session), None, 2..) => Act::Follow(Some(session)),
        (Some(session), Some(_), 0) => Act::SignOut(session),
        (_, Some(_), 1) => Act::SignIn,
        (session, Some(_), 2) => Act::Follow(session),
        (_, Some(stream), _) => Act::LoseStream(stream),
    };
    Some((agent, act))
}

/// What the loop has of its agents is what it was told, as long as nothing is on its way and nothing is due.
fn check(place: &Place, picture: &Picture, there: &Attendance, now: Timestamp) -> Result<(), Violation> {
    for agent in picture.agents.values() {
        let wrong = |known: &dyn std::fmt::Debug| {
            let Agent { user, presence, signed_in, .. } = agent;
            Err(Violation(format!(
                "agent {user} is {presence:?}, signed in {signed_in:?}, at {now:?}; true is {known:?}"
            )))
        };
        if agent.user == place.program {
            if agent.presence != Presence::Program || agent.signed_in.is_some() {
                return wrong(&"that nobody but a program ever was there");
            }
            continue;
        }
        let key = AgentKey { instance: place.instance, user: agent.user };
        let Some(known) = there.known(key, now.millis()) else { continue };
        if !agrees(agent, known) {
            return wrong(&known);
        }
    }
    Ok(())
}

fn agrees(agent: &Agent, Known { connections, is_gone }: Known) -> bool {
    let is_streaming = agent.presence == Presence::Streaming;
    let is_known_to_be_gone = matches!(agent.presence, Presence::GoneSince(_) | Presence::Absent(_));
    agent.signed_in.is_some() == connections.session
        && is_streaming == connections.stream
        && (is_known_to_be_gone || !is_gone)
}

/// Who was just offered a contact is there, or has not been away for too long; as far as timers were not late.
fn check_offered(agent: &Agent, now: Timestamp, limits: &Limits) -> Result<(), Violation> {
    let is_late = agent.next_due(limits).is_some_and(|due| due <= now);
    let left = match agent.presence {
        Presence::Program | Presence::Streaming => None,
        Presence::GoneSince(at) | Presence::Lost(at) | Presence::Absent(at) => Some(at),
    };
    let (Some(grace), Some(left)) = (limits.presence_grace_seconds, left) else { return Ok(()) };
    if is_late || now.since(left) < i64::from(grace) * 1_000 {
        return Ok(());
    }
    Err(Violation(format!("agent {} is offered a contact, and away since {left:?}", agent.user)))
}

/// Who has signed out, or not come back, is Offline and nobody's.
fn check_signed_out(agent: &Agent) -> Result<(), Violation> {
    let is_out = agent.status.kind == AgentStatusKind::Offline && agent.next.is_none();
    if is_out && agent.presence == Presence::Program && agent.signed_in.is_none() {
        return Ok(());
    }
    let Agent { user, status, next, presence, signed_in, .. } = agent;
    Err(Violation(format!(
        "agent {user} has signed out, and has the status {status:?}, next {next:?}, {presence:?}, signed in {signed_in:?}"
    )))
}
