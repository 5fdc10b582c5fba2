//! The ids of the domain: a newtype over [`Uuid`] for each kind of thing, so that one cannot be taken for another.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use uuid::Uuid;

/// Text that is not a UUID in its hyphenated form of 36 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected a UUID such as 0190f3c4-5e7a-7b2c-8d9e-0f1a2b3c4d5e")]
pub struct NotAnId;

fn parse(text: &str) -> Result<Uuid, NotAnId> {
    // Uuid also reads braces, URNs and bare hexadecimal, which no id of the API has.
    const HYPHENATED: usize = 36;
    if text.len() == HYPHENATED { Uuid::try_parse(text).map_err(|_| NotAnId) } else { Err(NotAnId) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id with these 16 bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> $name {
                $name(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes, as they are in a record and in a key of the store.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        /// Lower case and hyphenated, as in the API.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        /// Reads the hyphenated form in either letter case.
        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<$name, NotAnId> {
                parse(text).map($name)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(self.as_bytes())?;
                Ok(())
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<$name, minicbor::decode::Error> {
                let at = d.position();
                let bytes = d.bytes()?;
                Uuid::from_slice(bytes)
                    .map($name)
                    .map_err(|_| minicbor::decode::Error::message("an id has 16 bytes").at(at))
            }
        }
    )*};
}

ids! {
    /// An instance: the unit of consistency, of parallelism and of placement.
    InstanceId;
    /// A contact. Ours are UUIDv7; any UUID is a valid contact id.
    ContactId;
    /// A queue. The queue of an agent carries the id of its user, see [`QueueId::of_agent`].
    QueueId;
    /// A flow.
    ContactFlowId;
    /// A flow module.
    ContactFlowModuleId;
    /// An alias of a version of a flow module.
    ContactFlowModuleAliasId;
    /// Hours of operation.
    HoursOfOperationId;
    /// An override of hours of operation.
    HoursOfOperationOverrideId;
    /// A routing profile.
    RoutingProfileId;
    /// A security profile.
    SecurityProfileId;
    /// A user: an agent or an administrator.
    UserId;
    /// An agent status.
    AgentStatusId;
    /// A group of the agent hierarchy.
    HierarchyGroupId;
    /// A quick connect.
    QuickConnectId;
    /// A task template.
    TaskTemplateId;
    /// A prompt.
    PromptId;
    /// The association of an instance with a storage place.
    StorageConfigId;
    /// An attached file.
    FileId;
}

impl QueueId {
    /// The queue of one agent. Its ARN is `.../queue/agent/<user id>` (control-plane.md section 2), so the user's id
    /// is its id and no table from users to queues is needed.
    pub const fn of_agent(user: UserId) -> QueueId {
        QueueId(user.0)
    }
}

/// A flow run, numbered within its contact from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct RunId(#[n(0)] pub u32);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0190f3c4-5e7a-7b2c-8d9e-0f1a2b3c4d5e";

    #[test]
    fn an_id_is_the_hyphenated_form_only() {
        let id: ContactId = TEXT.parse().unwrap();
        assert_eq!(id.to_string(), TEXT);
        assert_eq!(TEXT.to_uppercase().parse::<ContactId>().unwrap(), id);
        for wrong in ["", "x", "0190f3c45e7a7b2c8d9e0f1a2b3c4d5e", "{0190f3c4-5e7a-7b2c-8d9e-0f1a2b3c4d5e}"] {
            assert_eq!(wrong.parse::<ContactId>(), Err(NotAnId), "{wrong}");
        }
    }

    #[test]
    fn an_id_is_16_bytes_in_a_record() {
        let id: QueueId = TEXT.parse().unwrap();
        let bytes = minicbor::to_vec(id).unwrap();
        assert_eq!(bytes.len(), 17);
        assert_eq!(minicbor::decode::<QueueId>(&bytes).unwrap(), id);
        assert!(minicbor::decode::<QueueId>(&[0x43, 1, 2, 3]).is_err());
    }
}
