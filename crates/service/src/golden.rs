//! Golden files: what every version of every record kind looks like on disk.
//!
//! A file in `tests/golden` holds one record a line, in hexadecimal digits. A record that was written once must be read
//! for ever, so these lines are never changed. What a kind learns to hold is appended, as the last samples; a form that
//! the old one cannot grow into gets a new version and a new file. `UPDATE_GOLDEN=1 cargo test -p service golden` writes
//! the files and the lines that are missing.

pub(crate) mod samples;

use std::fmt::{Debug, Write};
use std::fs;
use std::path::PathBuf;

use minicbor::{Decode, Encode};
use store::Kind;

use crate::kinds;
use crate::record::{self, RECORD_VERSION};

/// The file of every kind. An ended contact and an earlier template have the form of the living ones.
const FILES: &[(Kind, &str)] = &[
    (kinds::INSTANCE, "instance"),
    (kinds::ACCESS_KEY, "access_key"),
    (kinds::QUEUE, "queue"),
    (kinds::HOURS_OF_OPERATION, "hours_of_operation"),
    (kinds::QUICK_CONNECT, "quick_connect"),
    (kinds::TASK_TEMPLATE, "task_template"),
    (kinds::USER, "user"),
    (kinds::ROUTING_PROFILE, "routing_profile"),
    (kinds::SECURITY_PROFILE, "security_profile"),
    (kinds::AGENT_STATUS, "agent_status"),
    (kinds::CONTACT_FLOW, "contact_flow"),
    (kinds::STORAGE_CONFIG, "storage_config"),
    (kinds::PREDEFINED_ATTRIBUTE, "predefined_attribute"),
    (kinds::CONTACT_FLOW_MODULE, "contact_flow_module"),
    (kinds::FLOW_VERSIONS, "flow_versions"),
    (kinds::REFERENCE_MAP, "reference_map"),
    (kinds::HIERARCHY_STRUCTURE, "hierarchy_structure"),
    (kinds::HIERARCHY_GROUP, "hierarchy_group"),
    (kinds::LAMBDA_FUNCTION, "lambda_function"),
    (kinds::EFFECT, "effect"),
    (kinds::TOKEN_SEGMENT, "token_segment"),
    (kinds::DEFAULTS, "defaults"),
    (kinds::AGENT, "agent"),
    (kinds::CONTACT, "contact"),
    (kinds::CHAIN, "chain"),
    (kinds::ENDED_CONTACT, "contact"),
    (kinds::ENDED_CHAIN, "chain"),
    (kinds::FLOW_CONTENT, "flow_content"),
    (kinds::TASK_TEMPLATE_VERSION, "task_template"),
    (kinds::TOKEN_BLOCK, "token_block"),
    (kinds::JOURNAL, "journal"),
    (kinds::TRACE, "trace"),
];

fn path(kind: Kind) -> PathBuf {
    let (_, name) = FILES.iter().find(|(of, _)| *of == kind).expect("every kind has a file");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.v{RECORD_VERSION}.hex"))
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn bytes(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// The golden records are read as the samples, and the samples are written as the golden records.
fn check<R>(kind: Kind, samples: &[R])
where
    R: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + Debug,
{
    let path = path(kind);
    let written: Vec<String> = samples.iter().map(|sample| digits(&record::encode(sample))).collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let lines = kept.lines().chain(written.iter().skip(kept.lines().count()).map(String::as_str));
        fs::write(&path, lines.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let golden: Vec<&str> = golden.lines().collect();
    for (line, sample) in golden.iter().zip(samples) {
        let read: R = record::decode(&bytes(line)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(read, *sample, "{} is read as something else", path.display());
    }
    assert_eq!(golden, written, "{} is written in another form", path.display());
}

#[test]
fn every_kind_has_a_golden_file() {
    let hot = (0..Kind::HOT_END.0).map(Kind);
    let of_configuration = hot.filter(|kind| crate::handlers::decode_config(*kind, &[]).is_some());
    for kind in of_configuration.chain(kinds::COLD_KINDS) {
        assert!(FILES.iter().any(|(of, _)| *of == kind), "kind {:#04x} has no golden file", kind.0);
    }
}

#[test]
fn every_file_belongs_to_a_kind() {
    let folder = path(kinds::QUEUE).parent().unwrap().to_owned();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(FILES.iter().any(|(_, of)| name.starts_with(&format!("{of}.v"))), "{name} belongs to no kind");
    }
}

macro_rules! golden {
    ($($test:ident $kind:ident;)*) => {$(
        #[test]
        fn $test() {
            check(kinds::$kind, &samples::$test());
        }
    )*};
}

golden! {
    instances INSTANCE;
    access_keys ACCESS_KEY;
    queues QUEUE;
    hours_of_operations HOURS_OF_OPERATION;
    quick_connects QUICK_CONNECT;
    task_templates TASK_TEMPLATE;
    users USER;
    routing_profiles ROUTING_PROFILE;
    security_profiles SECURITY_PROFILE;
    agent_statuses AGENT_STATUS;
    contact_flows CONTACT_FLOW;
    storage_configs STORAGE_CONFIG;
    predefined_attributes PREDEFINED_ATTRIBUTE;
    contact_flow_modules CONTACT_FLOW_MODULE;
    flow_versions FLOW_VERSIONS;
    reference_maps REFERENCE_MAP;
    hierarchy_structures HIERARCHY_STRUCTURE;
    hierarchy_groups HIERARCHY_GROUP;
    lambda_functions LAMBDA_FUNCTION;
    effects EFFECT;
    token_segments TOKEN_SEGMENT;
    defaults DEFAULTS;
    agents AGENT;
    contacts CONTACT;
    chains CHAIN;
    flow_contents FLOW_CONTENT;
    token_blocks TOKEN_BLOCK;
    journal_entries JOURNAL;
    trace_chunks TRACE;
}
