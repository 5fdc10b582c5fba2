//! The form of a row of the table `recent`: a checksum (CRC-32, four bytes) and the batches of one commit, in CBOR.
//!
//! These bytes are folded into the tables unseen, so that damage must be noticed before.

use minicbor::bytes::ByteSlice;
use minicbor::{Decode, Encode};
use uuid::Uuid;

use crate::batch::{Batch, CommitNumber, Epoch, Write};
use crate::key::{KEY_ID_MAX, Key, KeyId, Kind, Scope};

const CHECKSUM_BYTES: usize = 4;

#[derive(Encode, Decode)]
struct Entry<'b> {
    #[b(0)]
    batches: Vec<BatchForm<'b>>,
}

#[derive(Encode, Decode)]
struct BatchForm<'b> {
    #[b(0)]
    scope: &'b ByteSlice,
    #[n(1)]
    epoch: u64,
    #[n(2)]
    number: u64,
    #[n(3)]
    now_ms: i64,
    #[n(4)]
    next_due_ms: Option<i64>,
    #[b(5)]
    writes: Vec<WriteForm<'b>>,
}

#[derive(Encode, Decode)]
enum WriteForm<'b> {
    #[n(0)]
    Put {
        #[n(0)]
        kind: u8,
        #[b(1)]
        id: &'b ByteSlice,
        #[b(2)]
        value: &'b ByteSlice,
    },
    #[n(1)]
    Delete {
        #[n(0)]
        kind: u8,
        #[b(1)]
        id: &'b ByteSlice,
    },
    #[n(2)]
    DeleteRange {
        #[n(0)]
        kind: u8,
        #[b(1)]
        from: &'b ByteSlice,
        #[b(2)]
        to: &'b ByteSlice,
    },
}

/// Batches that are committed together, as bytes.
pub(in crate::sqlite) fn encode(batches: &[Batch]) -> Vec<u8> {
    let form = |batch| BatchForm::from(batch);
    let entry = Entry { batches: batches.iter().map(form).collect() };
    let mut bytes = vec![0; CHECKSUM_BYTES];
    minicbor::encode(entry, &mut bytes).expect("writing to memory does not fail");
    let checksum = crc32fast::hash(&bytes[CHECKSUM_BYTES..]);
    bytes[..CHECKSUM_BYTES].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// The batches of a row.
pub(in crate::sqlite) fn decode(bytes: &[u8]) -> Result<Vec<Batch>, minicbor::decode::Error> {
    let damaged = || minicbor::decode::Error::message("its checksum does not fit");
    let (checksum, bytes) = bytes.split_first_chunk::<CHECKSUM_BYTES>().ok_or_else(damaged)?;
    if u32::from_be_bytes(*checksum) != crc32fast::hash(bytes) {
        return Err(damaged());
    }
    let entry: Entry = minicbor::decode(bytes)?;
    entry.batches.iter().map(batch_of).collect()
}

impl<'b> From<&'b Batch> for BatchForm<'b> {
    fn from(batch: &'b Batch) -> Self {
        BatchForm {
            scope: (&batch.scope.0.as_bytes()[..]).into(),
            epoch: batch.epoch.0,
            number: batch.number.0,
            now_ms: batch.now_ms,
            next_due_ms: batch.next_due_ms,
            writes: batch.writes.iter().map(WriteForm::from).collect(),
        }
    }
}

impl<'b> From<&'b Write> for WriteForm<'b> {
    fn from(write: &'b Write) -> Self {
        match write {
            Write::Put { key, value } => {
                WriteForm::Put { kind: key.kind.0, id: (&*key.id).into(), value: (&value[..]).into() }
            }
            Write::Delete { key } => WriteForm::Delete { kind: key.kind.0, id: (&*key.id).into() },
            Write::DeleteRange { kind, from, to } => {
                WriteForm::DeleteRange { kind: kind.0, from: (&**from).into(), to: (&**to).into() }
            }
        }
    }
}

fn batch_of(form: &BatchForm<'_>) -> Result<Batch, minicbor::decode::Error> {
    let scope = Uuid::from_slice(form.scope).map_err(minicbor::decode::Error::custom)?;
    Ok(Batch {
        scope: Scope(scope),
        epoch: Epoch(form.epoch),
        number: CommitNumber(form.number),
        now_ms: form.now_ms,
        next_due_ms: form.next_due_ms,
        writes: form.writes.iter().map(write_of).collect::<Result<_, _>>()?,
    })
}

fn write_of(form: &WriteForm<'_>) -> Result<Write, minicbor::decode::Error> {
    Ok(match form {
        WriteForm::Put { kind, id, value } => Write::Put { key: key(*kind, id)?, value: value.to_vec() },
        WriteForm::Delete { kind, id } => Write::Delete { key: key(*kind, id)? },
        WriteForm::DeleteRange { kind, from, to } => {
            Write::DeleteRange { kind: Kind(*kind), from: KeyId::limit(from), to: KeyId::limit(to) }
        }
    })
}

fn key(kind: u8, id: &[u8]) -> Result<Key, minicbor::decode::Error> {
    if id.len() > KEY_ID_MAX {
        return Err(minicbor::decode::Error::message("an id is longer than any that is written"));
    }
    Ok(Key::new(Kind(kind), id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches() -> Vec<Batch> {
        let key = Key::new(Kind(3), *b"id");
        let range = Write::DeleteRange { kind: Kind(0x84), from: (*b"a").into(), to: (*b"b").into() };
        let writes = vec![Write::Put { key: key.clone(), value: b"value".to_vec() }, Write::Delete { key }, range];
        let (scope, epoch, number) = (Scope(Uuid::from_u128(7)), Epoch(1), CommitNumber(9));
        let batch = Batch { scope, epoch, number, now_ms: 1_000, next_due_ms: Some(2_000), writes };
        let probe = Batch { next_due_ms: None, writes: Vec::new(), scope: Scope::SYSTEM, ..batch.clone() };
        vec![batch, probe]
    }

    /// What a process has written, a later version must read after it has died.
    #[test]
    fn a_row_keeps_its_form() {
        let hex: String = encode(&batches()).iter().map(|byte| format!("{byte:02x}")).collect();
        expect_test::expect!["e47e4610818286500000000000000000000000000000000701091903e81907d083820083034269644576616c75658201820342696482028318844161416286500000000000000000000000000000000001091903e8f680"].assert_eq(&hex);
    }

    #[test]
    fn what_was_encoded_comes_back_and_what_was_cut_is_refused() {
        let bytes = encode(&batches());
        assert_eq!(decode(&bytes).unwrap(), batches());
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
    }
}
