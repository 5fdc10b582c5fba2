//! The stored form of a chunk. Its texts are of few words, those of the flow language, and come again with each task:
//! packed, with the words known beforehand, they are less than half.

use engine::ContactId;
use minicbor::bytes::ByteVec;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::{CHUNK_BYTES_MAX, KeptAction, TraceChunk};

/// What packed actions may refer to. It never changes: what was packed with it can be read with it only.
const WORDS: &[u8] = include_bytes!("words.txt");
/// Actions of fewer bytes are kept as they are.
const PACKED_FROM: usize = 256;
/// Most bytes of unpacked actions: those of a chunk, and what their form adds.
const UNPACKED_MAX: usize = 2 * CHUNK_BYTES_MAX;

/// A chunk on disk: its actions as they are, or packed.
#[derive(Encode, Decode)]
struct Stored {
    #[n(0)]
    contact: ContactId,
    #[n(1)]
    number: u32,
    #[n(2)]
    before: u64,
    #[n(3)]
    actions: Vec<KeptAction>,
    /// The encoded actions as a block of LZ4 behind their length, a little-endian number of 32 bits.
    #[n(4)]
    packed: Option<ByteVec>,
}

impl<C> Encode<C> for TraceChunk {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        let &TraceChunk { contact, number, before, ref actions } = self;
        let plain = minicbor::to_vec(actions).expect("writing to a vector cannot fail");
        let (actions, packed) = match plain.len() {
            ..PACKED_FROM => (actions.clone(), None),
            _ => (Vec::new(), Some(lz4_flex::block::compress_prepend_size_with_dict(&plain, WORDS).into())),
        };
        Stored { contact, number, before, actions, packed }.encode(e, &mut ())
    }
}

impl<'b, C> Decode<'b, C> for TraceChunk {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let Stored { contact, number, before, mut actions, packed } = Stored::decode(d, &mut ())?;
        if let Some(packed) = packed {
            actions = minicbor::decode(&unpacked(&packed)?)?;
        }
        Ok(TraceChunk { contact, number, before, actions })
    }
}

fn unpacked(packed: &[u8]) -> Result<Vec<u8>, decode::Error> {
    let (length, block) = packed.split_first_chunk().ok_or_else(decode::Error::end_of_input)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > UNPACKED_MAX {
        return Err(decode::Error::message("packed actions are longer than a chunk may be"));
    }
    lz4_flex::block::decompress_with_dict(block, length, WORDS).map_err(decode::Error::custom)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::golden::samples;
    use crate::record;

    /// A chunk of the default flows' words.
    fn sample() -> TraceChunk {
        let mut chunk = samples::trace_chunks().remove(0);
        let action = chunk.actions[0].clone();
        chunk.actions.extend([action.clone(), action]);
        chunk
    }

    #[test]
    fn the_words_never_change() {
        let digest = Sha256::digest(WORDS).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        expect_test::expect!["ffffcb59ff00927d7b8a42dbdeff6089bffcd7743f737318bfd80daf88b67a5f"].assert_eq(&digest);
    }

    #[test]
    fn what_was_packed_is_read_for_ever() {
        let packed: String = "
            0185500e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e188119fde8805879f0010000fb0184818d1b000001a3185cd163020750
            0501002b500b0100216a63ea02536520c3a46781092f781a0003017f626c7565227d73840000ff0b6377687963656e64
            6f7b2274696572223a22676f6c64227df5828b000a1ff67b00001ff66000016ff6f6f6f41903d900790f640172606f6c
            64227df5
            "
        .split_whitespace()
        .collect();
        let bytes: Vec<u8> =
            (0..packed.len()).step_by(2).map(|at| u8::from_str_radix(&packed[at..at + 2], 16).unwrap()).collect();
        assert_eq!(record::decode::<TraceChunk>(&bytes).unwrap(), sample());
    }

    #[test]
    fn a_packed_chunk_is_read_as_it_was() {
        let chunk = sample();
        let plain = minicbor::to_vec(&chunk.actions).unwrap().len();
        let stored = record::encode(&chunk);
        assert!(stored.len() < plain / 2, "{} of {plain} bytes", stored.len());
        assert_eq!(record::decode::<TraceChunk>(&stored).unwrap(), chunk);
    }

    #[test]
    fn a_packed_chunk_that_is_broken_is_an_error() {
        let stored = record::encode(&sample());
        for end in 1..stored.len() {
            assert!(record::decode::<TraceChunk>(&stored[..end]).is_err(), "cut after {end} bytes");
        }
        let large = Stored {
            packed: Some([&u32::MAX.to_le_bytes()[..], b"\0"].concat().into()),
            contact: sample().contact,
            number: 0,
            before: 0,
            actions: Vec::new(),
        };
        let error = record::decode::<TraceChunk>(&record::encode(&large)).unwrap_err();
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("longer than a chunk"), "{error:?}");
    }
}
