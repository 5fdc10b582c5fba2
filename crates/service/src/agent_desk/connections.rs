//! What a loop is told of its agents' sessions and event streams.
//!
//! They come and go outside of the loop at any time, and the loop must end up with the truth. So nobody tells it what
//! happened: who has an agent's turn compares what is true now with what the loop was told last, and tells the difference.
//! What was told without an answer, or with a failure, the loop may have heard or not: it is told again, whatever is true
//! by then.

use super::AgentCommand;

/// What a user has in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// A person's session.
    pub session: bool,
    /// An event stream, of a session that lasts or of a program.
    pub stream: bool,
}

/// What the loop knows of a user's connections in this process; none where it is not known what it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Heard {
    session: Option<bool>,
    stream: Option<bool>,
}

impl Heard {
    const NOTHING: Heard = Heard { session: Some(false), stream: Some(false) };
}

/// What the loop was told of a user's connections in this process: in the beginning nothing, and there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionsTold {
    heard: Heard,
    /// What it knows when it has heard what is being said.
    said: Heard,
}

impl Default for ConnectionsTold {
    fn default() -> Self {
        ConnectionsTold { heard: Heard::NOTHING, said: Heard::NOTHING }
    }
}

impl ConnectionsTold {
    /// What to tell next, if anything differs from what is true `now`. [`heard`](Self::heard) follows when it was answered
    /// well, before anything else is said.
    pub fn say(&mut self, now: Connections) -> Option<AgentCommand> {
        let heard = self.heard;
        let (command, unsure, said) = if heard.session != Some(now.session) {
            let said = Heard { session: Some(now.session), ..heard };
            let unsure = Heard { session: None, ..heard };
            if now.session {
                (AgentCommand::SignedIn, unsure, said)
            } else {
                // Then nothing is left of the person, not even another's stream.
                (AgentCommand::SignedOut, Heard { session: None, stream: None }, Heard::NOTHING)
            }
        } else if heard.stream != Some(now.stream) {
            let command = if now.stream { AgentCommand::Connected } else { AgentCommand::Disconnected };
            (command, Heard { stream: None, ..heard }, Heard { stream: Some(now.stream), ..heard })
        } else {
            return None;
        };
        (self.heard, self.said) = (unsure, said);
        Some(command)
    }

    /// What was said last is known now.
    pub fn heard(&mut self) {
        self.heard = self.said;
    }

    /// Whether the loop knows for sure that there are none.
    pub fn is_nothing(&self) -> bool {
        self.heard == Heard::NOTHING
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// Says what follows from each line of truths (`session`, `stream`, `none`), to a loop that does not answer well to
    /// those with `fails`.
    fn check(script: &str, expected: &Expect) {
        let mut told = ConnectionsTold::default();
        let mut lines = String::new();
        for line in script.lines().map(str::trim) {
            let now = Connections { session: line.contains("session"), stream: line.contains("stream") };
            let mut said = Vec::new();
            while let Some(command) = told.say(now) {
                said.push(command.name().trim_start_matches("agent ").to_owned());
                if line.contains("fails") {
                    break;
                }
                told.heard();
            }
            lines += &format!("{line:<22} => {}\n", said.join(", "));
        }
        expected.assert_eq(&lines);
    }

    #[test]
    fn the_difference_is_told_once() {
        check(
            "session
             session stream
             session stream
             session
             session stream
             none
             stream
             session stream
             stream
             none",
            &expect![[r#"
                session                => signed in
                session stream         => connected
                session stream         => 
                session                => disconnected
                session stream         => connected
                none                   => signed out
                stream                 => connected
                session stream         => signed in
                stream                 => signed out, connected
                none                   => disconnected
            "#]],
        );
    }

    #[test]
    fn what_failed_may_have_happened_and_is_made_up_for() {
        check(
            "session fails
             none
             session fails
             session
             session stream fails
             session
             none fails
             session
             none fails
             none
             stream fails
             none",
            &expect![[r#"
                session fails          => signed in
                none                   => signed out
                session fails          => signed in
                session                => signed in
                session stream fails   => connected
                session                => disconnected
                none fails             => signed out
                session                => signed in, disconnected
                none fails             => signed out
                none                   => signed out
                stream fails           => connected
                none                   => disconnected
            "#]],
        );
    }
}
