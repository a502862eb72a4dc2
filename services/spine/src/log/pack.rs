//! Runs of rulings are packed before they are sealed: they repeat themselves, and the server keeps what is new in memory.
//!
//! What a stored size tells grows no more than it did: a run holds rulings of several positions, its contents are sealed
//! already, and nobody outside the hub can put words of theirs beside somebody else's to see which shrink.

/// The most a run may weigh unpacked; more is refused on both ways.
const MOST: usize = 8 * 1024 * 1024;
/// zstd's fastest of its ordinary levels: two thirds of the bytes go at a few hundred megabytes a second.
const LEVEL: i32 = 1;

/// Length, then a zstd frame (RFC 8878). None where the body is larger than may be stored.
pub fn pack(body: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= MOST)?;
    let mut packed = length.to_be_bytes().to_vec();
    packed.append(&mut zstd::bulk::compress(body, LEVEL).ok()?);
    Some(packed)
}

/// None where it is not what [`pack`] made.
pub fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let (length, frame) = packed.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok().filter(|n| *n <= MOST)?;
    zstd::bulk::decompress(frame, length).ok().filter(|body| body.len() == length)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_packed_unpacks(body in prop::collection::vec(any::<u8>(), 0..4096), times in 1usize..20) {
            let body = body.repeat(times);
            prop_assert_eq!(unpack(&pack(&body).unwrap()).unwrap(), body);
        }

        #[test]
        fn what_was_not_packed_does_not(body in prop::collection::vec(any::<u8>(), 0..4096)) {
            if let Some(unpacked) = unpack(&body) {
                prop_assert!(unpacked.len() <= MOST);
            }
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        assert!(pack(&vec![0; MOST + 1]).is_none());
        let mut bomb = pack(&vec![0; MOST]).unwrap();
        assert!(bomb.len() < 10_000);
        bomb.splice(0..4, 10u32.to_be_bytes());
        assert!(unpack(&bomb).is_none());
    }
}
