//! UpdateContactEventHooks: flows set to run at moments of the contact's life.

use crate::contact::step::Move;
use crate::contact::{EventHook, Hook};
use crate::flow::FlowType;
use crate::flow::interpret::Outcome;
use crate::flow::reference::Text;

impl Move<'_> {
    /// All or nothing. A hold hook, which no task has, is an error. A hook that is set runs again, unless the same
    /// action turns it off.
    pub(super) fn update_hooks(&mut self, flows: &[(String, Text)], disabled: &[(String, bool)]) -> Outcome {
        let mut hooks = Vec::new();
        for (name, flow) in flows {
            let Ok(hook) = name.parse::<Hook>() else { return Outcome::error(no_hook(name)) };
            let Some(flow) = self.flow_named(flow) else { return Outcome::error(self.not_there("flow", flow)) };
            let wanted = flow_type(hook);
            if self.runnable(flow, &[wanted]).is_none() {
                return Outcome::error(format!("flow {flow} is not active, never published, or no {wanted}"));
            }
            hooks.push(EventHook { hook, flow });
        }
        let mut switched = Vec::new();
        for (name, disabled) in disabled {
            let Ok(hook) = name.parse::<Hook>() else { return Outcome::error(no_hook(name)) };
            switched.push((hook, *disabled));
        }
        if hooks.is_empty() && switched.is_empty() {
            return Outcome::error("EventHooks is empty");
        }
        for new in hooks {
            self.contact.hooks.retain(|set| set.hook != new.hook);
            self.contact.hooks_disabled.retain(|hook| *hook != new.hook);
            self.contact.hooks.push(new);
        }
        for (hook, disabled) in switched {
            self.contact.hooks_disabled.retain(|other| *other != hook);
            if disabled {
                self.contact.hooks_disabled.push(hook);
            }
        }
        Outcome::Next
    }
}

fn no_hook(name: &str) -> String {
    format!("{name} is no hook of a task")
}

/// The type of flow that runs at a moment.
fn flow_type(hook: Hook) -> FlowType {
    match hook {
        Hook::CustomerQueue => FlowType::CustomerQueue,
        Hook::AgentWhisper => FlowType::AgentWhisper,
        Hook::CustomerWhisper => FlowType::CustomerWhisper,
        Hook::CustomerRemaining
        | Hook::PauseContact
        | Hook::ResumeContact
        | Hook::DefaultAgentUI
        | Hook::DisconnectAgentUI => FlowType::ContactFlow,
    }
}
