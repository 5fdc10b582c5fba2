//! Whatever bytes come in, an answer comes out.

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use wire::RequestHead;
use wire::sigv4::SigningKeyCache;

use crate::sigv4_published::{Keys, settings};

/// Bytes that look a little like the body of a task.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just(",".to_owned()),
        Just(":".to_owned()),
        Just("null".to_owned()),
        Just("1.5e300".to_owned()),
        Just("\"InstanceId\"".to_owned()),
        Just("\"Attributes\"".to_owned()),
        Just("\"ScheduledTime\"".to_owned()),
        Just("\"SegmentAttributes\"".to_owned()),
        "\"[a-z\\\\u0-9]{0,6}\"",
    ];
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64),
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat().into_bytes()),
        any::<f64>().prop_map(|time| {
            format!("{{\"InstanceId\":\"i\",\"Name\":\"n\",\"ClientToken\":\"t\",\"ScheduledTime\":{time:e}}}")
                .into_bytes()
        }),
    ]
}

proptest! {
    #[test]
    fn routing(method in "GET|PUT|POST|DELETE|[A-Z]{1,4}", path in "[ -~ሴ]{0,8}(/[a-z%0-9.-]{0,12}){0,20}") {
        if let Err(error) = wire::route(&method, &path) {
            prop_assert!(error.status == 404 || error.status == 400);
        }
    }

    #[test]
    fn binding(body in body(), query in "([a-zA-Z]{0,9}=?[a-z%&0-9]{0,9}&?){0,5}|maxResults=.{0,9}") {
        for (method, path) in [("PUT", "/contact/task"), ("GET", "/queues-summary/i"), ("PUT", "/quick-connects/i")] {
            let route = wire::route(method, path).unwrap();
            if let Err(error) = wire::bind(&route, &query, &body) {
                prop_assert_eq!(error.status, 400);
            }
        }
    }

    #[test]
    fn what_keeps_the_constraints_has_the_type(body in body()) {
        let route = wire::route("PUT", "/contact/task").unwrap();
        let typed = wire::bind(&route, "", &body).and_then(wire::typed::<api::operations::StartTaskContact>);
        if let Err(error) = typed {
            prop_assert_eq!(error.status, 400);
        }
    }

    #[test]
    fn verifying(
        path in "/[ -~ሴ]{0,12}",
        query in "(X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature)=[ -~]{0,12}&){0,6}",
        authorization in prop_oneof![
            "[ -~]{0,40}",
            "AWS4-HMAC-SHA256 Credential=[a-z/]{0,12}, SignedHeaders=[a-z;]{0,12}, Signature=[0-9a-f]{0,8}",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;[ -~]{0,12}, Signature=[ -~]{0,8}",
        ],
        date in "20150830T123600Z|[ -~]{0,17}",
        body in proptest::collection::vec(any::<u8>(), 0..16),
        with_header: bool,
    ) {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("localhost"));
        if let (true, Ok(value)) = (with_header, HeaderValue::from_str(&authorization)) {
            headers.insert("authorization", value);
        }
        headers.insert(HeaderName::from_static("x-amz-date"), HeaderValue::from_str(&date).unwrap());
        let head = RequestHead { method: "GET", raw_path: &path, raw_query: &query, headers: &headers };
        let refused = wire::sigv4::verify(&head, &body, &Keys, &settings(), 1_440_938_160, &SigningKeyCache::default());
        prop_assert_eq!(refused.unwrap_err().status, 403);
    }
}
