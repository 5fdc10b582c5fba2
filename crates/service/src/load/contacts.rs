//! The open contacts of an instance that is being opened, decoded beside the reading of it.
//!
//! An instance may have a million of them, and to decode one takes longer than to read it. They go to a thread of their own
//! by the chunk; an instance with fewer than fill a chunk needs none.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use routing::{Backlog, Router};
use store::Key;

use crate::contacts::ContactTable;
use crate::kinds;
use crate::record::DecodeError;
use crate::world::LoadError;

/// Bytes of records that are handed over at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// Chunks that wait at most.
const CHUNKS_AHEAD_MAX: usize = 8;

/// Records one after the other.
#[derive(Default)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    /// Where the id and the value of each end.
    ends: Vec<(usize, usize)>,
}

impl Chunk {
    fn add(&mut self, id: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(id);
        let id_end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((id_end, self.bytes.len()));
    }

    fn records(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        begins.zip(&self.ends).map(|(begin, (id_end, end))| (&self.bytes[begin..*id_end], &self.bytes[*id_end..*end]))
    }
}

/// What has been decoded.
#[derive(Default)]
struct Decoded {
    table: ContactTable,
    backlog: Backlog,
}

impl Decoded {
    fn take(&mut self, chunk: &Chunk) -> Result<(), LoadError> {
        for (id, value) in chunk.records() {
            self.decode(value).map_err(|source| LoadError::Record { key: Key::new(kinds::CONTACT, id), source })?;
        }
        Ok(())
    }

    fn decode(&mut self, value: &[u8]) -> Result<(), DecodeError> {
        let contact = self.table.load(value)?;
        if let Some(waiting) = contact.waiting() {
            self.backlog.add(waiting);
        }
        Ok(())
    }

    fn finished(mut self) -> (ContactTable, Router) {
        self.table.finish_load();
        (self.table, Router::from(self.backlog))
    }

    fn of(chunks: &Receiver<Chunk>) -> Result<(ContactTable, Router), LoadError> {
        let mut decoded = Decoded::default();
        for chunk in chunks {
            decoded.take(&chunk)?;
        }
        Ok(decoded.finished())
    }
}

/// A thread at work.
pub(super) type Decoding<'t> = ScopedJoinHandle<'t, Result<(ContactTable, Router), LoadError>>;

/// Takes contacts as they are read.
pub(super) struct Contacts<'t, 'e> {
    threads: &'t Scope<'t, 'e>,
    chunk: Chunk,
    decoder: Option<(SyncSender<Chunk>, Decoding<'t>)>,
}

impl<'t, 'e> Contacts<'t, 'e> {
    pub(super) fn new(threads: &'t Scope<'t, 'e>) -> Self {
        Contacts { threads, chunk: Chunk::default(), decoder: None }
    }

    pub(super) fn add(&mut self, id: &[u8], value: &[u8]) {
        self.chunk.add(id, value);
        if self.chunk.bytes.len() < CHUNK_BYTES {
            return;
        }
        let chunk = std::mem::take(&mut self.chunk);
        let (chunks, _) = self.decoder.get_or_insert_with(|| {
            let (sender, receiver) = sync_channel(CHUNKS_AHEAD_MAX);
            (sender, self.threads.spawn(move || Decoded::of(&receiver)))
        });
        // A decoder that met a record it cannot read has gone, and `loaded` tells why.
        let _ = chunks.send(chunk);
    }

    /// All have been read.
    pub(super) fn end(self) -> Read<'t> {
        let Some((chunks, decoding)) = self.decoder else { return Read::Few(self.chunk) };
        // As above.
        let _ = chunks.send(self.chunk);
        Read::Many(decoding)
    }
}

/// Contacts that have been read, and perhaps not all decoded.
pub(super) enum Read<'t> {
    Few(Chunk),
    Many(Decoding<'t>),
}

impl Read<'_> {
    /// All of them, once they are decoded.
    pub(super) fn decoded(self) -> Result<(ContactTable, Router), LoadError> {
        match self {
            Read::Few(chunk) => {
                let mut decoded = Decoded::default();
                decoded.take(&chunk)?;
                Ok(decoded.finished())
            }
            Read::Many(decoding) => decoding.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_cannot_be_read_is_named_wherever_it_was_decoded() {
        for before in [0, 2 * CHUNK_BYTES] {
            let error = std::thread::scope(|threads| {
                let mut contacts = Contacts::new(threads);
                contacts.add(&[7; 16], b"no record");
                for _ in 0..before / 1024 {
                    contacts.add(&[8; 16], &[0; 1024]);
                }
                contacts.end().decoded().err()
            });
            let Some(LoadError::Record { key, .. }) = error else { panic!("{error:?}") };
            assert_eq!(key, Key::new(kinds::CONTACT, [7; 16]));
        }
    }
}
