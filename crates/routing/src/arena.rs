//! Things with a small number for a name, so that they can point at each other.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::num::NonZeroU32;

/// Names a `T` in its [`Arena`]; an `Option` of it takes no more room.
pub(crate) struct Idx<T> {
    number: NonZeroU32,
    of: PhantomData<fn() -> T>,
}

impl<T> Idx<T> {
    fn at(position: usize) -> Idx<T> {
        let number = u32::try_from(position + 1).ok().and_then(NonZeroU32::new);
        Idx { number: number.expect("an arena holds fewer than 2^32 things"), of: PhantomData }
    }

    /// Place in the arena, from 0.
    pub(crate) fn position(self) -> usize {
        self.number.get() as usize - 1
    }
}

impl<T> Clone for Idx<T> {
    fn clone(&self) -> Idx<T> {
        *self
    }
}

impl<T> Copy for Idx<T> {}

impl<T> PartialEq for Idx<T> {
    fn eq(&self, other: &Idx<T>) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Idx<T> {}

impl<T> PartialOrd for Idx<T> {
    fn partial_cmp(&self, other: &Idx<T>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Idx<T> {
    fn cmp(&self, other: &Idx<T>) -> Ordering {
        self.number.cmp(&other.number)
    }
}

impl<T> Hash for Idx<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl<T> fmt::Debug for Idx<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.position())
    }
}

/// Holds things in places that are used again.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    places: Vec<Option<T>>,
    free: Vec<Idx<T>>,
}

impl<T> Default for Arena<T> {
    fn default() -> Arena<T> {
        Arena { places: Vec::new(), free: Vec::new() }
    }
}

/// The things in their order.
impl<T> From<Vec<T>> for Arena<T> {
    fn from(things: Vec<T>) -> Arena<T> {
        Arena { places: things.into_iter().map(Some).collect(), free: Vec::new() }
    }
}

impl<T> Arena<T> {
    /// How many things there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// The things by their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Idx<T>, &T)> {
        let places = self.places.iter().enumerate();
        places.filter_map(|(position, thing)| Some((Idx::at(position), thing.as_ref()?)))
    }

    pub(crate) fn insert(&mut self, thing: T) -> Idx<T> {
        if let Some(idx) = self.free.pop() {
            self.places[idx.position()] = Some(thing);
            return idx;
        }
        self.places.push(Some(thing));
        Idx::at(self.places.len() - 1)
    }

    /// Takes a thing out. Nothing may point at it any more.
    pub(crate) fn remove(&mut self, idx: Idx<T>) -> T {
        self.free.push(idx);
        self.places[idx.position()].take().expect(PRESENT)
    }

    /// A thing that may have been taken out.
    pub(crate) fn get(&self, idx: Idx<T>) -> Option<&T> {
        self.places[idx.position()].as_ref()
    }
}

const PRESENT: &str = "what is pointed at is there";

impl<T> std::ops::Index<Idx<T>> for Arena<T> {
    type Output = T;

    fn index(&self, idx: Idx<T>) -> &T {
        self.places[idx.position()].as_ref().expect(PRESENT)
    }
}

impl<T> std::ops::IndexMut<Idx<T>> for Arena<T> {
    fn index_mut(&mut self, idx: Idx<T>) -> &mut T {
        self.places[idx.position()].as_mut().expect(PRESENT)
    }
}
