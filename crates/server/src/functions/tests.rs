//! Functions that are programs. Calls over HTTP are tested from outside, by `tests/clients/test_functions.py`.

use std::path::Path;

use engine::{ContactId, RunId};
use expect_test::expect;

use super::*;
use crate::config::Map as _;

fn functions(map: &str) -> anyhow::Result<Functions> {
    crate::tls::install_provider();
    let mut config = Config::defaults(Path::new("unused"));
    config.functions = FunctionMap::read(&toml::from_str(map).unwrap()).unwrap();
    Functions::open(&config)
}

fn job(function: &str, waits: bool) -> FunctionJob {
    FunctionJob {
        contact: ContactId::from_bytes([7; 16]),
        run: RunId(1),
        step: 2,
        call: "call-1".into(),
        function: function.into(),
        event: r#"{"Name":"ContactFlowEvent"}"#.into(),
        seconds: 8,
        waits,
    }
}

async fn called(functions: &Functions, function: &str, waits: bool) -> String {
    match functions.call(&job(function, waits)).await {
        Ok(answer) if answer.len() > 100 => format!("{} bytes", answer.len()),
        Ok(answer) => answer.trim_end().to_owned(),
        Err(failure) => format!("{}: {failure}", failure.label()),
    }
}

#[tokio::test]
async fn a_program_reads_the_event_and_writes_the_answer() {
    let functions = functions(
        r#"
        cat = { command = ["cat"] }
        told = { command = ["sh", "-c", "echo $CALLBOARD_INVOCATION_ID $CALLBOARD_FUNCTION"] }
        deaf = { command = ["sh", "-c", "echo '{}'"] }
        leaves = { command = ["sh", "-c", "sleep 1000 & echo '{}'"] }
        fails = { command = ["sh", "-c", "echo first >&2; echo the reason >&2; echo; exit 3"] }
        killed = { command = ["sh", "-c", "kill -9 $$"] }
        most = { command = ["sh", "-c", "yes | head -c 32768"] }
        long = { command = ["sh", "-c", "yes"] }
        bytes = { command = ["printf", "\\377"] }
        "#,
    )
    .unwrap();
    let mut table = String::new();
    for function in ["cat", "told", "told:live", "deaf", "leaves", "fails", "killed", "most", "long", "bytes", "none"] {
        table += &format!("{function}: {}\n", called(&functions, function, true).await);
    }
    for function in ["cat", "most", "fails"] {
        table += &format!("{function}, nobody waits: {}\n", called(&functions, function, false).await);
    }
    expect![[r#"
        cat: {"Name":"ContactFlowEvent"}
        told: call-1 told
        told:live: call-1 told:live
        deaf: {}
        leaves: {}
        fails: failed: the command ended with status 3: the reason
        killed: failed: the command was ended by signal 9
        most: 32768 bytes
        long: unusable_answer: the answer has more than 32768 bytes
        bytes: unusable_answer: the answer is not UTF-8
        none: not_configured: the section [functions] of the configuration does not say where "none" runs
        cat, nobody waits: 
        most, nobody waits: 
        fails, nobody waits: failed: the command ended with status 3: the reason
    "#]]
    .assert_eq(&table);
}

#[tokio::test(start_paused = true)]
async fn a_program_has_so_much_time_and_no_more() {
    let functions = functions(r#"slow = { command = ["sleep", "1000"] }"#).unwrap();
    assert_eq!(called(&functions, "slow", true).await, "late: no answer within 8 s");
}

#[test]
fn programs_are_looked_for_at_the_start() {
    let refused = |map: &str| functions(map).err().unwrap().to_string();
    expect![[r#"functions."score".command: "/no/such/score" is not usable; there is no such program; give the path of a file that may be executed"#]].assert_eq(&refused(r#"score = { command = ["/no/such/score"] }"#));
    expect![[r#"functions."a-*".command: "no-such-program-anywhere" is not usable; no directory of PATH has such a program; give its path"#]].assert_eq(&refused(r#""a-*" = { command = ["no-such-program-anywhere"] }"#));
    expect![[r#"functions."score".command: "/" is not usable; there is no such program; give the path of a file that may be executed"#]].assert_eq(&refused(r#"score = { command = ["/"] }"#));
}
