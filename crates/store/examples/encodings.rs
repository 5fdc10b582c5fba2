//! Compares record encodings for ADR 1: `cargo run --release -p store --example encodings`.
//!
//! One realistic contact in four encodings: its size, the time to encode and to decode it, and what happens when the
//! struct changes under stored records.

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]
#![expect(clippy::unwrap_used, reason = "a bench ends at the first error")]
#![allow(missing_docs, reason = "the structs are samples")]

use std::hint::black_box;
use std::time::Instant;

use minicbor::{Decode, Encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const ROUNDS: u32 = 200_000;

#[derive(Clone, PartialEq, Debug, Encode, Decode, Serialize, Deserialize)]
enum State {
    #[n(0)]
    Scheduled,
    #[n(1)]
    InFlow,
    #[n(2)]
    Queued {
        #[n(0)]
        queue: Id,
        #[n(1)]
        since_ms: i64,
    },
}

#[derive(Clone, Copy, PartialEq, Debug, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
struct Id(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

#[derive(Clone, PartialEq, Debug, Encode, Decode, Serialize, Deserialize)]
struct Reference {
    #[n(0)]
    name: String,
    #[n(1)]
    value: String,
    #[n(2)]
    kind: u8,
}

#[derive(Clone, PartialEq, Debug, Encode, Decode, Serialize, Deserialize)]
struct FlowRun {
    #[n(0)]
    run: Id,
    #[n(1)]
    flow: Id,
    #[n(2)]
    content: Id,
    #[n(3)]
    action: String,
    #[n(4)]
    loops: Vec<(String, u32)>,
}

macro_rules! contact {
    ($name:ident, $state:ident, $note:ident $(, $index:literal $added:ident: $type:ty)?) => {
        #[derive(Clone, PartialEq, Debug, Encode, Decode, Serialize, Deserialize)]
        struct $name {
            #[n(0)]
            id: Id,
            #[n(1)]
            initial: Option<Id>,
            #[n(2)]
            state: $state,
            #[n(3)]
            initiated_ms: i64,
            #[n(4)]
            updated_ms: i64,
            #[n(5)]
            enqueued_ms: Option<i64>,
            #[n(6)]
            disconnected_ms: Option<i64>,
            #[n(7)]
            name: String,
            #[n(8)]
            $note: String,
            #[n(9)]
            attributes: Vec<(String, String)>,
            #[n(10)]
            references: Vec<Reference>,
            #[n(11)]
            segment_attributes: Vec<(String, String)>,
            #[n(12)]
            runs: Vec<FlowRun>,
            $(#[n($index)] $added: $type,)?
        }
    };
}

#[derive(Clone, PartialEq, Debug, Encode, Decode, Serialize, Deserialize)]
enum LaterState {
    #[n(0)]
    Scheduled,
    #[n(1)]
    InFlow,
    #[n(3)]
    Offered {
        #[n(0)]
        agent: Id,
    },
    #[n(2)]
    Queued {
        #[n(0)]
        queue: Id,
        #[n(1)]
        since_ms: i64,
    },
}

contact!(Contact, State, description);
contact!(WithField, State, description, 13 priority: Option<u32>);
contact!(Renamed, State, summary);
contact!(WithVariant, LaterState, description);

fn sample() -> Contact {
    let id = |byte: u8| Id([byte.wrapping_mul(37) | 0x80; 16]);
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    Contact {
        id: id(1),
        initial: None,
        state: State::Queued { queue: id(2), since_ms: 1_767_323_045_120 },
        initiated_ms: 1_767_323_045_000,
        updated_ms: 1_767_323_045_120,
        enqueued_ms: Some(1_767_323_045_120),
        disconnected_ms: None,
        name: "Refund request for order 2026-118-4471 of Ms Example, second reminder".into(),
        description: "The customer returned two of three items on 28 December and asks for the refund of the shipping \
                      costs too; see the mail thread and the photo of the damaged parcel."
            .into(),
        attributes: (1..=8).map(|n| pair(&format!("attribute{n}"), &format!("value of attribute {n}"))).collect(),
        references: vec![Reference { name: "Order".into(), value: "https://shop.example/orders/4471".into(), kind: 1 }],
        segment_attributes: vec![pair("connect:Subtype", "connect:Task")],
        runs: vec![FlowRun {
            run: id(3),
            flow: id(4),
            content: id(5),
            action: "6f9e2c1d-transfer-to-queue".into(),
            loops: vec![("retry".into(), 2)],
        }],
    }
}

fn main() {
    println!(
        "{:<22}{:>7}{:>11}{:>11}   a new optional field / a renamed field / a new variant before others",
        "", "bytes", "encode ns", "decode ns"
    );
    measure(
        "minicbor, indexes",
        |value| minicbor::to_vec(value).unwrap(),
        |bytes| minicbor::decode::<Contact>(bytes).unwrap(),
    );
    evolution(
        |bytes| minicbor::decode::<WithField>(bytes).ok().map(|_| ()),
        |bytes| minicbor::decode::<Renamed>(bytes).ok().map(|_| ()),
        |bytes| minicbor::decode::<WithVariant>(bytes).ok(),
        &minicbor::to_vec(sample()).unwrap(),
    );
    measure_serde("postcard", |value| postcard::to_stdvec(value).unwrap(), &Postcard);
    measure_serde("rmp-serde, named", |value| rmp_serde::to_vec_named(value).unwrap(), &MessagePack);
    measure_serde("serde_json", |value| serde_json::to_vec(value).unwrap(), &Json);
}

trait Format {
    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Option<T>;
}
struct Postcard;
struct MessagePack;
struct Json;
impl Format for Postcard {
    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Option<T> {
        postcard::from_bytes(bytes).ok()
    }
}
impl Format for MessagePack {
    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Option<T> {
        rmp_serde::from_slice(bytes).ok()
    }
}
impl Format for Json {
    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Option<T> {
        serde_json::from_slice(bytes).ok()
    }
}

fn measure_serde(name: &str, encode: impl Fn(&Contact) -> Vec<u8>, format: &impl Format) {
    let bytes = encode(&sample());
    measure(name, encode, |bytes| format.decode::<Contact>(bytes).unwrap());
    evolution(
        |bytes| format.decode::<WithField>(bytes).map(|_| ()),
        |bytes| format.decode::<Renamed>(bytes).map(|_| ()),
        |bytes| format.decode::<WithVariant>(bytes),
        &bytes,
    );
}

fn measure(name: &str, encode: impl Fn(&Contact) -> Vec<u8>, decode: impl Fn(&[u8]) -> Contact) {
    let contact = sample();
    let bytes = encode(&contact);
    assert_eq!(decode(&bytes), contact);
    let start = Instant::now();
    (0..ROUNDS).for_each(|_| drop(black_box(encode(black_box(&contact)))));
    let encode_ns = start.elapsed().as_nanos() / u128::from(ROUNDS);
    let start = Instant::now();
    (0..ROUNDS).for_each(|_| drop(black_box(decode(black_box(&bytes)))));
    let decode_ns = start.elapsed().as_nanos() / u128::from(ROUNDS);
    print!("{name:<22}{:>7}{encode_ns:>11}{decode_ns:>11}", bytes.len());
}

/// Reads today's bytes with later structs.
fn evolution(
    field: impl Fn(&[u8]) -> Option<()>,
    renamed: impl Fn(&[u8]) -> Option<()>,
    variant: impl Fn(&[u8]) -> Option<WithVariant>,
    bytes: &[u8],
) {
    let State::Queued { queue, since_ms } = sample().state else { return };
    let same = |read: WithVariant| read.state == LaterState::Queued { queue, since_ms };
    let variant = match variant(bytes).map(same) {
        Some(true) => "read",
        Some(false) => "read as another value",
        None => "error",
    };
    let text = |read: Option<()>| if read.is_some() { "read" } else { "error" };
    println!("   {} / {} / {variant}", text(field(bytes)), text(renamed(bytes)));
}
