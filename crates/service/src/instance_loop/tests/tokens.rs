//! Tokens that were sealed and merged, asked through calls.

use std::collections::BTreeMap;

use super::*;

/// Starts a task with each of so many tokens, and returns what was made.
fn start(driver: &mut Driver, flow: &str, tokens: std::ops::Range<usize>) -> BTreeMap<String, Value> {
    let started = tokens.map(|n| {
        let token = format!("token-{n}");
        let reply = driver.task(flow, &token);
        driver.settle();
        (token, driver.answer(reply).expect("an answer").expect("a good answer")["ContactId"].clone())
    });
    started.collect()
}

fn repeat(driver: &mut Driver, flow: &str, made: &BTreeMap<String, Value>) {
    for (token, contact) in made {
        let reply = driver.task(flow, token);
        driver.settle();
        let again = driver.answer(reply).expect("an answer").expect("a good answer");
        assert_eq!(again["ContactId"], *contact, "{token}");
    }
}

fn segments(driver: &Driver) -> Vec<u64> {
    driver.instance.world().tokens.segments().iter().map(|segment| segment.number).collect()
}

fn stored_blocks(driver: &Driver) -> usize {
    driver.store.scan(SCOPE, &Scan::all(kinds::TOKEN_BLOCK, 1_000, 1 << 20)).unwrap().rows.len()
}

#[test]
fn a_merged_token_gives_its_contact_also_after_a_restart() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let made = start(&mut driver, &flow, 0..150);
    assert!(driver.instance.world().tokens.open_count() < TOKEN_BOUNDS.open_max);
    let merged = driver.instance.world().tokens.segments().iter().any(|segment| segment.blocks > 1);
    assert!(merged && segments(&driver).len() <= TOKEN_BOUNDS.small_segments_max, "{:?}", segments(&driver));
    repeat(&mut driver, &flow, &made);
    let before = segments(&driver);
    let mut driver = driver.restart();
    assert_eq!(segments(&driver), before);
    repeat(&mut driver, &flow, &made);
    let findings = crate::check(&*driver.store, SCOPE).unwrap();
    assert_eq!(findings.problems, Vec::<String>::new());
    let blocks: u32 = driver.instance.world().tokens.segments().iter().map(|segment| segment.blocks).sum();
    assert_eq!(stored_blocks(&driver), blocks as usize, "those that were merged are gone");
}

#[test]
fn a_merge_that_a_crash_or_a_failed_commit_ends_loses_no_token() {
    for ending in 0..40 {
        let mut driver = Driver::new();
        let flow = driver.flow();
        let mut made = start(&mut driver, &flow, 0..15);
        // One step after another, until it is time.
        let replies: Vec<_> =
            (15..40).map(|n| (format!("token-{n}"), driver.task(&flow, &format!("token-{n}")))).collect();
        driver.turn();
        (0..ending).for_each(|_| driver.step());
        if ending % 2 == 0 && !driver.commits.is_empty() {
            driver.fail(ending % 4 == 0);
            driver.reload();
            driver.inputs.push_back(Input::Probe);
            driver.turn();
            driver.commit();
        }
        for (token, reply) in &replies {
            if let Some(Ok(answer)) = driver.answer(*reply) {
                made.insert(token.clone(), answer["ContactId"].clone());
            }
        }
        if ending % 2 == 1 {
            driver = driver.restart();
        }
        driver.settle();
        repeat(&mut driver, &flow, &made);
        let findings = crate::check(&*driver.store, SCOPE).unwrap();
        assert_eq!(findings.problems, Vec::<String>::new(), "ended after {ending} steps");
    }
}

#[test]
fn tokens_that_cannot_be_read_are_merged_later() {
    let mut driver = Driver::new();
    let flow = driver.flow();
    let mut n = 0;
    while driver.fetches.is_empty() {
        driver.task(&flow, &format!("token-{n}"));
        driver.turn();
        while !driver.commits.is_empty() && driver.fetches.is_empty() {
            driver.commit();
        }
        n += 1;
        assert!(n < 100, "a merge is due");
    }
    let request = driver.fetches.pop_front().unwrap();
    let error = Unavailable::without_source("read", Reason::Io);
    driver.inputs.push_back(Input::Fetched(Fetched { ticket: request.ticket, result: Err(error) }));
    driver.settle();
    let told = driver.events.iter().filter(|event| event.starts_with("merging tokens of")).count();
    assert_eq!(told, 1, "{:?}", driver.events);
    assert!(segments(&driver).len() >= TOKEN_BOUNDS.small_segments_max);
    driver.now += 60_000;
    driver.settle();
    assert!(segments(&driver).len() < TOKEN_BOUNDS.small_segments_max);
}
