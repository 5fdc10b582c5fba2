//! Expressions of routing criteria, each kept once, and which agents they were found to match.

use std::sync::Arc;

use engine::UserId;
use engine::criteria::Expression;
use engine::user::Proficiency;
use hashbrown::HashMap;

use crate::arena::{Arena, Idx};

/// Expressions that no contact has any more are kept up to this many, or as many as are in use: they tend to come again.
const UNUSED_MAX: usize = 1_024;

/// An expression that contacts have.
#[derive(Debug)]
pub(crate) struct Interned {
    expression: Arc<Expression>,
    groups: u32,
}

/// The expressions.
#[derive(Debug, Default)]
pub(crate) struct Expressions {
    arena: Arena<Interned>,
    by_value: HashMap<Arc<Expression>, Idx<Interned>>,
    unused: usize,
    /// Grows when numbers of expressions are used again.
    epoch: u64,
}

impl Expressions {
    /// The number of an expression, for one more group.
    pub(crate) fn take(&mut self, expression: &Expression) -> Idx<Interned> {
        let idx = match self.by_value.get(expression) {
            Some(idx) => *idx,
            None => {
                let expression = Arc::new(expression.clone());
                let idx = self.arena.insert(Interned { expression: Arc::clone(&expression), groups: 0 });
                self.by_value.insert(expression, idx);
                self.unused += 1;
                idx
            }
        };
        self.unused -= usize::from(self.arena[idx].groups == 0);
        self.arena[idx].groups += 1;
        idx
    }

    /// The number of an expression that is known.
    pub(crate) fn find(&self, expression: &Expression) -> Option<Idx<Interned>> {
        self.by_value.get(expression).copied()
    }

    /// A group that had it is no more.
    pub(crate) fn release(&mut self, idx: Idx<Interned>) {
        self.arena[idx].groups -= 1;
        if self.arena[idx].groups > 0 {
            return;
        }
        self.unused += 1;
        if self.unused > UNUSED_MAX.max(self.by_value.len() - self.unused) {
            self.forget_unused();
        }
    }

    fn forget_unused(&mut self) {
        let Expressions { arena, by_value, .. } = self;
        by_value.retain(|_, idx| {
            let used = arena[*idx].groups > 0;
            if !used {
                arena.remove(*idx);
            }
            used
        });
        self.unused = 0;
        self.epoch += 1;
    }

    /// The expression.
    pub(crate) fn get(&self, idx: Idx<Interned>) -> &Expression {
        &self.arena[idx].expression
    }
}

/// The skills of a user, and what is known of the expressions that they match. Each is looked at once, when it is first asked for.
#[derive(Debug, Default)]
pub(crate) struct Skills {
    proficiencies: Vec<Proficiency>,
    epoch: u64,
    known: Vec<u64>,
    matched: Vec<u64>,
}

impl Skills {
    /// Takes other skills. Says whether they differ.
    pub(crate) fn replace(&mut self, proficiencies: &[Proficiency]) -> bool {
        let differ = self.proficiencies != proficiencies;
        if differ {
            *self = Skills { proficiencies: proficiencies.to_vec(), ..Skills::default() };
        }
        differ
    }

    /// Whether the expression is for this user.
    pub(crate) fn match_known(&mut self, user: UserId, expressions: &Expressions, idx: Idx<Interned>) -> bool {
        if self.epoch != expressions.epoch {
            self.known.clear();
            self.matched.clear();
            self.epoch = expressions.epoch;
        }
        let (word, bit) = (idx.position() / 64, 1 << (idx.position() % 64));
        if self.known.len() <= word {
            self.known.resize(word + 1, 0);
            self.matched.resize(word + 1, 0);
        }
        if self.known[word] & bit == 0 {
            self.known[word] |= bit;
            if self.match_now(user, expressions, idx) {
                self.matched[word] |= bit;
            }
        }
        self.matched[word] & bit != 0
    }

    /// The same, without remembering.
    pub(crate) fn match_now(&self, user: UserId, expressions: &Expressions, idx: Idx<Interned>) -> bool {
        expressions.get(idx).matches(user, &self.proficiencies)
    }
}
