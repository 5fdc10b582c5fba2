//! The reference map of an instance: what flows from elsewhere refer to, and what is meant here.
//!
//! The map of the server's configuration lies under the one of the instance: it is asked for what that says nothing of.
//!
//! Why: `docs/adr/0016`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use engine::InstanceId;
use engine::reference_map::ReferenceMap;
use serde::{Deserialize, Serialize};
use store::{KeyId, Kind};

use crate::call::Call;
use crate::error::{ApiError, Halt};
use crate::kinds;
use crate::operations::{Prepared, Request};
use crate::record::Record;
use crate::tx::Tx;

/// The key of the only record of its kind.
const KEY: [u8; 1] = [0];

impl Record for ReferenceMap {
    const KIND: Kind = kinds::REFERENCE_MAP;
    const NAME: &'static str = "reference map";

    fn id(&self) -> KeyId {
        KEY.into()
    }
}

/// What a reference that leads to nothing in the instance means.
pub(crate) fn mapped(tx: &Tx<'_>, given: &str) -> Option<String> {
    let own = tx.get::<ReferenceMap>(&KEY);
    let of_instance = own.as_deref().and_then(|map| map.target(given));
    of_instance.or_else(|| tx.settings().references.target(given)).map(Cow::into_owned)
}

/// The reference map of an instance, as the endpoint writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct References {
    /// ARNs, ids and patterns of elsewhere, with the id or ARN that each means here.
    pub references: BTreeMap<String, String>,
}

struct Read;

impl Prepared for Read {
    fn run(&self, tx: &mut Tx<'_>, _: &Call) -> Result<Vec<u8>, Halt> {
        let own = tx.get::<ReferenceMap>(&KEY);
        let entries = own.iter().flat_map(|map| map.entries());
        let references = entries.map(|(reference, target)| (reference.to_owned(), target.to_owned())).collect();
        serde_json::to_vec(&References { references }).map_err(|error| ApiError::internal(error).into())
    }
}

impl Request {
    /// The reference map of an instance, without what the configuration adds; the answer is [`References`] as JSON.
    pub fn references(instance: InstanceId) -> Self {
        Self::of_server("references", Some(instance), false, Box::new(Read))
    }

    /// Replaces the reference map of an instance. Flows and tasks follow it from then on.
    pub fn set_references(instance: InstanceId, map: ReferenceMap) -> Self {
        Self::internal("set references", Some(instance), move |tx| {
            tx.put(map.clone());
            Ok(())
        })
    }
}
