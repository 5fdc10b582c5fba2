//! The contacts that wait when an instance is opened.
//!
//! To put a million of them one by one is a million searches through memory that no cache has. Here they are gathered as they come and
//! sorted once, so that each line is built over neighbours.

use engine::contact::WaitingContact;

use crate::arena::Arena;
use crate::line::{Line, Waiting};
use crate::router::Router;

/// Contacts for a router that has none: `Router::from(backlog)` knows what [`Router::put_contact`] of each would have told it.
///
/// No contact may be added twice.
#[derive(Debug, Default)]
pub struct Backlog {
    /// Has the lanes, the groups and the expressions; the lines are still empty.
    router: Router,
    waiting: Vec<Waiting>,
}

impl Backlog {
    /// One more contact waits.
    pub fn add(&mut self, contact: WaitingContact<'_>) {
        let waiting = self.router.waiting(contact);
        self.waiting.push(waiting);
    }
}

impl From<Backlog> for Router {
    fn from(backlog: Backlog) -> Router {
        let Backlog { mut router, mut waiting } = backlog;
        waiting.sort_unstable_by_key(|waiting| (waiting.group, waiting.rank));
        let runs: Vec<_> = waiting.chunk_by(|one, next| one.group == next.group).map(<[_]>::len).collect();
        router.nodes = Arena::from(waiting);
        router.contacts.reserve(router.nodes.len());
        router.contacts.extend(router.nodes.iter().map(|(idx, waiting)| (waiting.contact(), idx)));
        assert_eq!(router.contacts.len(), router.nodes.len(), "no contact is added twice");
        let idxs: Vec<_> = router.nodes.iter().map(|(idx, _)| idx).collect();
        let mut rest = &idxs[..];
        for run in runs {
            let (members, others) = rest.split_at(run);
            rest = others;
            let Waiting { group, rank, .. } = router.nodes[members[0]];
            router.groups[group].line = Line::of(&mut router.nodes, members);
            router.set_head(group, Some(rank));
            router.mark_changed(group);
        }
        router
    }
}
