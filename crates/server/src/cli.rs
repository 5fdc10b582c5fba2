//! The command line.

mod setting_flags;
#[cfg(test)]
mod tests;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use engine::flow::export::Publishable;
use store::{DataPaths, Holder};
use tracing::warn;

use crate::administration::{Command, Reply};
use crate::application::{Application, EnvironmentSecrets};
use crate::bench::BenchVerb;
use crate::config::{self, Config};
use crate::flow_import::FlowFile;
use crate::flow_verb::FlowVerb;
use crate::maintenance::{self, Report};
use crate::trace_table::TraceTable;
use crate::{clock, control_socket, logging, output, serve};
pub(crate) use setting_flags::DataDirFlags;
use setting_flags::SettingFlags;

/// Callboard: a task-contact service that speaks the Amazon Connect API.
///
/// `callboard serve` starts it. Every AWS client drives it with nothing but another endpoint URL.
#[derive(Debug, Parser)]
#[command(name = "callboard", version, disable_help_subcommand = true)]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve the API until SIGTERM or SIGINT.
    ///
    /// Prints "listening on URL" when it is ready. The first start makes the data directory, its database and a root
    /// access key, which is shown once; CALLBOARD_ROOT_ACCESS_KEY_ID and CALLBOARD_ROOT_SECRET_ACCESS_KEY give one
    /// instead. Every flag is also an environment variable and a key of the file that --config names: see
    /// `callboard config docs`.
    Serve {
        #[command(flatten)]
        flags: Box<SettingFlags>,
    },
    /// Issue, show and revoke the access keys that clients sign with.
    ///
    /// Works beside a running server and without one.
    Keys {
        #[command(subcommand)]
        verb: KeysVerb,
    },
    /// Check the database of a data directory that no server uses.
    ///
    /// Exits with 1 when something is wrong.
    Check {
        #[command(flatten)]
        place: DataDirFlags,
    },
    /// Copy a data directory, attachments included, to a new directory.
    ///
    /// Works beside a running server, which goes on serving, and without one. The key file is left out, so that a
    /// backup does not hold what opens its secrets: keep a copy of it elsewhere.
    Backup {
        #[command(flatten)]
        place: DataDirFlags,
        /// Directory of the copy: a new or empty one.
        #[arg(long)]
        to: PathBuf,
    },
    /// Bring a backup into a new or empty data directory, and check it.
    Restore {
        #[command(flatten)]
        place: DataDirFlags,
        /// Directory of the backup.
        #[arg(long)]
        from: PathBuf,
    },
    /// Tell what flows did with a contact, action by action.
    ///
    /// Works beside a running server and without one. Of a long trace the first and the last actions are kept.
    Trace {
        #[command(flatten)]
        place: DataDirFlags,
        /// The contact's instance: id, ARN or alias. Only needed when there are several.
        #[arg(long)]
        instance: Option<String>,
        /// Print all that is kept, one JSON object a line, and not a table.
        #[arg(long)]
        json: bool,
        /// The contact's id.
        contact: String,
    },
    /// Measure how much this machine does.
    Bench {
        #[command(subcommand)]
        verb: BenchVerb,
    },
    /// Check, import, convert and draw files of flows.
    Flow {
        #[command(subcommand)]
        verb: FlowVerb,
    },
    /// What can be configured.
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Print the version.
    Version,
}

#[derive(Debug, Subcommand)]
enum KeysVerb {
    /// Issue an access key. Its secret is shown this once.
    Create {
        #[command(flatten)]
        place: DataDirFlags,
        /// Who will use it: the last part of the caller's ARN.
        #[arg(long)]
        name: String,
        /// Id of a user whom a program may act for with it on the agent interface, or `all`. May be given several times.
        #[arg(long = "acts-for", value_name = "USER_ID")]
        acts_for: Vec<String>,
    },
    /// Show the access keys, without their secrets.
    List {
        #[command(flatten)]
        place: DataDirFlags,
    },
    /// Accept an access key no longer.
    Revoke {
        #[command(flatten)]
        place: DataDirFlags,
        /// Its id.
        id: String,
    },
    /// Seal all secrets under a new key.
    Rekey {
        #[command(flatten)]
        place: DataDirFlags,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigVerb {
    /// Print the manual of all settings, as in docs/configuration.md.
    Docs,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    match CommandLine::parse().verb.run() {
        Ok(code) => {
            output::flush();
            code
        }
        Err(error) => {
            eprintln!("callboard: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Verb {
    fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Verb::Serve { flags } => {
                let config = flags.config()?;
                logging::start(config.server.log_format, &config.server.log_filter)?;
                warn_of_unknown_variables();
                block_on(serve::serve(&config, EnvironmentSecrets::read(variable)?))?;
            }
            Verb::Keys { verb } => {
                let (place, command) = verb.command();
                print_reply(&administrate(&place, command)?);
            }
            Verb::Backup { place, to } => {
                // The server may have another working directory than this command.
                let to = std::path::absolute(&to).with_context(|| format!("directory {}", to.display()))?;
                print_reply(&administrate(&place, Command::Backup { to })?);
            }
            Verb::Check { place } => {
                let report = maintenance::check(&place.config()?.server.data_dir, &holder("check"))?;
                return Ok(print_report(&report));
            }
            Verb::Restore { place, from } => {
                let data_dir = place.config()?.server.data_dir;
                let (manifest, report) = maintenance::restore(&from, &data_dir, &holder("restore"))?;
                println!(
                    "restored {} attachments and {} bytes of database",
                    manifest.attachments, manifest.database_bytes
                );
                return Ok(print_report(&report));
            }
            Verb::Trace { place, instance, json, contact } => print_trace(&place, instance.as_deref(), &contact, json)?,
            Verb::Bench { verb } => verb.run()?,
            Verb::Flow { verb } => return verb.run(),
            Verb::Config { verb: ConfigVerb::Docs } => print!("{}", config::manual()),
            Verb::Version => println!("callboard {}", env!("CARGO_PKG_VERSION")),
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl KeysVerb {
    fn command(self) -> (DataDirFlags, Command) {
        match self {
            KeysVerb::Create { place, name, acts_for } => (place, Command::CreateKey { name, acts_for }),
            KeysVerb::List { place } => (place, Command::ListKeys),
            KeysVerb::Revoke { place, id } => (place, Command::RevokeKey { id }),
            KeysVerb::Rekey { place } => (place, Command::Rekey),
        }
    }
}

/// A variable with a mistake in its name would be passed over in silence.
fn warn_of_unknown_variables() {
    let names: Vec<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    for name in Config::unknown_variables(names.iter().map(String::as_str)) {
        warn!("Environment variable {name} is no setting; `callboard config docs` shows those there are");
    }
}

/// Has the server of the data directory perform a command, or performs it here when there is none.
fn administrate(place: &DataDirFlags, command: Command) -> anyhow::Result<Reply> {
    let config = place.config()?;
    logging::start(config.server.log_format, "warn")?;
    ask(&config, command)
}

fn ask(config: &Config, command: Command) -> anyhow::Result<Reply> {
    let paths = DataPaths::new(&config.server.data_dir);
    block_on(async {
        if let Some(reply) = control_socket::ask(&paths.control_socket(), &command).await? {
            return Ok(reply);
        }
        if !paths.database().exists() {
            bail!("there is no database in {}; `callboard serve` makes one", paths.root().display());
        }
        alone(config, command).await
    })
}

/// Performs a command without a server.
async fn alone(config: &Config, command: Command) -> anyhow::Result<Reply> {
    let secrets = EnvironmentSecrets::read(variable)?;
    // Time stands still: an operator's command must not set off what is due, least of all where time is virtual.
    let mut config = config.clone();
    config.server.test_clock = true;
    let application = Application::open(&config, secrets.secret_key.as_deref(), &holder("a command")).await?;
    let reply = application.administration().perform(command).await;
    application.close().await;
    reply
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start threads")?;
    runtime.block_on(work)
}

/// Who has the data directory while a command runs.
fn holder(command: &str) -> Holder {
    Holder { command: command.to_owned(), listen: None, started: clock::wall_text() }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Has flows imported; fails when one could not be.
pub(crate) fn import_flows(
    place: &DataDirFlags,
    instance: String,
    publishable: Option<Publishable>,
    files: &[PathBuf],
) -> anyhow::Result<ExitCode> {
    let (mut readable, mut failures) = (Vec::new(), 0);
    for path in files {
        match std::fs::read_to_string(path) {
            Ok(text) => readable.push(FlowFile { name: path.display().to_string(), text }),
            // The others are imported all the same.
            Err(error) => {
                println!("error: read {}: {error}", path.display());
                failures += 1;
            }
        }
    }
    let otherwise = publishable.map(|publishable| publishable.to_string());
    let reply = administrate(place, Command::ImportFlows { instance, otherwise, files: readable })?;
    print_reply(&reply);
    if let Reply::Imported(imported) = &reply {
        failures += imported.failures;
    }
    if failures > 0 {
        println!("{failures} of {} files could not be imported", files.len());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the pages of a trace as they come.
fn print_trace(place: &DataDirFlags, instance: Option<&str>, contact: &str, json: bool) -> anyhow::Result<()> {
    let config = place.config()?;
    logging::start(config.server.log_format, "warn")?;
    let mut table = TraceTable::new(std::io::stdout().is_terminal());
    let mut after = None;
    loop {
        let command = Command::Trace { instance: instance.map(str::to_owned), contact: contact.to_owned(), after };
        let Reply::Trace(page) = ask(&config, command)? else {
            bail!("the server answered something else; is it of another version?");
        };
        if json {
            for action in &page.actions {
                println!("{}", serde_json::to_string(action)?);
            }
        } else {
            print!("{}", table.page(&page));
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn print_reply(reply: &Reply) {
    match reply {
        Reply::Key(key) => {
            println!("The secret is shown this once; keep it:");
            println!("  aws_access_key_id = {}", key.access_key_id);
            println!("  aws_secret_access_key = {}", key.secret_access_key);
        }
        Reply::Keys { keys } => {
            for key in keys {
                let state = if key.active { "active" } else { "revoked" };
                print!("{:<20}  {state:<7}  {}", key.access_key_id, key.name);
                if !key.acts_for.is_empty() {
                    print!("  acts for {}", key.acts_for.join(", "));
                }
                println!();
            }
        }
        // It has a verb and a table of its own.
        Reply::Trace(_) => {}
        Reply::Imported(imported) => imported.lines.iter().for_each(|line| println!("{line}")),
        Reply::Done { message } => println!("{message}"),
    }
}

fn print_report(report: &Report) -> ExitCode {
    let Report { instances, open_contacts, ended_contacts, journals, problems } = report;
    println!("{instances} instances, {open_contacts} open contacts, {ended_contacts} ended contacts");
    for (scope, events) in journals {
        println!("instance {scope}: events {} to {}", events.start(), events.end());
    }
    for problem in problems {
        println!("problem: {problem}");
    }
    if problems.is_empty() {
        println!("no problems found");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
