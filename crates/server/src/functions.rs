//! Functions that flows call, where the operator lets them run: `[functions]` of the configuration.
//!
//! A call is an effect, so that it may be made again after a crash, with the same id; whoever is called can tell by it.
//! Only what the configuration names is ever called, which is why addresses of all kinds are allowed. The event and
//! the answer hold what contacts hold: neither is logged, and of the answer of a function that failed nothing but
//! metrics and the trace of the flow tell.

mod command;
mod failure;
mod map;
mod name;
mod places;
mod request;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::time::Duration;

use anyhow::bail;
use reqwest::Client;
use service::FunctionJob;
use tokio::time::{Instant, sleep, timeout_at};

use crate::clock::Stopwatch;
use crate::config::Config;
use crate::{outgoing, telemetry};
use name::FunctionName;
use places::Places;
use request::Signer;

pub use failure::Failure;
pub use map::{Entry, FunctionMap, Target};

/// How long to wait before each new try of a call that was throttled or failed for a reason that may pass: as many
/// tries as Amazon Connect makes.
const PAUSES: [Duration; 3] = [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1_800)];

/// The functions that may be called.
pub struct Functions {
    map: FunctionMap,
    client: Client,
    signer: Option<Signer>,
    region: String,
    withheld: Vec<OsString>,
    places: Places,
}

impl Functions {
    /// Prepares calls.
    ///
    /// # Errors
    /// A command is not there, or a file of certificates is not usable.
    pub fn open(config: &Config) -> anyhow::Result<Functions> {
        let calls = &config.function_calls;
        let search = std::env::var("PATH").unwrap_or_default();
        for Entry { pattern, target } in config.functions.entries() {
            if let Target::Command { program, .. } = target
                && let Err(rule) = command::find(program, &search)
            {
                bail!("functions.{:?}.command: {program:?} is not usable; {rule}", pattern.as_str());
            }
        }
        let key = calls.access_key_id.clone().zip(calls.secret_access_key.clone());
        let builder = || outgoing::builder().connect_timeout(calls.connect_timeout_seconds.into());
        Ok(Functions {
            map: config.functions.clone(),
            client: outgoing::trusting(builder, "function_calls", calls.ca_file.as_deref())?,
            signer: key.map(|(access_key_id, secret_access_key)| Signer {
                access_key_id,
                secret_access_key,
                session_token: calls.session_token.clone(),
            }),
            region: config.server.region.0.clone(),
            withheld: command::own_variables(),
            places: Places::new(calls.per_function_max as usize, calls.calls_max as usize, calls.waiting_max as usize),
        })
    }

    /// Calls a function, within the time that the job allows for everything together. The answer is a text of at most
    /// [`ANSWER_BYTES_MAX`](engine::flow::function::ANSWER_BYTES_MAX) bytes; an asynchronous call gives an empty one.
    pub async fn call(&self, job: &FunctionJob) -> Result<String, Failure> {
        let watch = Stopwatch::start();
        let name = FunctionName::read(&job.function);
        let Some(entry) = self.map.find(&name) else {
            return Err(Failure::NotConfigured(job.function.clone()));
        };
        let answer = self.call_within(entry, &name, job).await;
        let result = answer.as_ref().map_or_else(Failure::label, |_| "answered");
        telemetry::record_function_call(entry.pattern.as_str(), result, watch.elapsed());
        answer
    }

    async fn call_within(&self, entry: &Entry, name: &FunctionName<'_>, job: &FunctionJob) -> Result<String, Failure> {
        let end = Instant::now() + Duration::from_secs(u64::from(job.seconds));
        let place = timeout_at(end, self.places.take(name.name)).await;
        let _place = place.map_err(|_| Failure::NoPlace { seconds: job.seconds })??;
        let mut tries = 1;
        let mut last = None;
        loop {
            let failure = match timeout_at(end, self.attempt(entry, name, job)).await {
                Err(_) => last.unwrap_or(Failure::Late { seconds: job.seconds }),
                Ok(Err(failure)) if failure.passes() => match PAUSES.get(tries as usize - 1) {
                    Some(pause) if Instant::now() + *pause < end => {
                        sleep(*pause).await;
                        tries += 1;
                        last = Some(failure);
                        continue;
                    }
                    _ => failure,
                },
                Ok(answered) => return answered,
            };
            return Err(match tries {
                1 => failure,
                _ => Failure::Exhausted { tries, last: Box::new(failure) },
            });
        }
    }

    async fn attempt(&self, entry: &Entry, name: &FunctionName<'_>, job: &FunctionJob) -> Result<String, Failure> {
        match &entry.target {
            Target::Lambda { endpoint, function, region } => {
                // Without a name of its own the endpoint is asked for the bare one, which every emulator knows.
                let bare = FunctionName { unqualified: name.name, ..*name };
                let called = function.as_deref().map_or(bare, FunctionName::read);
                let called = FunctionName { qualifier: called.qualifier.or(name.qualifier), ..called };
                let region = region.as_deref().or(called.region).unwrap_or(&self.region);
                let signing = self.signer.as_ref().map(|signer| (signer, region));
                request::invoke(&self.client, endpoint, &called, signing, job).await
            }
            Target::Url(url) => request::post(&self.client, url, job).await,
            Target::Command { program, arguments } => command::run(program, arguments, &self.withheld, job).await,
        }
    }
}
