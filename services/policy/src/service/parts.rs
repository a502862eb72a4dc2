//! Rulings as they are written, and how those of one position are cut into messages: the same cut every time, so that a
//! cut run can be continued.

use handoff_spine::release::{MAX_BYTES, Ruled};
use handoff_spine::service::ServiceError;

/// One ruling in the form a message holds it. Its length follows from what was ruled alone: ciphertexts of equal
/// contents are of equal length.
pub type Written = Vec<u8>;

/// Writes each ruling once; what it weighs is then known exactly.
///
/// # Errors
/// HO-4001, which says that a ruling has no JSON form.
pub fn write(ruled: &[Ruled]) -> Result<Vec<Written>, ServiceError> {
    let cannot = |e| ServiceError::Stop { code: "HO-4001", message: format!("a ruling cannot be written: {e}") };
    ruled.iter().map(|one| serde_json::to_vec(one).map_err(cannot)).collect()
}

/// Bytes of some rulings in a message.
pub fn weigh(written: &[Written]) -> usize {
    written.iter().map(|one| one.len() + 1).sum()
}

/// Splits one position's rulings into messages of at most [`MAX_BYTES`], or of one ruling that is larger by itself.
pub fn parts(written: Vec<Written>) -> Vec<Vec<Written>> {
    let mut parts = vec![Vec::new()];
    let mut weight = 0;
    for one in written {
        let more = one.len() + 1;
        if weight + more > MAX_BYTES && weight > 0 {
            parts.push(Vec::new());
            weight = 0;
        }
        weight += more;
        if let Some(last) = parts.last_mut() {
            last.push(one);
        }
    }
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_keep_order_and_bounds(sizes in prop::collection::vec(0usize..2 * MAX_BYTES, 0..40)) {
            let written: Vec<Written> = sizes.iter().map(|n| vec![b'x'; *n]).collect();
            let cut = parts(written.clone());
            prop_assert!(cut.iter().all(|part| part.len() <= 1 || weigh(part) <= MAX_BYTES));
            prop_assert_eq!(cut.into_iter().flatten().collect::<Vec<_>>(), written);
        }
    }
}
