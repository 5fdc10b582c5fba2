//! What the handlers of all resources do alike: find one by its id or ARN, and carry a value between the API's
//! vocabulary and the domain's.

use std::fmt::Debug;
use std::str::FromStr;
use std::sync::Arc;

use engine::Timestamp;
use engine::arn::id_of;
use uuid::Uuid;

use crate::error::{ApiError, resource_not_found};
use crate::record::Record;
use crate::tx::Tx;

/// The resource of an id or ARN (`control-plane.md` section 2).
pub(crate) fn load<R: Record>(tx: &Tx<'_>, given: &str) -> Result<Arc<R>, ApiError> {
    uuid_of(given).and_then(|id| tx.get::<R>(id.as_bytes())).ok_or_else(|| resource_not_found(R::NAME, given))
}

/// The UUID in an id or ARN, in the only form that the API writes.
fn uuid_of(given: &str) -> Option<Uuid> {
    const HYPHENATED: usize = 36;
    let id = id_of(given);
    if id.len() == HYPHENATED { Uuid::try_parse(id).ok() } else { None }
}

/// The value of the same name in another enumeration. The API's and the domain's enumerations are made from one model.
///
/// # Panics
/// If there is none; a test holds the enumerations against each other.
pub(crate) fn same<T: FromStr<Err: Debug>>(name: &str) -> T {
    name.parse().expect("both enumerations have the names of the model")
}

/// A moment as the API writes it.
pub(crate) fn shown(at: Timestamp) -> Option<api::Timestamp> {
    Some(api::Timestamp(at.millis()))
}

/// A text that is left out of answers when it was never given.
pub(crate) fn present(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree<A, B: FromStr<Err: Debug> + 'static>(api: &[A], name: fn(&A) -> &'static str, domain: &[B]) {
        assert_eq!(api.len(), domain.len());
        for value in api {
            same::<B>(name(value));
        }
    }

    macro_rules! agree {
        ($($api:ident and $domain:path;)*) => {$(
            agree(api::shapes::$api::ALL, |value| value.as_str(), <$domain>::ALL);
        )*};
    }

    #[test]
    fn the_enumerations_of_the_api_and_of_the_domain_have_the_same_names() {
        agree! {
            ContactFlowType and engine::flow::FlowType;
            ContactFlowState and engine::flow::FlowState;
            TaskTemplateStatus and engine::template::TaskTemplateStatus;
            TaskTemplateFieldType and engine::template::FieldType;
            HoursOfOperationDays and engine::hours::Day;
            OverrideDays and engine::hours::Day;
            OverrideType and engine::hours::OverrideType;
            RecurrenceFrequency and engine::hours::Frequency;
            PhoneType and engine::user::PhoneType;
            Channel and engine::routing_profile::Channel;
            BehaviorType and engine::routing_profile::CrossChannelBehavior;
            AgentAvailabilityTimer and engine::routing_profile::AgentAvailabilityTimer;
            QueueStatus and engine::queue::QueueStatus;
            QueueType and engine::queue::QueueKind;
        }
    }
}
