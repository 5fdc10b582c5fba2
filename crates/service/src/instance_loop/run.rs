//! Running one event: the handler on an overlay, and what becomes of the overlay.

use engine::{Timestamp, UserId};
use routing::Offer;

use super::quarantine::{COMMITS_ALONE_MAX, Suspect};
use super::{
    AgentWake, Attempt, Event, FETCHES_PER_EVENT_MAX, Fetch, FetchRequest, Fetched, Health, InstanceLoop, Output,
    Waiting,
};
use crate::effect::{EffectId, EffectOutcome, EffectRecord};
use crate::error::{ApiError, Halt};
use crate::handlers::{agent, contact};
use crate::token::Token;
use crate::tx::{Cold, ColdRecord, Ground, Need, Tx};

/// Time after which a timer that failed is tried again, in milliseconds of the instance's time.
const TIMER_RETRY_MS: i64 = 60_000;

impl<R> Event<R> {
    /// The caller that waits for the event, if one does.
    pub(super) fn into_reply(self) -> Option<R> {
        match self {
            Event::Request(_, reply) => Some(reply),
            Event::Timer(_) | Event::Agent(..) | Event::Offer(_) | Event::Effect(..) | Event::Maintenance(_) => None,
        }
    }
}

impl<R> InstanceLoop<R> {
    /// Runs an event to its end, or until it needs records.
    pub(super) fn run(&mut self, event: Event<R>, out: &mut Vec<Output<R>>) {
        let seed = self.random.next();
        let reading_since = self.durable;
        self.attempt_event(Attempt { event, seed, cold: Cold::new(), fetches: 0, reading_since }, out);
    }

    fn attempt_event(&mut self, attempt: Attempt<R>, out: &mut Vec<Output<R>>) {
        let Attempt { event, seed, cold, fetches, reading_since } = attempt;
        let again = |event, cold| Attempt { event, seed, cold, fetches, reading_since };
        match event {
            Event::Request(request, reply) => {
                if request.writes
                    && let Health::ReadOnly { reason, .. } = &self.health
                {
                    let refusal = ApiError::internal(format!("writes are refused: {reason}"));
                    out.push(Output::Answer(reply, Err(refusal)));
                    return;
                }
                let suspect = request.token.map(|token| Suspect::Call(token.hash));
                if suspect.is_some_and(|suspect| self.quarantine.holds(&suspect)) {
                    let text = format!(
                        "{} with this ClientToken failed {COMMITS_ALONE_MAX} commits alone and is not tried again; \
                         the server's log says why",
                        request.operation
                    );
                    out.push(Output::Answer(
                        reply,
                        Err(ApiError { message: text.clone(), ..ApiError::internal(text) }),
                    ));
                    return;
                }
                let result =
                    self.attempt(suspect, seed, &cold, request.token, |tx| request.prepared.run(tx, &request.call));
                match result {
                    Ok((body, rests_on)) => self.answer(reply, Ok(body), rests_on, out),
                    Err((Halt::Refused(error), rests_on)) => self.answer(reply, Err(error), rests_on, out),
                    Err((Halt::Need(need), _)) => {
                        self.wait(again(Event::Request(request, reply), cold), need, out);
                    }
                }
            }
            Event::Timer(id) => {
                self.busy_contacts.remove(&id);
                let suspect = Some(Suspect::Timer(id));
                match self.attempt(suspect, seed, &cold, None, |tx| contact::run_due_timer(tx, id)) {
                    Ok(_) => {
                        self.failed_timers.remove(&id);
                    }
                    Err((Halt::Refused(error), _)) => self.timer_failed(id, &error, out),
                    Err((Halt::Need(need), _)) => {
                        self.busy_contacts.insert(id);
                        self.wait(again(Event::Timer(id), cold), need, out);
                    }
                }
            }
            Event::Agent(user, wake) => {
                self.busy_agents.remove(&user);
                let work = |tx: &mut Tx<'_>| match wake {
                    AgentWake::Timer => agent::run_due_agent(tx, user),
                    AgentWake::ServerLost => agent::move_agent(tx, user, agent::Event::ServerLost),
                };
                match self.attempt(Some(Suspect::Agent(user)), seed, &cold, None, work) {
                    Ok(((), rests_on)) => {
                        self.failed_agents.remove(&user);
                        if wake == AgentWake::ServerLost {
                            self.connections_lost.lost(user, rests_on);
                        }
                    }
                    Err((Halt::Refused(error), _)) => self.agent_failed(user, &error, out),
                    Err((Halt::Need(need), _)) => {
                        self.busy_agents.insert(user);
                        self.wait(again(Event::Agent(user, wake), cold), need, out);
                    }
                }
            }
            Event::Offer(offer) => {
                let suspect = Some(Suspect::Timer(offer.contact));
                let offered = |tx: &mut Tx<'_>| contact::offer(tx, offer.contact, offer.agent);
                match self.attempt(suspect, seed, &cold, None, offered) {
                    Ok((true, _)) => {}
                    Ok((false, _)) => self.world.offer_declined(&offer),
                    Err((Halt::Refused(error), _)) => self.offer_failed(&offer, &error, out),
                    Err((Halt::Need(need), _)) => {
                        // Nobody else is offered it meanwhile.
                        self.world.router.remove_contact(offer.contact);
                        self.wait(again(Event::Offer(offer), cold), need, out);
                    }
                }
            }
            Event::Effect(id, outcome) => {
                let suspect = Suspect::Effect(id);
                if self.quarantine.holds(&suspect) {
                    // It stays among those under way, so that it is not performed again.
                    return;
                }
                if outcome == EffectOutcome::Interrupted || !matches!(self.health, Health::Serving) {
                    // Its result cannot be written now: it is performed again once the store takes writes.
                    self.perform_again(id);
                    return;
                }
                let done = |tx: &mut Tx<'_>| crate::handlers::effect_done(tx, id, &outcome);
                match self.attempt(Some(suspect), seed, &cold, None, done) {
                    Ok(_) => self.effect_ended(id),
                    Err((Halt::Refused(error), _)) => {
                        out.push(Output::Alarm(format!("the result of effect {} was refused: {}", id.0, told(&error))));
                        // Performed again it would be refused again.
                        let forget = |tx: &mut Tx<'_>| {
                            tx.delete::<EffectRecord>(id.0.as_bytes());
                            Ok(())
                        };
                        if self.attempt(Some(suspect), seed, &cold, None, forget).is_ok() {
                            self.effect_ended(id);
                        }
                    }
                    Err((Halt::Need(need), _)) => {
                        self.wait(again(Event::Effect(id, outcome), cold), need, out);
                    }
                }
            }
            Event::Maintenance(_) => {}
        }
    }

    fn effect_ended(&mut self, id: EffectId) {
        self.performing.remove(&id);
        self.begun.remove(&id);
    }

    /// The result of an effect could not be taken in.
    fn perform_again(&mut self, id: EffectId) {
        self.performing.remove(&id);
        self.world.unstarted_effects += 1;
    }

    /// A timer that cannot run is tried again later, so that it holds up nothing else.
    fn timer_failed(&mut self, id: engine::ContactId, error: &ApiError, out: &mut Vec<Output<R>>) {
        self.busy_contacts.remove(&id);
        self.failed_timers.insert(id, self.now.plus_millis(TIMER_RETRY_MS));
        out.push(Output::Alarm(format!("the timer of contact {id} failed and is tried again later: {}", told(error))));
    }

    /// The same of an agent.
    fn agent_failed(&mut self, user: UserId, error: &ApiError, out: &mut Vec<Output<R>>) {
        self.busy_agents.remove(&user);
        self.failed_agents.insert(user, self.now.plus_millis(TIMER_RETRY_MS));
        out.push(Output::Alarm(format!("the timer of agent {user} failed and is tried again later: {}", told(error))));
    }

    /// An offer for which nothing could be read may be made later; until then nobody is offered the contact.
    fn offer_held_back(&mut self, offer: &Offer, error: &ApiError, out: &mut Vec<Output<R>>) {
        let Offer { contact, agent } = *offer;
        self.failed_offers.insert(contact, self.now.plus_millis(TIMER_RETRY_MS));
        let text = format!("offering contact {contact} to agent {agent} failed and is tried again later");
        out.push(Output::Alarm(format!("{text}: {}", told(error))));
    }

    /// An offer that cannot be made is not tried again before contact or agent change.
    fn offer_failed(&mut self, offer: &Offer, error: &ApiError, out: &mut Vec<Output<R>>) {
        self.world.offer_declined(offer);
        let Offer { contact, agent } = offer;
        out.push(Output::Alarm(format!("contact {contact} could not be offered to agent {agent}: {}", told(error))));
    }

    /// Runs a handler on an overlay. Success joins the open batch. Both ways it says what the outcome rests on.
    fn attempt<T>(
        &mut self,
        suspect: Option<Suspect>,
        seed: u64,
        cold: &Cold,
        token: Option<Token>,
        handler: impl FnOnce(&mut Tx<'_>) -> Result<T, Halt>,
    ) -> Result<(T, u64), (Halt, u64)> {
        let instance = self.instance();
        let ground = Ground {
            world: &self.world,
            cold,
            compiled: &self.compiled,
            settings: &self.settings,
            instance,
            now: self.now,
        };
        let mut tx = Tx::new(ground, seed, token);
        let result = handler(&mut tx);
        let (changes, newest_read) = tx.finish();
        match result {
            Err(halt) => Err((halt, newest_read)),
            Ok(value) if changes.is_empty() => Ok((value, newest_read)),
            Ok(value) => {
                self.quarantine.note(suspect);
                self.open.take(&mut self.world, changes);
                Ok((value, self.open.number))
            }
        }
    }

    fn wait(&mut self, attempt: Attempt<R>, need: Need, out: &mut Vec<Output<R>>) {
        if attempt.fetches >= FETCHES_PER_EVENT_MAX {
            let text = format!("an event asked for records {FETCHES_PER_EVENT_MAX} times: {:?}", need.keys);
            self.give_up(attempt.event, ApiError::internal(text), out);
            return;
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        out.push(Output::Fetch(FetchRequest { ticket, what: Fetch::Keys(need.keys) }));
        let attempt = Attempt { fetches: attempt.fetches + 1, ..attempt };
        self.waiting.insert(ticket, Waiting { attempt });
    }

    fn give_up(&mut self, event: Event<R>, error: ApiError, out: &mut Vec<Output<R>>) {
        match event {
            Event::Request(_, reply) => out.push(Output::Answer(reply, Err(error))),
            Event::Timer(id) => self.timer_failed(id, &error, out),
            Event::Agent(user, _) => self.agent_failed(user, &error, out),
            Event::Offer(offer) => self.offer_held_back(&offer, &error, out),
            Event::Effect(id, _) => {
                self.perform_again(id);
                out.push(Output::Alarm(format!("effect {} is performed again: {}", id.0, told(&error))));
            }
            Event::Maintenance(task) => self.maintenance_failed(task, &error, out),
        }
    }

    pub(super) fn fetched(&mut self, fetched: Fetched, out: &mut Vec<Output<R>>) {
        // A fetch that was under way when a commit failed belongs to nobody any more.
        let Some(mut waiting) = self.waiting.remove(&fetched.ticket) else { return };
        let (as_of, records) = match fetched.result {
            Ok(read) => read,
            Err(error) => {
                self.give_up(waiting.attempt.event, ApiError::internal(error), out);
                return;
            }
        };
        if let Event::Maintenance(task) = waiting.attempt.event {
            // What was changed since it was read is not judged by what it was; the next pass sees it.
            let stale = |key: &store::Key| self.cold_changes.is_stale(key, as_of.0) || self.world.cold(key).is_some();
            let records: Vec<_> = records.into_iter().map(|(key, value)| (stale(&key), key, value)).collect();
            self.maintenance_read(task, &records, out);
            self.forget_cold_changes();
            return;
        }
        for (key, value) in records {
            let record = ColdRecord { value: value.map(Into::into), as_of: as_of.0 };
            waiting.attempt.cold.insert(key, record);
        }
        // What an earlier fetch brought may have changed while the last one was on its way.
        let stale = |key: &store::Key, record: &ColdRecord| {
            self.cold_changes.is_stale(key, record.as_of) && self.world.cold(key).is_none()
        };
        let cold = &waiting.attempt.cold;
        let again: Vec<store::Key> =
            cold.iter().filter(|(key, record)| stale(key, record)).map(|(key, _)| key.clone()).collect();
        for key in &again {
            waiting.attempt.cold.remove(key);
        }
        if again.is_empty() {
            self.attempt_event(waiting.attempt, out);
        } else {
            self.wait(waiting.attempt, Need { keys: again }, out);
        }
        self.forget_cold_changes();
    }

    fn forget_cold_changes(&mut self) {
        if self.waiting.is_empty() {
            self.cold_changes.clear();
        }
    }

    /// The instance's now, as its handlers see it.
    pub fn now(&self) -> Timestamp {
        self.now
    }
}

/// An error as the log reads it, with its cause.
pub(super) fn told(error: &ApiError) -> String {
    let cause = error.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
    format!("{error}{cause}")
}
