//! One flag for each setting, made from the list in `config.rs`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::config::{Config, ConfigError, Key, OTHER_VARIABLES};

/// Name of the flag, and part of the variable, that names the file.
const CONFIG: &str = "config";
const CONFIG_VARIABLE: &str = "CALLBOARD_CONFIG";

/// The settings that were given as flags.
#[derive(Clone, Debug, Default)]
pub(super) struct SettingFlags {
    given: BTreeMap<String, String>,
    file: Option<PathBuf>,
}

/// Where a data directory is: the part of the settings that commands beside `serve` have as flags.
#[derive(Clone, Debug, Default)]
pub(crate) struct DataDirFlags(SettingFlags);

impl SettingFlags {
    /// The configuration from flags, environment and file.
    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        self.config_with(std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| name.starts_with("CALLBOARD_"))?;
            Some((name, value.into_string().ok()?))
        }))
    }

    /// The configuration with these environment variables.
    pub(super) fn config_with(&self, variables: impl Iterator<Item = (String, String)>) -> Result<Config, ConfigError> {
        let mut variables: BTreeMap<String, String> = variables.collect();
        let file = self.file.clone().or_else(|| variables.remove(CONFIG_VARIABLE).map(PathBuf::from));
        variables.retain(|name, _| OTHER_VARIABLES.iter().all(|(other, _)| other != name));
        Config::read(self.given.clone(), variables, file.as_deref())
    }

    fn from(matches: &ArgMatches, keys: impl Iterator<Item = Key>) -> Self {
        let given = keys.filter_map(|key| {
            let flag = key.flag();
            let value = matches.get_one::<String>(&flag)?.clone();
            Some((flag, value))
        });
        SettingFlags { given: given.collect(), file: matches.get_one::<PathBuf>(CONFIG).cloned() }
    }
}

impl DataDirFlags {
    /// The configuration from flags, environment and file.
    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        self.0.config()
    }
}

/// The settings that all commands have as flags.
fn place_keys() -> impl Iterator<Item = Key> {
    Config::keys().into_iter().filter(|key| key.path() == "data_dir")
}

fn augment(command: Command, keys: impl Iterator<Item = Key>) -> Command {
    let config = Arg::new(CONFIG)
        .long(CONFIG)
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help(format!("TOML file with settings [env: {CONFIG_VARIABLE}]"));
    keys.fold(command.arg(config), |command, key| command.arg(flag(&key)))
}

fn flag(key: &Key) -> Arg {
    let default = if key.default.is_empty() { String::new() } else { format!(" [default: {}]", key.default) };
    let help = format!("{}{default} [env: {}]", key.doc.trim(), key.variable());
    let arg = Arg::new(key.flag()).long(key.flag()).value_name(key.shape).help(help).hide(key.hidden);
    let arg = if key.section.is_empty() { arg } else { arg.help_heading(format!("Section {}", key.section)) };
    if key.shape == "true, false" {
        // `--test-clock` alone is enough.
        arg.num_args(0..=1).require_equals(true).default_missing_value("true")
    } else {
        arg
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        augment(command, Config::keys().into_iter())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(SettingFlags::from(matches, Config::keys().into_iter()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for DataDirFlags {
    fn augment_args(command: Command) -> Command {
        augment(command, place_keys())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for DataDirFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(DataDirFlags(SettingFlags::from(matches, place_keys())))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
