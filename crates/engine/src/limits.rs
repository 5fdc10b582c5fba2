//! Every bound of the domain, by name. quotas.md has the source of those that are Amazon Connect's.

/// The bounds that the engine asks for. The service fills it from its configuration; the defaults are the documented
/// ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// UTF-8 bytes of all attribute keys and values of a contact.
    pub attributes_bytes_max: usize,
    /// UTF-8 bytes of all references of a contact.
    pub references_bytes_max: usize,
    /// Contacts from the first to the last of a chain, the first included (R6).
    pub chain_members_max: u32,
    /// Tasks that may name the same PreviousContactId (R6).
    pub linked_tasks_max: u32,
    /// Furthest start of a scheduled task, in seconds from now (R8).
    pub schedule_ahead_seconds_max: i64,
    /// How long ago a ScheduledTime may lie and still mean now, in seconds (R8).
    pub schedule_past_seconds_max: i64,
    /// Times that a task may be rescheduled.
    pub reschedules_max: u32,
    /// Duration of a task without one of its own, in minutes (R9).
    pub expiry_minutes_default: u32,
    /// Shortest duration of a task, in minutes.
    pub expiry_minutes_min: u32,
    /// Longest duration of a task, in minutes.
    pub expiry_minutes_max: u32,
    /// Actions after which a flow run yields its turn.
    pub actions_per_turn: u32,
    /// Actions without waiting after which a flow run is stopped.
    pub actions_without_wait_max: u32,
    /// Tasks that a flow run makes without waiting: past them its CreateTask fails.
    pub flow_tasks_without_wait_max: u32,
    /// How deep tasks made by flows may make tasks.
    pub flow_task_generation_max: u32,
    /// Contacts in the queue of one agent.
    pub agent_queue_contacts_max: u32,
    /// What a queue takes above MaxContacts from transfers, in percent.
    pub transfer_buffer_percent: u32,
    /// Fail a task whose queue flow takes an error branch that is not wired, as Amazon Connect's own default customer
    /// queue flow does to tasks (flow-language.md section 7); otherwise the task stays queued.
    pub strict_default_queue_flow: bool,
    /// Refuse a StartTaskContact that leaves a required field of its template empty (task-templates.md section 5).
    pub enforce_required_template_fields: bool,
    /// How long a person's event stream may be gone before the agent is not offered contacts, in seconds; none never
    /// asks.
    pub presence_grace_seconds: Option<u32>,
    /// How long an event stream may be gone before the agent goes Offline who has no session, and how long a session that
    /// was lost with its server lasts where there is no grace, in seconds.
    pub session_seconds_max: u32,
    /// After how long without another agent event a HEART_BEAT is written, in seconds; none writes none. Amazon
    /// Connect's is 120.
    pub agent_heartbeat_seconds: Option<u32>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            attributes_bytes_max: 32_768,
            references_bytes_max: 4_096,
            chain_members_max: 12,
            linked_tasks_max: 12,
            schedule_ahead_seconds_max: 90 * 24 * 60 * 60,
            schedule_past_seconds_max: 60,
            reschedules_max: 20,
            expiry_minutes_default: 7 * 24 * 60,
            expiry_minutes_min: 1,
            expiry_minutes_max: 90 * 24 * 60,
            actions_per_turn: 1_000,
            actions_without_wait_max: 100_000,
            flow_tasks_without_wait_max: 1_000,
            flow_task_generation_max: 50,
            agent_queue_contacts_max: 10,
            transfer_buffer_percent: 20,
            strict_default_queue_flow: false,
            enforce_required_template_fields: true,
            presence_grace_seconds: Some(60),
            session_seconds_max: 12 * 60 * 60,
            agent_heartbeat_seconds: None,
        }
    }
}
