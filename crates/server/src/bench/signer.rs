//! Requests as bytes, signed ahead of time.

use anyhow::Context as _;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use serde_json::{Value, json};
use wire::{RequestHead, sigv4};

use crate::clock;

/// What requests name as their host: the same for every server, so that all of them can be sent the same bytes.
const HOST_NAME: &str = "callboard.bench";

/// An access key and what it signs for.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) region: String,
}

/// A request before it is signed.
pub(super) struct Unsigned {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: String,
}

/// Where tasks are started.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) instance: String,
    pub(super) flow: String,
}

impl Unsigned {
    /// A StartTaskContact with a token of its own and about 750 bytes of body; `at` schedules it, in epoch seconds.
    pub(super) fn start_task(place: &Place, number: usize, at: Option<i64>) -> anyhow::Result<Unsigned> {
        let mut body = json!({
            "InstanceId": place.instance,
            "ContactFlowId": place.flow,
            "ClientToken": token()?,
            "Name": format!("Check the delivery of order {number}"),
            "Description": "The customer reports that the second parcel of the order has not arrived, although the \
                            carrier shows it as delivered. Ask the carrier for the proof of delivery, compare the \
                            address with the one of the order, and call the customer back before noon.",
            "Attributes": {
                "orderId": format!("SO-{number:010}"),
                "customerId": format!("C-{:08}", number % 1_000_000),
                "customerName": "Marguerite Example-Featherstonehaugh",
                "carrier": "Northern Parcel Service",
                "language": "en-GB",
                "priority": if number.is_multiple_of(10) { "high" } else { "normal" },
            },
            "References": {
                "Order": {"Type": "URL", "Value": format!("https://orders.example.com/orders/SO-{number:010}")},
            },
        });
        if let Some(at) = at {
            body["ScheduledTime"] = at.into();
        }
        Ok(Unsigned::put("/contact/task".to_owned(), &body))
    }

    /// A DescribeContact.
    pub(super) fn describe_contact(instance: &str, contact: &str) -> Unsigned {
        Unsigned::get(format!("/contacts/{instance}/{contact}"), "")
    }

    pub(super) fn put(path: String, body: &Value) -> Unsigned {
        Unsigned { method: "PUT", path, query: String::new(), body: body.to_string() }
    }

    pub(super) fn get(path: String, query: &str) -> Unsigned {
        Unsigned { method: "GET", path, query: query.to_owned(), body: String::new() }
    }
}

impl Signer {
    /// The bytes of a signed request. The signature is good for some minutes.
    pub(super) fn sign(&self, request: &Unsigned) -> anyhow::Result<Vec<u8>> {
        let Unsigned { method, path, query, body } = request;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(HOST_NAME));
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let head = RequestHead { method, raw_path: path, raw_query: query, headers: &headers };
        let credentials = sigv4::Credentials {
            access_key_id: &self.access_key_id,
            secret_access_key: &self.secret_access_key,
            session_token: None,
        };
        let settings =
            sigv4::Settings { region: self.region.clone(), service: "connect".to_owned(), clock_skew_seconds: 0 };
        let now = clock::wall_ms().div_euclid(1000);
        let added = sigv4::sign(&head, body.as_bytes(), &credentials, &settings, now);
        headers.extend(added);
        let mark = if query.is_empty() { "" } else { "?" };
        let mut bytes = format!("{method} {path}{mark}{query} HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in &headers {
            bytes.push_str(name.as_str());
            bytes.push_str(": ");
            bytes.push_str(value.to_str().context("a header of a signed request")?);
            bytes.push_str("\r\n");
        }
        bytes.push_str("\r\n");
        bytes.push_str(body);
        Ok(bytes.into_bytes())
    }

    /// So many distinct StartTaskContact, spread evenly over the places. All processors sign.
    pub(super) fn start_tasks(&self, places: &[Place], count: usize, at: Option<i64>) -> anyhow::Result<Vec<Vec<u8>>> {
        let threads = std::thread::available_parallelism()?.get();
        let part = |thread: usize| -> anyhow::Result<Vec<Vec<u8>>> {
            let numbers = (thread..count).step_by(threads);
            numbers
                .map(|number| self.sign(&Unsigned::start_task(&places[number % places.len()], number, at)?))
                .collect()
        };
        std::thread::scope(|scope| {
            let signing: Vec<_> = (0..threads).map(|thread| scope.spawn(move || part(thread))).collect();
            let mut parts = Vec::new();
            for signing in signing {
                parts.push(signing.join().expect("signing does not panic")?.into_iter());
            }
            // In the order of their numbers again, so that every stretch is spread over all places.
            let requests = (0..count).filter_map(|number| parts[number % threads].next()).collect();
            Ok(requests)
        })
    }
}

/// A random token, as SDKs send one.
fn token() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer { access_key_id: "KEY".into(), secret_access_key: "SECRET".into(), region: "us-east-1".into() }
    }

    #[test]
    fn tasks_are_distinct_whole_and_large_enough() {
        let id = "00000000-0000-7000-8000-000000000000".to_owned();
        let place = Place { instance: id.clone(), flow: id };
        let requests = signer().start_tasks(&[place], 5, None).unwrap();
        let mut tokens = std::collections::HashSet::new();
        for request in &requests {
            let text = std::str::from_utf8(request).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("PUT /contact/task HTTP/1.1\r\n"), "{head}");
            assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
            assert!(body.len() >= 700, "{}", body.len());
            let body: Value = serde_json::from_str(body).unwrap();
            tokens.insert(body["ClientToken"].as_str().unwrap().to_owned());
        }
        assert_eq!(tokens.len(), 5);
    }
}
