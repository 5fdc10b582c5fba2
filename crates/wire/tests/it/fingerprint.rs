//! The golden forms of inputs. A change of one of these hashes breaks the tokens of the last 7 days: do not update them.

use std::fmt::Write;

fn fingerprint(body: &str) -> String {
    let route = wire::route("PUT", "/contact/task").unwrap();
    let idempotency = wire::bind(&route, "", body.as_bytes()).unwrap().idempotency.expect("the body has a token");
    idempotency.fingerprint.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn golden() {
    for (body, expected) in [
        (
            r#"{"InstanceId":"i","Name":"n","ClientToken":"t"}"#,
            "f644fe013d5f4dd7d113e04b65f80253f9b460bccc9d465a27864da654fe8a73",
        ),
        (
            r#"{"InstanceId":"i","Name":"quote \" slash \\ bell \u0007 ሴ 😀","ClientToken":"t","ScheduledTime":1700000000.125}"#,
            "a362ee1ef1d2c35314a1ed3f96fcf528c280d3d1d2765dbd0ff12a1ab24f0d00",
        ),
        (
            r#"{"ClientToken":"t","SegmentAttributes":{"connect:ContactExpiry":{"ValueMap":{"ExpiryDuration":{"ValueInteger":60}}}},
                "Attributes":{"b":"2","a":"1","A":"0"},"References":{"r":{"Type":"URL","Value":"https://example.com/"}},
                "Attachments":[{"FileName":"a","S3Url":"u"}],"Name":"n","InstanceId":"i"}"#,
            "0caaeadb1684995d741cee0a66dfdea038d29c292b2c0a989c56446e01415424",
        ),
    ] {
        assert_eq!(fingerprint(body), expected, "{body}");
    }
}

#[test]
fn ways_of_writing_the_same_input_are_one() {
    let plain = fingerprint(r#"{"InstanceId":"i","Name":"n","ScheduledTime":1700000000,"ClientToken":"t"}"#);
    for same in [
        r#"{"ClientToken":"other","Name":"n","InstanceId":"i","ScheduledTime":1.7E9}"#,
        r#"{"ClientToken":"t","Name":"\u006e","InstanceId":"i","ScheduledTime":"2023-11-14T22:13:20Z"}"#,
        r#"{"ClientToken":"t","Name":"n","InstanceId":"i","ScheduledTime":1700000000.0001,"Description":null,"Unknown":1}"#,
    ] {
        assert_eq!(fingerprint(same), plain, "{same}");
    }
    for other in [
        r#"{"ClientToken":"t","Name":"m","InstanceId":"i","ScheduledTime":1700000000}"#,
        r#"{"ClientToken":"t","Name":"n","InstanceId":"i","ScheduledTime":1700000000.001}"#,
        r#"{"ClientToken":"t","Name":"n","InstanceId":"i","ScheduledTime":1700000000,"Description":""}"#,
    ] {
        assert_ne!(fingerprint(other), plain, "{other}");
    }
}

#[test]
fn without_a_token_there_is_none() {
    let route = wire::route("PUT", "/contact/task").unwrap();
    assert_eq!(wire::bind(&route, "", br#"{"InstanceId":"i","Name":"n"}"#).unwrap().idempotency, None);
    let route = wire::route("POST", "/contact/stop").unwrap();
    assert_eq!(wire::bind(&route, "", br#"{"ClientToken":"t"}"#).unwrap().idempotency, None);
}
