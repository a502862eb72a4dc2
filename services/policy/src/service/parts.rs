//! How the rulings of one position are cut into messages: the same cut every time, so that a cut run can be continued.

use handoff_spine::release::{MAX_BYTES, Ruled};

/// Splits one position's rulings into messages of at most [`MAX_BYTES`]; the same split every time.
pub fn parts(ruled: Vec<Ruled>) -> Vec<Vec<Ruled>> {
    let mut parts = vec![Vec::new()];
    let mut weight = 0;
    for one in ruled {
        let w = weigh(&one);
        if weight + w > MAX_BYTES && weight > 0 {
            parts.push(Vec::new());
            weight = 0;
        }
        weight += w;
        if let Some(last) = parts.last_mut() {
            last.push(one);
        }
    }
    parts
}

/// Bytes a ruling takes in a message, near enough and the same at every run.
pub fn weigh(ruled: &Ruled) -> usize {
    let sealed = ruled.release.as_ref().map_or(0, |r| {
        r.ruling.len() + r.slices.iter().map(|s| 160 + s.sealed.ciphertext.len() * 4 / 3).sum::<usize>() + 256
    });
    512 + sealed + ruled.withheld.iter().map(|w| 64 + 160 * w.reasons.len()).sum::<usize>()
}
