//! Ids of new records: UUIDs of version 7 in the order in which they are made (ADR 9).
//!
//! After the milliseconds comes a number that counts up, then chance. So what was made first comes first, also within a
//! millisecond, and under a clock that stands still.

use engine::Timestamp;
use uuid::Uuid;

/// Bits of the number that are before the variant of the UUID; the rest is behind it.
const FRONT_BITS: u32 = 12;
const BACK_BITS: u32 = u32::BITS - FRONT_BITS;
/// Bits of chance at the end.
const RANDOM_BITS: u32 = 62 - BACK_BITS;

/// The id of what is made at this time, as the one with this number.
pub fn fresh_id(now: Timestamp, number: u32, random: u64) -> Uuid {
    let millis = now.millis().max(0) as u64;
    let back = u64::from(number) & ((1 << BACK_BITS) - 1);
    let behind_variant = back << RANDOM_BITS | random >> (u64::BITS - RANDOM_BITS);
    let mut bytes = [0; 10];
    bytes[..2].copy_from_slice(&((number >> BACK_BITS) as u16).to_be_bytes());
    bytes[2..].copy_from_slice(&behind_variant.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

/// The number that an id was made with.
pub fn number_of(id: Uuid) -> u32 {
    let bits = id.as_u128();
    let front = (bits >> 64) as u32 & ((1 << FRONT_BITS) - 1);
    let back = (bits as u64 >> RANDOM_BITS) as u32 & ((1 << BACK_BITS) - 1);
    front << BACK_BITS | back
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_time_and_number() {
        let at = |millis, number, random| fresh_id(Timestamp(millis), number, random);
        let numbers = [0, 1, 63, 64, 1 << 14, (1 << 20) - 1, 1 << 20, u32::MAX];
        let mut ids: Vec<Uuid> = numbers.iter().map(|number| at(5, *number, u64::MAX - u64::from(*number))).collect();
        ids.push(at(6, 0, 0));
        assert!(ids.is_sorted(), "{ids:?}");
        for (id, number) in ids.iter().zip(numbers) {
            assert_eq!((number_of(*id), id.get_version_num()), (number, 7));
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        }
        assert_ne!(at(5, 1, 0), at(5, 1, 1 << 63));
    }
}
