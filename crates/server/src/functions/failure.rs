//! Why a call gave no answer, in words that end up in the trace of the flow.

use engine::flow::function::ANSWER_BYTES_MAX;

/// Longest words of a function or an endpoint that are told, in characters.
const WORDS_CHARS_MAX: usize = 120;

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The configuration does not have the function.
    #[error("the section [functions] of the configuration does not say where {0:?} runs")]
    NotConfigured(String),
    /// What the flow gives cannot name a function.
    #[error("{0:?} is neither the name nor the ARN of a function")]
    NotAName(String),
    /// Too many wait.
    #[error("{waiting_max} calls of functions wait for a place already (function_calls.waiting_max)")]
    Crowded {
        /// Calls that may wait.
        waiting_max: usize,
    },
    /// There was no place in time.
    #[error(
        "no place was free within {seconds} s: too many calls of this function (function_calls.per_function_max) or of \
         all (function_calls.calls_max) are under way"
    )]
    NoPlace {
        /// The time limit.
        seconds: u32,
    },
    /// The time is over.
    #[error("no answer within {seconds} s")]
    Late {
        /// The time limit.
        seconds: u32,
    },
    /// There is nobody at the address.
    #[error("{at} cannot be reached: {why}")]
    Unreachable {
        /// Scheme, host and port.
        at: String,
        /// What the system says.
        why: String,
    },
    /// The connection ended before the answer did.
    #[error("the connection to {at} broke before the answer was complete")]
    Broken {
        /// Scheme, host and port.
        at: String,
    },
    /// Throttled, or failed for a reason of its own.
    #[error("{at} answered {status}{}", after_colon(.words))]
    Unavailable {
        /// Scheme, host and port.
        at: String,
        /// 429 or 5xx.
        status: u16,
        /// What it said.
        words: String,
    },
    /// It does not want the call.
    #[error("{at} answered {status}{}", after_colon(.words))]
    Refused {
        /// Scheme, host and port.
        at: String,
        /// Neither 2xx nor 429 nor 5xx.
        status: u16,
        /// What it said.
        words: String,
    },
    /// The function ended with an error.
    #[error("the function failed{}", after_colon(.0))]
    Function(String),
    /// The command could not be run, or ended with an error.
    #[error("the command {what}{}", after_colon(.words))]
    Command {
        /// What became of it.
        what: String,
        /// The last that it said on standard error.
        words: String,
    },
    /// The answer is too long.
    #[error("the answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    /// The answer is no text.
    #[error("the answer is not UTF-8")]
    NotText,
    /// It was tried again, in vain.
    #[error("{last}; tried {tries} times")]
    Exhausted {
        /// How often.
        tries: u32,
        /// What came of the last that ended.
        last: Box<Failure>,
    },
}

impl Failure {
    /// Whether another try may do better.
    pub fn passes(&self) -> bool {
        matches!(self, Failure::Unreachable { .. } | Failure::Broken { .. } | Failure::Unavailable { .. })
    }

    /// A word to count it by.
    pub fn label(&self) -> &'static str {
        match self {
            Failure::NotConfigured(_) | Failure::NotAName(_) => "not_configured",
            Failure::Crowded { .. } | Failure::NoPlace { .. } => "crowded",
            Failure::Late { .. } => "late",
            Failure::Unreachable { .. } | Failure::Broken { .. } => "unreachable",
            Failure::Unavailable { .. } => "unavailable",
            Failure::Refused { .. } => "refused",
            Failure::Function(_) | Failure::Command { .. } => "failed",
            Failure::TooLong | Failure::NotText => "unusable_answer",
            Failure::Exhausted { last, .. } => last.label(),
        }
    }
}

fn after_colon(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

/// The first line of what somebody said, as far as it can be told.
pub fn first_words(said: &str) -> String {
    let line = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(WORDS_CHARS_MAX).collect()
}
