//! What clients of the API ask for, at random.

use engine::Timestamp;
use serde_json::{Value, json};
use service::Picture;

use crate::place::{Place, SKILL, SKILLS, queueing};
use crate::random::Random;

/// A call to be made: the operation, and its input without the instance.
pub(crate) type Wish = (&'static str, Value);

type Make = fn(&mut Random, &Place, &Picture, Timestamp) -> Option<Wish>;

/// How the name of a task begins that is started with a token; the token follows, so that no two have one name.
pub(crate) const TOKEN_NAME: &str = "token ";

/// What is asked for, and how often.
const WISHES: [(usize, Make); 26] = [
    (20, start),
    (4, start_scheduled),
    (4, start_in_chain),
    (6, |random, place, picture, _| on_contact("DescribeContact", random, place, picture)),
    (5, |random, place, picture, _| on_contact("StopContact", random, place, picture)),
    (5, |random, place, picture, _| on_contact("PauseContact", random, place, picture)),
    (6, |random, place, picture, _| on_contact("ResumeContact", random, place, picture)),
    (2, update_contact),
    (2, update_attributes),
    (2, tag),
    (2, reschedule),
    (5, transfer),
    (5, associate),
    (5, update_routing),
    (5, criteria),
    (3, proficiencies),
    (8, put_status),
    (4, dismiss),
    (1, user_profile),
    (2, concurrency),
    (2, profile_queues),
    (2, queue_bound),
    (1, queue_status),
    (1, flow_content),
    (1, user_data),
    (1, phone_config),
];

/// From so many of the last contacts one is chosen that may have ended: few, so that calls meet at them.
const LAST_CONTACTS: usize = 4;

/// From so many of the last contacts one is chosen that many calls meet at.
const BURST_CONTACTS: usize = 20;

/// Asks for something.
pub(crate) fn wish(random: &mut Random, place: &Place, picture: &Picture, now: Timestamp) -> Option<Wish> {
    let weights = WISHES.map(|(weight, _)| weight);
    let (_, make) = WISHES[random.weighted(&weights)];
    make(random, place, picture, now)
}

/// A contact: mostly an open one, now and then one of the last that a client heard of.
fn contact(random: &mut Random, place: &Place, picture: &Picture) -> Option<String> {
    let open: Vec<_> = picture.contacts.keys().collect();
    match random.pick(&open) {
        Some(contact) if !random.one_in(4) => Some(contact.to_string()),
        _ => random.pick(&place.contacts[place.contacts.len().saturating_sub(LAST_CONTACTS)..]).cloned(),
    }
}

fn user(random: &mut Random, place: &Place) -> Option<String> {
    random.pick(&place.users).map(ToString::to_string)
}

fn queue(random: &mut Random, place: &Place) -> Option<String> {
    random.pick(&place.queues).cloned()
}

fn task(random: &mut Random, place: &Place) -> Option<Value> {
    let flow = random.pick(&place.flows)?;
    let mut task = json!({"Name": format!("task {}", random.below(1_000)), "ContactFlowId": flow});
    if !random.one_in(4) {
        let token = format!("{:x}", random.next());
        task["Name"] = json!(format!("{TOKEN_NAME}{token}"));
        task["ClientToken"] = json!(token);
    }
    if random.one_in(8) {
        task["Attachments"] = json!([{"FileName": "a.txt", "S3Url": "https://files.example/a.txt"}]);
    }
    Some(task)
}

fn start(random: &mut Random, place: &Place, _: &Picture, _: Timestamp) -> Option<Wish> {
    Some(("StartTaskContact", task(random, place)?))
}

fn in_seconds(now: Timestamp, seconds: usize) -> Value {
    json!(now.millis() / 1_000 + seconds as i64)
}

fn start_scheduled(random: &mut Random, place: &Place, _: &Picture, now: Timestamp) -> Option<Wish> {
    let mut task = task(random, place)?;
    task["ScheduledTime"] = in_seconds(now, 1 + random.below(300));
    Some(("StartTaskContact", task))
}

fn start_in_chain(random: &mut Random, place: &Place, picture: &Picture, _: Timestamp) -> Option<Wish> {
    let mut task = task(random, place)?;
    let link = if random.one_in(2) { "PreviousContactId" } else { "RelatedContactId" };
    task[link] = json!(contact(random, place, picture)?);
    Some(("StartTaskContact", task))
}

fn on_contact(operation: &'static str, random: &mut Random, place: &Place, picture: &Picture) -> Option<Wish> {
    Some((operation, json!({"ContactId": contact(random, place, picture)?})))
}

fn update_contact(random: &mut Random, place: &Place, picture: &Picture, _: Timestamp) -> Option<Wish> {
    let name = format!("renamed {}", random.below(100));
    Some(("UpdateContact", json!({"ContactId": contact(random, place, picture)?, "Name": name})))
}

fn update_attributes(random: &mut Random, place: &Place, picture: &Picture, _: Timestamp) -> Option<Wish> {
    let attributes = json!({"colour": random.below(100).to_string()});
    let contact = contact(random, place, picture)?;
    Some(("UpdateContactAttributes", json!({"InitialContactId": contact, "Attributes": attributes})))
}

fn tag(random: &mut Random, place: &Place, picture: &Picture, _: Timestamp) -> Option<Wish> {
    let contact = contact(random, place, picture)?;
    Some(with_tag(random, &contact))
}

fn with_tag(random: &mut Random, contact: &str) -> Wish {
    let key = format!("{:x}", random.next());
    ("TagContact", json!({"ContactId": contact, "Tags": {key: "yes"}}))
}

/// Calls that meet at one contact, which may have ended: then each of them reads it.
pub(crate) fn burst(random: &mut Random, place: &Place) -> Vec<Wish> {
    let from = place.contacts.len().saturating_sub(BURST_CONTACTS);
    let Some(contact) = random.pick(&place.contacts[from..]) else { return Vec::new() };
    let describe = ("DescribeContact", json!({"ContactId": contact}));
    vec![with_tag(random, contact), describe.clone(), with_tag(random, contact), describe]
}

fn reschedule(random: &mut Random, place: &Place, picture: &Picture, now: Timestamp) -> Option<Wish> {
    let at = in_seconds(now, 1 + random.below(300));
    Some(("UpdateContactSchedule", json!({"ContactId": contact(random, place, picture)?, "ScheduledTime": at})))
}

fn transfer(random: &mut Random, place: &Place, picture: &Picture, _: Timestamp) -> Option<Wish> {
    let contact = contact(random, place, picture)?;
    let mut input = json!({"ContactId": contact, "ContactFlowId": random.pick(&place.flows)?});
    match random.below(3) {
        0 => input["QueueId"] = json!(queue(random, place)?),
        1 => input["UserId"] = json!(user(random, place)?),
        _ => {}
    }
    if random.one_in(2) {
        input["ClientToken"] = json!(format!("{:x}", random.next()));
    }
    Some(("TransferContact", input))
}

fn associate(random: &mut Random, place: &Place, picture: &Picture, _: Timestamp) -> Option<Wish> {
    let contact = contact(random, place, picture)?;
    Some(("AssociateContactWithUser", json!({"ContactId": contact, "UserId": user(random, place)?})))
}

fn update_routing(random: &mut Random, place: &Place, picture: &Picture, _: Timestamp) -> Option<Wish> {
    let mut input = json!({"ContactId": contact(random, place, picture)?});
    if random.one_in(2) {
        input["QueuePriority"] = json!(1 + random.below(9));
    } else {
        input["QueueTimeAdjustmentSeconds"] = json!(random.below(60) as i64 - 30);
    }
    Some(("UpdateContactRoutingData", input))
}

fn criteria(random: &mut Random, place: &Place, picture: &Picture, _: Timestamp) -> Option<Wish> {
    let steps: Option<Vec<Value>> = (0..1 + random.below(3)).map(|_| step(random, place)).collect();
    let contact = contact(random, place, picture)?;
    Some(("UpdateContactRoutingData", json!({"ContactId": contact, "RoutingCriteria": {"Steps": steps?}})))
}

/// Whom a contact is for, mostly for a while.
fn step(random: &mut Random, place: &Place) -> Option<Value> {
    let expression = match random.below(5) {
        0 => {
            let agents = json!({"AgentsCriteria": {"AgentIds": [user(random, place)?]}});
            json!({"AttributeCondition": {"ComparisonOperator": "Match", "MatchCriteria": agents}})
        }
        1 => json!({"AndExpression": [skilled(random)?, skilled(random)?]}),
        2 => json!({"OrExpression": [skilled(random)?, skilled(random)?]}),
        _ => skilled(random)?,
    };
    let mut step = json!({"Expression": expression});
    if !random.one_in(4) {
        step["Expiry"] = json!({"DurationInSeconds": 1 + random.below(60)});
    }
    Some(step)
}

fn skilled(random: &mut Random) -> Option<Value> {
    let (skill, level) = (random.pick(&SKILLS)?, 1 + random.below(5));
    Some(json!({"AttributeCondition": {"Name": SKILL, "Value": skill, "ProficiencyLevel": level,
        "ComparisonOperator": "NumberGreaterOrEqualTo"}}))
}

fn proficiencies(random: &mut Random, place: &Place, _: &Picture, _: Timestamp) -> Option<Wish> {
    let (user, skill) = (user(random, place)?, random.pick(&SKILLS)?);
    let mut proficiency = json!({"AttributeName": SKILL, "AttributeValue": skill});
    let operation =
        random.pick(&["AssociateUserProficiencies", "UpdateUserProficiencies", "DisassociateUserProficiencies"])?;
    if *operation != "DisassociateUserProficiencies" {
        proficiency["Level"] = json!(1 + random.below(5));
    }
    Some((operation, json!({"UserId": user, "UserProficiencies": [proficiency]})))
}

fn put_status(random: &mut Random, place: &Place, _: &Picture, _: Timestamp) -> Option<Wish> {
    let status = if random.one_in(3) { random.pick(&place.statuses)? } else { &place.available };
    Some(("PutUserStatus", json!({"UserId": user(random, place)?, "AgentStatusId": status.to_string()})))
}

fn dismiss(random: &mut Random, _: &Place, picture: &Picture, _: Timestamp) -> Option<Wish> {
    let held = picture.agents.values().flat_map(|agent| agent.contacts.iter().map(|entry| (agent.user, entry.contact)));
    let held: Vec<_> = held.collect();
    let (user, contact) = random.pick(&held)?;
    Some(("DismissUserContact", json!({"UserId": user.to_string(), "ContactId": contact.to_string()})))
}

fn user_profile(random: &mut Random, place: &Place, _: &Picture, _: Timestamp) -> Option<Wish> {
    let profile = random.pick(&place.profiles)?.clone();
    Some(("UpdateUserRoutingProfile", json!({"UserId": user(random, place)?, "RoutingProfileId": profile})))
}

fn concurrency(random: &mut Random, place: &Place, _: &Picture, _: Timestamp) -> Option<Wish> {
    let media = json!([{"Channel": "TASK", "Concurrency": 1 + random.below(3)}]);
    let profile = random.pick(&place.profiles)?;
    Some(("UpdateRoutingProfileConcurrency", json!({"RoutingProfileId": profile, "MediaConcurrencies": media})))
}

fn profile_queues(random: &mut Random, place: &Place, _: &Picture, _: Timestamp) -> Option<Wish> {
    let queue = json!({"QueueId": queue(random, place)?, "Channel": "TASK"});
    let profile = random.pick(&place.profiles)?.clone();
    Some(match random.below(4) {
        0 => ("DisassociateRoutingProfileQueues", json!({"RoutingProfileId": profile, "QueueReferences": [queue]})),
        1 => {
            let config =
                json!({"QueueReference": queue, "Priority": 1 + random.below(3), "Delay": random.below(3) * 15});
            ("UpdateRoutingProfileQueues", json!({"RoutingProfileId": profile, "QueueConfigs": [config]}))
        }
        _ => {
            let config =
                json!({"QueueReference": queue, "Priority": 1 + random.below(3), "Delay": random.below(3) * 15});
            ("AssociateRoutingProfileQueues", json!({"RoutingProfileId": profile, "QueueConfigs": [config]}))
        }
    })
}

fn queue_bound(random: &mut Random, place: &Place, _: &Picture, _: Timestamp) -> Option<Wish> {
    let max = if random.one_in(3) { random.below(3) } else { 100 };
    Some(("UpdateQueueMaxContacts", json!({"QueueId": queue(random, place)?, "MaxContacts": max})))
}

fn queue_status(random: &mut Random, place: &Place, _: &Picture, _: Timestamp) -> Option<Wish> {
    let status = if random.one_in(3) { "DISABLED" } else { "ENABLED" };
    Some(("UpdateQueueStatus", json!({"QueueId": queue(random, place)?, "Status": status})))
}

fn flow_content(random: &mut Random, place: &Place, _: &Picture, _: Timestamp) -> Option<Wish> {
    let content = queueing(&queue(random, place)?);
    let flow = random.pick(&place.flows)?;
    Some(("UpdateContactFlowContent", json!({"ContactFlowId": flow, "Content": content})))
}

fn user_data(_: &mut Random, place: &Place, _: &Picture, _: Timestamp) -> Option<Wish> {
    Some(("GetCurrentUserData", json!({"Filters": {"Queues": place.queues}})))
}

fn phone_config(random: &mut Random, place: &Place, _: &Picture, _: Timestamp) -> Option<Wish> {
    let config = json!({"PhoneType": "SOFT_PHONE", "AutoAccept": random.one_in(2),
                        "AfterContactWorkTimeLimit": random.below(40)});
    Some(("UpdateUserPhoneConfig", json!({"UserId": user(random, place)?, "PhoneConfig": config})))
}
