//! Verifying what an instance has on disk: that every record can be read, and that records agree with each other.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use engine::ContactId;
use engine::contact::{Chain, Contact};
use engine::flow::FlowContent;
use engine::template::TaskTemplate;
use store::{CommitNumber, Key, Kind, Scan, Scope, Store, Unavailable};

use crate::journal::JournalEntry;
use crate::kinds;
use crate::record;
use crate::token::{self, TokenEntry, TokenSegment};
use crate::trace::{self, TraceChunk};

/// Rows read at a time.
const ROWS: usize = 1_000;
/// Bytes read at a time.
const BYTES: usize = 8 << 20;
/// Problems that are told of one instance; more say nothing new.
pub const PROBLEMS_MAX: usize = 100;

/// What was found in an instance.
#[derive(Debug, Default)]
pub struct Findings {
    /// Contacts that have not ended.
    pub open_contacts: u64,
    /// Contacts that have.
    pub ended_contacts: u64,
    /// The events that the journal holds, by number; `None` where it has none. Until retention runs they begin at 1.
    pub events: Option<RangeInclusive<u64>>,
    /// What is wrong, at most [`PROBLEMS_MAX`].
    pub problems: Vec<String>,
}

impl Findings {
    fn problem(&mut self, text: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(text);
        }
    }
}

/// Reads every record of an instance that nobody writes, and says what is wrong with them.
///
/// # Errors
/// The store cannot be read.
pub fn check(store: &dyn Store, scope: Scope) -> Result<Findings, Unavailable> {
    let mut findings = Findings::default();
    let mut chains: HashMap<ContactId, (u32, u32)> = HashMap::new();
    let mut open_of: HashMap<ContactId, u32> = HashMap::new();
    let mut open = HashSet::new();
    let mut traces: HashMap<ContactId, usize> = HashMap::new();
    let mut segments = Vec::new();
    let head = store.load_hot(scope, &mut |kind, id, value| {
        let key = Key::new(kind, id);
        match kind {
            kinds::CONTACT => match record::decode::<Contact>(value) {
                Ok(contact) => {
                    findings.open_contacts += 1;
                    *open_of.entry(contact.chain_id()).or_default() += 1;
                    open.insert(contact.id);
                    expect_trace(&mut traces, &contact);
                    if contact.is_completed() {
                        findings.problem(format!("contact {} has ended and is kept among the open ones", contact.id));
                    }
                }
                Err(error) => findings.problem(format!("record {key}: {error}")),
            },
            kinds::CHAIN => match record::decode::<Chain>(value) {
                Ok(chain) => {
                    chains.insert(chain.id, (chain.open, chain.members));
                }
                Err(error) => findings.problem(format!("record {key}: {error}")),
            },
            kinds::TOKEN_SEGMENT => match record::decode::<TokenSegment>(value) {
                Ok(segment) if segment.blocks == 0 || segment.filter.is_empty() => {
                    findings.problem(format!("token segment {} is empty", segment.number));
                }
                Ok(segment) => segments.push(segment),
                Err(error) => findings.problem(format!("record {key}: {error}")),
            },
            _ => match crate::handlers::decode_config(kind, value) {
                None => findings.problem(format!("record {key} is of a kind that this program does not know")),
                Some(Err(error)) => findings.problem(format!("record {key}: {error}")),
                Some(Ok(_)) => {}
            },
        }
    })?;
    for (id, count) in &open_of {
        match chains.get(id) {
            None => findings.problem(format!("chain {id} has {count} open contacts and no record")),
            Some((open, _)) if open != count => {
                findings.problem(format!("chain {id} counts {open} open contacts, and there are {count}"));
            }
            Some(_) => {}
        }
    }
    let mut ended_chains = HashSet::new();
    each(store, scope, kinds::ENDED_CHAIN, &mut |key, value| match record::decode::<Chain>(value) {
        Ok(chain) => {
            if chains.contains_key(&chain.id) {
                findings.problem(format!("chain {} is kept twice, as open and as ended", chain.id));
            }
            ended_chains.insert(chain.id);
        }
        Err(error) => findings.problem(format!("record {key}: {error}")),
    })?;
    for id in chains.keys().filter(|id| !open_of.contains_key(id)) {
        findings.problem(format!("chain {id} is kept in memory without an open contact"));
    }
    each(store, scope, kinds::ENDED_CONTACT, &mut |key, value| match record::decode::<Contact>(value) {
        Ok(contact) => {
            findings.ended_contacts += 1;
            expect_trace(&mut traces, &contact);
            if !contact.is_completed() {
                findings.problem(format!("contact {} has not ended and is kept among the ended ones", contact.id));
            }
            if !chains.contains_key(&contact.chain_id()) && !ended_chains.contains(&contact.chain_id()) {
                findings.problem(format!("contact {} has no chain {}", contact.id, contact.chain_id()));
            }
            if open.contains(&contact.id) {
                findings.problem(format!("contact {} is kept twice, as open and as ended", contact.id));
            }
        }
        Err(error) => findings.problem(format!("record {key}: {error}")),
    })?;
    readable::<FlowContent>(store, scope, kinds::FLOW_CONTENT, &mut findings)?;
    readable::<TaskTemplate>(store, scope, kinds::TASK_TEMPLATE_VERSION, &mut findings)?;
    check_tokens(store, scope, &segments, &mut findings)?;
    check_traces(store, scope, traces, &mut findings)?;
    check_journal(store, scope, head.number, &mut findings)?;
    Ok(findings)
}

fn readable<R: for<'b> minicbor::Decode<'b, ()>>(
    store: &dyn Store,
    scope: Scope,
    kind: Kind,
    findings: &mut Findings,
) -> Result<(), Unavailable> {
    each(store, scope, kind, &mut |key, value| {
        if let Err(error) = record::decode::<R>(value) {
            findings.problem(format!("record {key}: {error}"));
        }
    })
}

/// Every segment that is asked for tokens has its blocks, and its filter lets none of their tokens out.
fn check_tokens(
    store: &dyn Store,
    scope: Scope,
    segments: &[TokenSegment],
    findings: &mut Findings,
) -> Result<(), Unavailable> {
    // One that was merged is being deleted, and blocks of no segment are those of one that was never finished.
    let replaced: HashSet<u64> = segments.iter().flat_map(|segment| segment.replaces.iter().copied()).collect();
    let asked = segments.iter().filter(|segment| !replaced.contains(&segment.number));
    let asked: HashMap<u64, &TokenSegment> = asked.map(|segment| (segment.number, segment)).collect();
    let mut missing: HashMap<u64, u64> = asked.values().map(|of| (of.number, u64::from(of.blocks))).collect();
    each(store, scope, kinds::TOKEN_BLOCK, &mut |key, value| {
        let Some((number, block)) = token::place_of_block(&key.id) else {
            findings.problem(format!("record {key} is no block of tokens"));
            return;
        };
        let entries = match record::decode::<Vec<TokenEntry>>(value) {
            Ok(entries) => entries,
            Err(error) => {
                findings.problem(format!("record {key}: {error}"));
                return;
            }
        };
        let Some(segment) = asked.get(&number).filter(|segment| block < u64::from(segment.blocks)) else { return };
        *missing.entry(number).or_default() -= 1;
        if !entries.iter().all(|entry| segment.may_hold(entry.hash)) {
            findings.problem(format!("block {block} of token segment {number} holds a token that its filter denies"));
        }
    })?;
    for (number, left) in missing.into_iter().filter(|(_, left)| *left > 0) {
        findings.problem(format!("token segment {number} lacks {left} of its {} blocks", asked[&number].blocks));
    }
    Ok(())
}

/// Notes how many chunks of a trace a contact must have.
fn expect_trace(traces: &mut HashMap<ContactId, usize>, contact: &Contact) {
    let chunks = trace::chunks_kept(contact.trace);
    if chunks > 0 {
        traces.insert(contact.id, chunks);
    }
}

/// Every contact has the chunks that it says, each in its place, and there are no others.
fn check_traces(
    store: &dyn Store,
    scope: Scope,
    mut missing: HashMap<ContactId, usize>,
    findings: &mut Findings,
) -> Result<(), Unavailable> {
    each(store, scope, kinds::TRACE, &mut |key, value| match record::decode::<TraceChunk>(value) {
        Ok(chunk) => {
            if chunk.key() != *key {
                findings.problem(format!("trace {key} says of itself that it is {}", chunk.key()));
            }
            match missing.get_mut(&chunk.contact).and_then(|left| left.checked_sub(1).map(|less| *left = less)) {
                Some(()) => {}
                None => findings.problem(format!("trace {key} is of no contact that has so many chunks")),
            }
        }
        Err(error) => findings.problem(format!("record {key}: {error}")),
    })?;
    missing.retain(|_, left| *left > 0);
    for (contact, left) in missing {
        findings.problem(format!("contact {contact} lacks {left} chunks of its trace"));
    }
    Ok(())
}

/// A commit without events and tokens has no journal entry, so the last entry may be older than the head.
fn check_journal(
    store: &dyn Store,
    scope: Scope,
    head: CommitNumber,
    findings: &mut Findings,
) -> Result<(), Unavailable> {
    let mut begins = None;
    let mut next: Option<(u64, u64)> = None;
    each(store, scope, kinds::JOURNAL, &mut |key, value| match record::decode::<JournalEntry>(value) {
        Ok(entry) => {
            if entry.key() != *key {
                findings.problem(format!("journal entry {key} says of itself that it is {}", entry.key()));
            }
            if let Some((event, commit)) = next {
                if entry.first_event > event {
                    findings.problem(format!("events {event} to {} are missing", entry.first_event - 1));
                }
                if entry.first_event < event {
                    findings.problem(format!(
                        "commit {} numbers its events from {}, and {event} comes next",
                        entry.commit, entry.first_event
                    ));
                }
                if entry.commit <= commit {
                    findings.problem(format!("commit {} comes after commit {commit}", entry.commit));
                }
            }
            begins.get_or_insert(entry.first_event);
            next = Some((entry.next_event(), entry.commit));
        }
        Err(error) => findings.problem(format!("journal entry {key}: {error}")),
    })?;
    let Some((begins, (after, commit))) = begins.zip(next) else {
        // A contact begins with an event, and retention keeps the last entry with events.
        if findings.open_contacts + findings.ended_contacts > 0 {
            findings.problem("there are contacts and no event".to_owned());
        }
        return Ok(());
    };
    if commit > head.0 {
        findings.problem(format!("the journal has commit {commit}, and the last commit is {}", head.0));
    }
    findings.events = (begins < after).then(|| begins..=after - 1);
    Ok(())
}

fn each(store: &dyn Store, scope: Scope, kind: Kind, take: &mut dyn FnMut(&Key, &[u8])) -> Result<(), Unavailable> {
    let mut scan = Scan::all(kind, ROWS, BYTES);
    loop {
        let page = store.scan(scope, &scan)?;
        for row in &page.rows {
            take(&row.key, &row.value);
        }
        match page.rows.last() {
            Some(last) if page.more => scan = scan.after(&last.key.id),
            _ => return Ok(()),
        }
    }
}
