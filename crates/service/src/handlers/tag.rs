//! Tags of resources, found by ARN. Contacts have operations of their own.
//!
//! Facts: `authorization.md` N2, `observed-errors.md` section 5, `control-plane.md` section 2, `quotas.md` section 1.

use std::collections::BTreeMap;

use api::shapes;
use engine::InstanceId;
use engine::agent_status::AgentStatus;
use engine::flow::ContactFlow;
use engine::flow::module::ContactFlowModule;
use engine::hours::HoursOfOperation;
use engine::instance::Instance;
use engine::queue::Queue;
use engine::quick_connect::QuickConnect;
use engine::routing_profile::RoutingProfile;
use engine::security_profile::SecurityProfile;
use engine::tag::Tags;
use engine::template::TaskTemplate;
use engine::user::User;

use super::resource::load;
use super::user_hierarchy::HierarchyGroup;
use crate::call::Call;
use crate::error::{ApiError, Halt, instance_not_found, resource_not_found};
use crate::operations::parse_instance;
use crate::record::Record;
use crate::tx::Tx;

/// Most tags of a resource.
const TAGS_MAX: usize = 50;

/// The tags of a resource that is being made. What a key and a value may be, the protocol has checked.
pub(crate) fn new_tags(given: Option<&BTreeMap<String, String>>) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    if let Some(given) = given {
        add_tags(&mut tags, given)?;
    }
    Ok(tags)
}

fn add_tags(tags: &mut Tags, given: &BTreeMap<String, String>) -> Result<(), ApiError> {
    tags.extend(given.iter().map(|(key, value)| (key.clone(), value.clone())));
    if tags.len() > TAGS_MAX {
        return Err(ApiError::invalid_parameter(format!(
            "tags: the resource would have {}, and the most is {TAGS_MAX}; remove some by UntagResource",
            tags.len()
        )));
    }
    Ok(())
}

/// A record that has tags.
pub(crate) trait Tagged: Record {
    /// Its tags.
    fn tags(&self) -> &Tags;
    /// Replaces them.
    fn set_tags(&mut self, tags: Tags);
}

macro_rules! tagged {
    ($($record:ty),* $(,)?) => {$(
        impl Tagged for $record {
            fn tags(&self) -> &Tags {
                &self.tags
            }

            fn set_tags(&mut self, tags: Tags) {
                self.tags = tags;
            }
        }
    )*};
}

tagged!(
    Instance,
    AgentStatus,
    ContactFlow,
    ContactFlowModule,
    HierarchyGroup,
    HoursOfOperation,
    Queue,
    QuickConnect,
    RoutingProfile,
    SecurityProfile,
    TaskTemplate,
    User,
);

/// What can be tagged: the word before the id in an ARN, and how its tags are read and saved.
struct Taggable {
    word: &'static str,
    read: fn(&Tx<'_>, &str) -> Result<Tags, ApiError>,
    save: fn(&mut Tx<'_>, &str, Tags) -> Result<(), ApiError>,
}

impl Taggable {
    const fn of<R: Tagged>(word: &'static str) -> Taggable {
        Taggable { word, read: read::<R>, save: save::<R> }
    }
}

fn read<R: Tagged>(tx: &Tx<'_>, id: &str) -> Result<Tags, ApiError> {
    Ok(load::<R>(tx, id)?.tags().clone())
}

fn save<R: Tagged>(tx: &mut Tx<'_>, id: &str, tags: Tags) -> Result<(), ApiError> {
    let mut record = R::clone(&*load::<R>(tx, id)?);
    record.set_tags(tags);
    tx.put(record);
    Ok(())
}

/// An instance's own ARN has no word behind it.
const INSTANCE: Taggable = Taggable::of::<Instance>("");

const OF_AN_INSTANCE: &[Taggable] = &[
    Taggable::of::<User>("agent"),
    Taggable::of::<HierarchyGroup>("agent-group"),
    Taggable::of::<AgentStatus>("agent-state"),
    Taggable::of::<ContactFlow>("contact-flow"),
    Taggable::of::<ContactFlowModule>("flow-module"),
    Taggable::of::<HoursOfOperation>("operating-hours"),
    Taggable::of::<Queue>("queue"),
    Taggable::of::<Queue>("queue/agent"),
    Taggable::of::<RoutingProfile>("routing-profile"),
    Taggable::of::<SecurityProfile>("security-profile"),
    Taggable::of::<TaskTemplate>("task-template"),
    Taggable::of::<QuickConnect>("transfer-destination"),
];

/// A resource's ARN, taken apart.
struct ResourceArn<'a> {
    whole: &'a str,
    /// All up to the instance's id.
    instance_arn: &'a str,
    instance: InstanceId,
    /// Word and id of a resource of the instance; none for the instance itself.
    resource: Option<(&'a str, &'a str)>,
}

impl<'a> ResourceArn<'a> {
    fn parse(whole: &'a str) -> Result<Self, ApiError> {
        let wrong = || {
            let shown: String = whole.chars().take(100).collect();
            ApiError::invalid_parameter(format!(
                "Invalid parameter:  resourceArn {shown:?}; give an ARN such as arn:aws:connect:us-east-1:000000000000:instance/<id>/queue/<id>"
            ))
        };
        let (before, behind) = whole.split_once(":instance/").ok_or_else(wrong)?;
        if !before.starts_with("arn:") {
            return Err(wrong());
        }
        let (instance, resource) = match behind.split_once('/') {
            None => (behind, None),
            Some((instance, resource)) => (instance, Some(resource.rsplit_once('/').ok_or_else(wrong)?)),
        };
        let instance_arn = &whole[..before.len() + ":instance/".len() + instance.len()];
        Ok(ResourceArn { whole, instance_arn, instance: parse_instance(instance)?, resource })
    }

    /// Instances live in the system scope, all else in its instance.
    fn route(&self) -> Option<InstanceId> {
        self.resource.map(|_| self.instance)
    }

    /// What the ARN names.
    ///
    /// # Errors
    /// The ARN is of another account or region, or of a kind that has no tags.
    fn taggable(&self, tx: &Tx<'_>) -> Result<(&'static Taggable, &'a str), ApiError> {
        if self.instance_arn != tx.settings().arn_scope(self.instance).instance_arn() {
            return Err(instance_not_found(self.instance_arn));
        }
        let Some((word, id)) = self.resource else {
            return Ok((&INSTANCE, self.instance_arn));
        };
        match OF_AN_INSTANCE.iter().find(|taggable| taggable.word == word) {
            Some(taggable) => Ok((taggable, id)),
            None if word == "contact" => {
                Err(ApiError::invalid_parameter("a contact takes its tags by TagContact and UntagContact, not by ARN"))
            }
            None => Err(resource_not_found("resource that takes tags", self.whole)),
        }
    }
}

/// The tags of the resource, and how to save others.
fn tags_of<'a>(tx: &Tx<'_>, arn: &'a str) -> Result<(Tags, &'static Taggable, &'a str), ApiError> {
    let (taggable, id) = ResourceArn::parse(arn)?.taggable(tx)?;
    let tags = (taggable.read)(tx, id).map_err(|_| match taggable.word {
        "" => instance_not_found(arn),
        _ => resource_not_found("resource", arn),
    })?;
    Ok((tags, taggable, id))
}

/// The instance of TagResource.
pub(crate) fn route_tag_resource(input: &shapes::TagResourceRequest) -> Result<Option<InstanceId>, ApiError> {
    Ok(ResourceArn::parse(&input.resource_arn)?.route())
}

/// The instance of UntagResource.
pub(crate) fn route_untag_resource(input: &shapes::UntagResourceRequest) -> Result<Option<InstanceId>, ApiError> {
    Ok(ResourceArn::parse(&input.resource_arn)?.route())
}

/// The instance of ListTagsForResource.
pub(crate) fn route_list_tags(input: &shapes::ListTagsForResourceRequest) -> Result<Option<InstanceId>, ApiError> {
    Ok(ResourceArn::parse(&input.resource_arn)?.route())
}

/// Sets tags on a resource: all of them or none.
pub(crate) fn tag_resource(tx: &mut Tx<'_>, _: &Call, input: &shapes::TagResourceRequest) -> Result<api::Empty, Halt> {
    let (mut tags, taggable, id) = tags_of(tx, &input.resource_arn)?;
    add_tags(&mut tags, &input.tags)?;
    (taggable.save)(tx, id, tags)?;
    Ok(api::Empty {})
}

/// Removes tags from a resource; a key that is not there is no error.
pub(crate) fn untag_resource(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UntagResourceRequest,
) -> Result<api::Empty, Halt> {
    let (mut tags, taggable, id) = tags_of(tx, &input.resource_arn)?;
    tags.retain(|key, _| !input.tag_keys.contains(key));
    (taggable.save)(tx, id, tags)?;
    Ok(api::Empty {})
}

/// Shows the tags of a resource.
pub(crate) fn list_tags_for_resource(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListTagsForResourceRequest,
) -> Result<shapes::ListTagsForResourceResponse, Halt> {
    let (tags, ..) = tags_of(tx, &input.resource_arn)?;
    Ok(shapes::ListTagsForResourceResponse { tags: Some(tags) })
}
