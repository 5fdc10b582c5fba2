//! Waiting contacts in the order in which they are taken.
//!
//! A [`Line`] is a treap: a search tree by [`Rank`] that is at the same time a heap by a number drawn from the contact's id, and therefore
//! balanced. A node is a waiting contact, 64 bytes, and knows the earliest entry into the queue below it. So the first contact that has
//! waited long enough is found by one descent, whatever the delay, and so is a contact's place in the line.

use engine::{ContactId, Timestamp};

use crate::arena::{Arena, Idx};
use crate::lane::Group;

/// What waiting contacts are taken by: contact priority, then age (routing.md section 3, steps 4 and 5). Equal ones by id, which is the order in which they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// QueuePriority, 1 first.
    pub(crate) priority: i64,
    /// Age counts from here, QueueTimeAdjustmentSeconds included.
    pub(crate) since: Timestamp,
    /// The contact.
    pub(crate) contact: ContactId,
}

/// A waiting contact, and a node of its line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) rank: Rank,
    /// When it was put into the queue: delays count from here.
    pub(crate) enqueued: Timestamp,
    /// The earliest `enqueued` of this node and those below.
    earliest: Timestamp,
    pub(crate) group: Idx<Group>,
    left: Option<Idx<Waiting>>,
    right: Option<Idx<Waiting>>,
    /// Nodes here and below.
    size: u32,
}

impl Waiting {
    pub(crate) fn new(rank: Rank, enqueued: Timestamp, group: Idx<Group>) -> Waiting {
        Waiting { rank, enqueued, earliest: enqueued, group, left: None, right: None, size: 1 }
    }

    pub(crate) fn contact(&self) -> ContactId {
        self.rank.contact
    }

    /// Height in the heap: the id's bits, mixed.
    fn weight(&self) -> u64 {
        let id = self.contact().0.as_u128();
        let mixed = ((id as u64) ^ (id >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
    }
}

type Nodes = Arena<Waiting>;
type Link = Option<Idx<Waiting>>;

/// A line of waiting contacts; its nodes are in an arena that many lines share.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    root: Link,
}

impl Line {
    /// The line of these nodes, which are in order and in no line.
    ///
    /// The open nodes are those from the root always to the right: only there the next one can be added. It takes the place of those that are
    /// below it in the heap, and these are finished.
    pub(crate) fn of(nodes: &mut Nodes, members: &[Idx<Waiting>]) -> Line {
        let mut open: Vec<Idx<Waiting>> = Vec::new();
        for &node in members {
            let mut below = None;
            while let Some(at) = open.pop_if(|at| nodes[*at].weight() < nodes[node].weight()) {
                update(nodes, at);
                below = Some(at);
            }
            nodes[node].left = below;
            if let Some(above) = open.last() {
                nodes[*above].right = Some(node);
            }
            open.push(node);
        }
        let root = open.first().copied();
        while let Some(at) = open.pop() {
            update(nodes, at);
        }
        Line { root }
    }

    pub(crate) fn insert(&mut self, nodes: &mut Nodes, node: Idx<Waiting>) {
        self.root = Some(insert(nodes, self.root, node));
    }

    /// Takes a node out. It must be in this line.
    pub(crate) fn remove(&mut self, nodes: &mut Nodes, node: Idx<Waiting>) {
        self.root = remove(nodes, self.root, node);
    }

    /// Rank of the first one.
    pub(crate) fn first(self, nodes: &Nodes) -> Option<Rank> {
        let mut at = self.root?;
        while let Some(left) = nodes[at].left {
            at = left;
        }
        Some(nodes[at].rank)
    }

    /// When the first of them was put into the queue.
    pub(crate) fn earliest(self, nodes: &Nodes) -> Option<Timestamp> {
        self.root.map(|root| nodes[root].earliest)
    }

    /// Rank of the first one that is in the queue since `since` or before and is not among `without`.
    pub(crate) fn first_since(self, nodes: &Nodes, since: Timestamp, without: &[ContactId]) -> Option<Rank> {
        first_since(nodes, self.root, since, without)
    }

    /// How many come before this rank.
    pub(crate) fn count_before(self, nodes: &Nodes, rank: Rank) -> u32 {
        let (mut count, mut at) = (0, self.root);
        while let Some(idx) = at {
            let node = &nodes[idx];
            if node.rank < rank {
                count += 1 + size(nodes, node.left);
                at = node.right;
            } else {
                at = node.left;
            }
        }
        count
    }

    /// Does something with each node.
    pub(crate) fn for_each(self, nodes: &Nodes, mut f: impl FnMut(Idx<Waiting>, &Waiting)) {
        let mut open: Vec<_> = self.root.into_iter().collect();
        while let Some(idx) = open.pop() {
            let node = &nodes[idx];
            open.extend(node.left);
            open.extend(node.right);
            f(idx, node);
        }
    }
}

fn size(nodes: &Nodes, link: Link) -> u32 {
    link.map_or(0, |idx| nodes[idx].size)
}

/// Computes what a node knows of those below.
fn update(nodes: &mut Nodes, idx: Idx<Waiting>) {
    let Waiting { left, right, enqueued, .. } = nodes[idx];
    let earliest =
        [left, right].into_iter().flatten().map(|below| nodes[below].earliest).fold(enqueued, Timestamp::min);
    let size = 1 + size(nodes, left) + size(nodes, right);
    let node = &mut nodes[idx];
    (node.earliest, node.size) = (earliest, size);
}

fn insert(nodes: &mut Nodes, root: Link, node: Idx<Waiting>) -> Idx<Waiting> {
    let Some(at) = root else {
        return node;
    };
    let rank = nodes[node].rank;
    if nodes[node].weight() > nodes[at].weight() {
        let (left, right) = split(nodes, root, rank);
        (nodes[node].left, nodes[node].right) = (left, right);
        update(nodes, node);
        return node;
    }
    if rank < nodes[at].rank {
        nodes[at].left = Some(insert(nodes, nodes[at].left, node));
    } else {
        nodes[at].right = Some(insert(nodes, nodes[at].right, node));
    }
    update(nodes, at);
    at
}

/// Those before the rank, and the others.
fn split(nodes: &mut Nodes, root: Link, rank: Rank) -> (Link, Link) {
    let Some(at) = root else {
        return (None, None);
    };
    let halves = if nodes[at].rank < rank {
        let (left, right) = split(nodes, nodes[at].right, rank);
        nodes[at].right = left;
        (root, right)
    } else {
        let (left, right) = split(nodes, nodes[at].left, rank);
        nodes[at].left = right;
        (left, root)
    };
    update(nodes, at);
    halves
}

fn remove(nodes: &mut Nodes, root: Link, node: Idx<Waiting>) -> Link {
    let at = root.expect("a contact is in the line of its group");
    if at == node {
        return merge(nodes, nodes[at].left, nodes[at].right);
    }
    if nodes[node].rank < nodes[at].rank {
        nodes[at].left = remove(nodes, nodes[at].left, node);
    } else {
        nodes[at].right = remove(nodes, nodes[at].right, node);
    }
    update(nodes, at);
    root
}

/// Joins two lines, the first wholly before the second.
fn merge(nodes: &mut Nodes, before: Link, after: Link) -> Link {
    let (Some(left), Some(right)) = (before, after) else {
        return before.or(after);
    };
    if nodes[left].weight() > nodes[right].weight() {
        nodes[left].right = merge(nodes, nodes[left].right, after);
        update(nodes, left);
        before
    } else {
        nodes[right].left = merge(nodes, before, nodes[right].left);
        update(nodes, right);
        after
    }
}

fn first_since(nodes: &Nodes, root: Link, since: Timestamp, without: &[ContactId]) -> Option<Rank> {
    let node = &nodes[root?];
    if node.earliest > since {
        return None;
    }
    first_since(nodes, node.left, since, without)
        .or_else(|| (node.enqueued <= since && !without.contains(&node.contact())).then_some(node.rank))
        .or_else(|| first_since(nodes, node.right, since, without))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_a_cache_line() {
        assert_eq!(size_of::<Option<Waiting>>(), 64);
    }
}
