use clap::CommandFactory as _;

use super::*;

#[test]
fn the_commands_are_well_formed() {
    CommandLine::command().debug_assert();
}

fn serve_flags(arguments: &[&str]) -> SettingFlags {
    let line = CommandLine::try_parse_from(["callboard", "serve"].iter().chain(arguments)).unwrap();
    match line.verb {
        Verb::Serve { flags } => *flags,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_setting_is_a_flag_of_serve() {
    let flags = serve_flags(&["--data-dir", "d", "--test-clock", "--limits-queues-max", "7", "--http-headers-max=9"]);
    let variables =
        [("CALLBOARD_REGION", "eu-west-1"), ("CALLBOARD_SECRET_KEY", "x"), ("CALLBOARD_HTTP_HEADERS_MAX", "1")];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = flags.config_with(variables).unwrap();
    assert_eq!(config.server.data_dir, PathBuf::from("d"));
    assert!(config.server.test_clock);
    assert_eq!((config.limits.queues_max, config.http.headers_max), (7, 9));
    assert_eq!(config.server.region.0, "eu-west-1");
}

#[test]
fn the_file_can_be_named_by_a_variable() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("callboard.toml");
    std::fs::write(&path, "account_id = \"123456789012\"").unwrap();
    let variable = ("CALLBOARD_CONFIG".to_owned(), path.display().to_string());
    let config = serve_flags(&[]).config_with([variable].into_iter()).unwrap();
    assert_eq!(config.server.account_id.0, "123456789012");
}
