//! How many calls are under way: of each function, and of all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::failure::Failure;

/// The places of calls.
#[derive(Debug)]
pub struct Places {
    per_function_max: usize,
    waiting_max: usize,
    functions: Mutex<HashMap<String, Arc<Semaphore>>>,
    all: Semaphore,
    waiting: Semaphore,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Place<'p> {
    _of_all: SemaphorePermit<'p>,
    _of_function: OwnedSemaphorePermit,
}

impl Places {
    /// Free places.
    pub fn new(per_function_max: usize, calls_max: usize, waiting_max: usize) -> Places {
        Places {
            per_function_max,
            waiting_max,
            functions: Mutex::default(),
            all: Semaphore::new(calls_max),
            waiting: Semaphore::new(waiting_max),
        }
    }

    /// Waits for a place to call a function, behind those who came before.
    ///
    /// # Errors
    /// Too many wait.
    pub async fn take(&self, function: &str) -> Result<Place<'_>, Failure> {
        let never = "the places of calls are never closed";
        let of_function = self.of(function);
        let free = Arc::clone(&of_function).try_acquire_owned();
        if let Ok(of_function) = free
            && let Ok(of_all) = self.all.try_acquire()
        {
            return Ok(Place { _of_all: of_all, _of_function: of_function });
        }
        let crowded = |_| Failure::Crowded { waiting_max: self.waiting_max };
        let _waiting = self.waiting.try_acquire().map_err(crowded)?;
        // First the function's own: who waits for a slow one takes no place of all.
        let of_function = of_function.acquire_owned().await.expect(never);
        let of_all = self.all.acquire().await.expect(never);
        Ok(Place { _of_all: of_all, _of_function: of_function })
    }

    fn of(&self, function: &str) -> Arc<Semaphore> {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = functions.get(function) {
            return Arc::clone(places);
        }
        // Functions that nobody calls are forgotten, so that the map stays as small as what is under way.
        functions.retain(|_, places| Arc::strong_count(places) > 1);
        let places = Arc::new(Semaphore::new(self.per_function_max));
        functions.insert(function.to_owned(), Arc::clone(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_slow_function_holds_up_nobody_else() {
        let places = Places::new(2, 3, 1);
        let slow = (places.take("slow").await.unwrap(), places.take("slow").await.unwrap());
        let mut third = Box::pin(places.take("slow"));
        assert!(third.as_mut().now_or_never().is_none());
        let quick = places.take("quick").await.unwrap();
        assert_eq!(places.take("slow").await.err(), Some(Failure::Crowded { waiting_max: 1 }));
        assert_eq!(places.take("other").await.err(), Some(Failure::Crowded { waiting_max: 1 }));
        drop(slow.0);
        let third = third.await.unwrap();
        drop((third, slow.1, quick));
        let one = places.take("new").await.unwrap();
        assert_eq!(places.functions.lock().unwrap().len(), 1);
        drop(one);
    }
}
