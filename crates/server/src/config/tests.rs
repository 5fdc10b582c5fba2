use std::collections::BTreeMap;
use std::path::Path;

use expect_test::{Expect, expect, expect_file};

use super::layers::{File, Layers};
use super::*;

fn read(flags: &[(&str, &str)], variables: &[(&str, &str)], file: &str) -> Result<Config, ConfigError> {
    let owned = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let file = File::parse(Path::new("callboard.toml"), file, &Config::keys(), &Config::maps())?;
    let layers =
        Layers { flags: owned(flags), variables: owned(variables), file: Some(file), quotas: Quotas::Generous };
    Config::from_layers(layers)
}

fn refused(flags: &[(&str, &str)], variables: &[(&str, &str)], file: &str, expected: &Expect) {
    expected.assert_eq(&read(flags, variables, file).expect_err("refused").to_string());
}

#[test]
fn a_flag_wins_over_a_variable_over_the_file_over_the_default() {
    let variable = [("CALLBOARD_LISTEN", "127.0.0.1:2")];
    let file = "listen = \"127.0.0.1:3\"";
    let listen = |config: Result<Config, ConfigError>| config.unwrap().server.listen;
    assert_eq!(listen(read(&[("listen", "127.0.0.1:1")], &variable, file)), "127.0.0.1:1");
    assert_eq!(listen(read(&[], &variable, file)), "127.0.0.1:2");
    assert_eq!(listen(read(&[], &[], file)), "127.0.0.1:3");
    assert_eq!(listen(read(&[], &[], "")), "127.0.0.1:8080");
}

#[test]
fn sections_are_part_of_flag_and_variable() {
    let config = read(
        &[("http-body-bytes-max", "2MiB")],
        &[("CALLBOARD_ATTACHMENTS_ALLOWED_HOSTS", "files.example.com, *.example.org")],
        "[attachments]\nextensions = [\"pdf\", \"PNG\"]\n[http]\nheaders_max = 50",
    )
    .unwrap();
    assert_eq!(config.http.body_bytes_max, ByteCount(2 << 20));
    assert_eq!(config.http.headers_max, 50);
    assert_eq!(config.attachments.allowed_hosts.len(), 2);
    assert_eq!(config.attachments.extensions.len(), 2);
}

#[test]
fn quotas_change_the_defaults_but_not_what_was_given() {
    let config = read(&[("quotas", "aws")], &[], "[limits]\nqueues_max = 7").unwrap();
    assert_eq!(config.limits.tasks_open_max, 2500);
    assert_eq!(config.limits.queues_max, 7);
    assert!(config.limits.throttling);
    assert_eq!(read(&[], &[], "").unwrap().limits.tasks_open_max, 10_000_000);
}

#[test]
fn an_unknown_key_names_itself_the_file_and_the_nearest() {
    refused(
        &[],
        &[],
        "lisen = 1",
        &expect!["configuration file callboard.toml: unknown key lisen; did you mean listen?"],
    );
    refused(
        &[],
        &[],
        "[http]\nbody_max = 1",
        &expect!["configuration file callboard.toml: unknown key http.body_max; did you mean http.body_bytes_max?"],
    );
    refused(
        &[],
        &[],
        "body_bytes_max = 1",
        &expect!["configuration file callboard.toml: unknown key body_bytes_max; did you mean http.body_bytes_max?"],
    );
}

#[test]
fn a_bad_value_names_key_origin_and_rule() {
    refused(
        &[("account-id", "12")],
        &[],
        "",
        &expect![[r#"account_id from flag --account-id: "12" is not usable; an account id has exactly 12 digits"#]],
    );
    refused(
        &[],
        &[("CALLBOARD_HTTP_BODY_BYTES_MAX", "1 megabyte")],
        "",
        &expect![[
            r#"http.body_bytes_max from environment variable CALLBOARD_HTTP_BODY_BYTES_MAX: "1 megabyte" is not usable; give a number of bytes with no unit, KiB, MiB or GiB"#
        ]],
    );
    refused(
        &[],
        &[],
        "shutdown_grace_seconds = 0",
        &expect![[
            r#"shutdown_grace_seconds from file callboard.toml: "0" is not usable; give whole seconds, 1 or more"#
        ]],
    );
    refused(
        &[],
        &[],
        "log_format = \"xml\"",
        &expect![[r#"log_format from file callboard.toml: "xml" is not usable; give one of text, json"#]],
    );
    refused(
        &[],
        &[],
        "listen = 1979-05-27",
        &expect!["configuration file callboard.toml: key listen has a value of type datetime; give text"],
    );
    refused(
        &[],
        &[],
        "listen = ",
        &expect![[r#"
        configuration file callboard.toml: TOML parse error at line 1, column 10
          |
        1 | listen = 
          |          ^
        string values must be quoted, expected literal string
    "#]],
    );
    refused(
        &[],
        &[],
        "[attachments]\nallowed_hosts = \"https://x/\"",
        &expect![[
            r#"attachments.allowed_hosts from file callboard.toml: "https://x/" is not usable; give hosts as host, host:port or *.suffix, without a scheme or path"#
        ]],
    );
}

#[test]
fn contradictions_are_refused() {
    refused(
        &[("tls-cert", "cert.pem")],
        &[],
        "",
        &expect!["tls_cert and tls_key belong together: give both for HTTPS or neither for HTTP"],
    );
    refused(
        &[("instances-loop-threads", "0")],
        &[],
        "",
        &expect!["instances.loop_threads must be at least 1, or empty for one a processor"],
    );
    refused(
        &[("agents-session-idle-seconds", "15")],
        &[],
        "",
        &expect![
            "agents.session_idle_seconds must be more than agents.heartbeat_seconds: an open stream uses its session at each heartbeat"
        ],
    );
    refused(
        &[("http-head-bytes-max", "100")],
        &[],
        "",
        &expect!["http.head_bytes_max is too small for a signed request; give at least 8KiB"],
    );
}

#[test]
fn variables_that_mean_nothing_are_told() {
    let given = ["CALLBOARD_LISTN", "CALLBOARD_LISTEN", "CALLBOARD_SECRET_KEY", "PATH"];
    assert_eq!(Config::unknown_variables(given.into_iter()), ["CALLBOARD_LISTN"]);
}

#[test]
fn no_two_keys_share_a_flag_or_a_variable() {
    let keys = Config::keys();
    let flags: std::collections::BTreeSet<String> = keys.iter().map(Key::flag).collect();
    assert_eq!(flags.len(), keys.len());
    for (variable, _) in OTHER_VARIABLES {
        assert!(keys.iter().all(|key| key.variable() != *variable), "{variable}");
    }
}

/// `UPDATE_EXPECT=1 cargo test -p server manual` writes the file anew.
#[test]
fn the_manual_is_fresh() {
    expect_file!["../../../../docs/configuration.md"].assert_eq(&manual());
}
