//! Fixed seeds, and what a run as such promises.

use std::collections::BTreeMap;

use sim::STEPS_DEFAULT;

/// Runs these seeds and counts what happened.
fn run(seeds: std::ops::Range<u64>) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for seed in seeds {
        let summary = sim::run(seed, STEPS_DEFAULT).unwrap_or_else(|failure| panic!("{failure}"));
        for (what, count) in summary.counts {
            *counts.entry(what).or_default() += count;
        }
    }
    counts
}

#[test]
fn seeds_0_to_9_find_nothing() {
    run(0..10);
}

#[test]
fn seeds_10_to_19_find_nothing_and_reach_everything() {
    let counts = run(10..20);
    let reached = [
        "StartTaskContact",
        "DescribeContact",
        "StopContact",
        "PauseContact",
        "ResumeContact",
        "TransferContact",
        "AssociateContactWithUser",
        "UpdateContactRoutingData",
        "UpdateContactSchedule",
        "PutUserStatus",
        "DismissUserContact",
        "DeleteUser",
        "UpdateContactFlowContent",
        "agent accept",
        "agent reject",
        "agent end",
        "agent close",
        "agent transfer",
        "offer",
        "sign-in",
        "sign-out",
        "event stream",
        "lost event stream",
        "stream at rest",
        "return",
        "deletion of an instance with somebody there",
        "crash",
        "failed commit",
        "failed read",
        "lost answer",
        "interrupted effect",
        "closed instance",
    ];
    let missing: Vec<_> = reached.iter().filter(|what| !counts.contains_key(*what)).collect();
    assert!(missing.is_empty(), "{missing:?} never happened in {counts:?}");
}

#[test]
fn equal_seeds_do_equal_things() {
    let [one, other] = [3, 3].map(|seed| sim::run(seed, STEPS_DEFAULT).unwrap());
    assert_eq!(one, other);
    assert_ne!(one.digest, sim::run(4, STEPS_DEFAULT).unwrap().digest);
}
