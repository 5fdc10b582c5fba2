//! The commands about files of flows: check, convert, draw, which need no server and no data directory; and import.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use engine::flow::FlowType;
use engine::flow::export::Publishable;
use engine::flow::legacy;

use crate::cli::{self, DataDirFlags};
use crate::{flow_check, flow_graph};

/// What to do with files of flows.
///
/// A file may hold the content itself, `{"Content": …}`, an answer of DescribeContactFlow or DescribeContactFlowModule,
/// or an export of the console before the flow language.
#[derive(Debug, Subcommand)]
pub enum FlowVerb {
    /// Tell what would keep flows from being published.
    ///
    /// Ids of other resources are not looked up. Exits with 1 when something is wrong.
    Check {
        /// What files that do not say it themselves are to be: a flow type such as CUSTOMER_QUEUE, or MODULE.
        #[arg(long = "type", value_name = "TYPE", value_parser = publishable)]
        publishable: Option<Publishable>,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Bring flows into an instance, with what they refer to.
    ///
    /// What is not in the instance gets a stand-in, by name or made anew, and an entry in the instance's reference map;
    /// contents stay as they are. Doing it again changes nothing. Works beside a running server and without one. Exits
    /// with 1 when a file could not be imported.
    Import {
        #[command(flatten)]
        place: DataDirFlags,
        /// The instance: id, ARN or alias.
        #[arg(long)]
        instance: String,
        /// What files that do not say it themselves are to be: a flow type such as CUSTOMER_QUEUE, or MODULE.
        #[arg(long = "type", value_name = "TYPE", value_parser = publishable)]
        publishable: Option<Publishable>,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Turn an export of the old console into the flow language, and print it.
    Convert {
        /// The file.
        file: PathBuf,
    },
    /// Draw a flow as an SVG image, and print it.
    ///
    /// Actions are where the metadata of the flow has them; without positions they are laid out by their distance from
    /// the start.
    Graph {
        /// The file.
        file: PathBuf,
    },
}

impl FlowVerb {
    /// Performs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            FlowVerb::Check { publishable, files } => {
                let mut problems = 0;
                for file in &files {
                    match read(file) {
                        Ok(text) => {
                            let report = flow_check::check(&file.display().to_string(), &text, publishable);
                            print!("{report}");
                            problems += report.problems;
                        }
                        // The others are checked all the same.
                        Err(error) => {
                            println!("error: {error:#}");
                            problems += 1;
                        }
                    }
                }
                match problems {
                    0 => println!("{} checked, no problems", counted(files.len(), "file")),
                    _ => println!("{} checked, {}", counted(files.len(), "file"), counted(problems, "problem")),
                }
                return Ok(if problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            FlowVerb::Import { place, instance, publishable, files } => {
                return cli::import_flows(&place, instance, publishable, &files);
            }
            FlowVerb::Convert { file } => {
                let converted =
                    legacy::convert(&read(&file)?).with_context(|| format!("convert {}", file.display()))?;
                for note in converted.notes {
                    eprintln!("note: {} {}: {}", file.display(), note.path, note.text);
                }
                println!("{}", converted.content);
            }
            FlowVerb::Graph { file } => {
                let graph = flow_graph::draw(&read(&file)?).with_context(|| format!("draw {}", file.display()))?;
                print!("{graph}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))
}

/// Reads what a file is to be: a flow type, or `MODULE`.
pub fn publishable(name: &str) -> Result<Publishable, String> {
    if name == "MODULE" {
        return Ok(Publishable::Module);
    }
    name.parse::<FlowType>().map(Publishable::Flow).map_err(|error| format!("{error}, MODULE"))
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
