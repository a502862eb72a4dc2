//! The tree against RFC 6962's words and the published test vectors of Certificate Transparency.

use data_encoding::HEXLOWER;
use handoff_ledger::merkle::{
    Frontier, Hash, consistency, inclusion, leaf_hash, node_hash, root, verify_consistency, verify_inclusion,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// RFC 6962 2.1, word for word: MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n])).
fn oracle(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => HEXLOWER
            .decode(b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
            .unwrap()
            .try_into()
            .unwrap(),
        [one] => *one,
        many => {
            let mut k = 1;
            while k * 2 < many.len() {
                k *= 2;
            }
            node_hash(&oracle(&many[..k]), &oracle(&many[k..]))
        }
    }
}

#[test]
fn roots_are_those_of_the_certificate_transparency_reference() {
    let inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Frontier::default();
    assert_eq!(HEXLOWER.encode(&tree.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (input, expected) in inputs.iter().zip(roots) {
        tree.push(leaf_hash(&HEXLOWER.decode(input.as_bytes()).unwrap()));
        assert_eq!(HEXLOWER.encode(&tree.root()), expected, "at size {}", tree.size());
    }
}

#[test]
fn every_size_to_seventy_has_its_root_and_all_its_proofs() {
    let leaves: Vec<Hash> = (0u8..70).map(|i| leaf_hash(&[i])).collect();
    for size in 0..=leaves.len() {
        let under = &leaves[..size];
        let whole = oracle(under);
        assert_eq!(root(under), whole);
        for (i, leaf) in under.iter().enumerate() {
            let proof = inclusion(under, i as u64).unwrap();
            assert!(verify_inclusion(leaf, i as u64, size as u64, &proof, &whole));
        }
        for old in 1..=size {
            let proof = consistency(under, old as u64).unwrap();
            assert!(verify_consistency(old as u64, size as u64, &oracle(&under[..old]), &whole, &proof));
        }
    }
    assert!(inclusion(&leaves, 70).is_none());
    assert!(consistency(&leaves, 0).is_none() && consistency(&leaves, 71).is_none());
}

#[test]
fn an_empty_tree_begins_every_tree_and_only_as_itself() {
    let (empty, one) = (root(&[]), root(&[leaf_hash(b"x")]));
    assert!(verify_consistency(0, 1, &empty, &one, &[]));
    assert!(!verify_consistency(0, 1, &one, &one, &[]));
    assert!(!verify_consistency(2, 1, &one, &one, &[]));
}

fn leaves() -> impl Strategy<Value = Vec<Hash>> {
    vec(any::<[u8; 32]>(), 1..200)
}

proptest! {
    #[test]
    fn appending_one_by_one_gives_the_root_of_the_whole(leaves in leaves()) {
        let mut tree = Frontier::default();
        for (i, leaf) in leaves.iter().enumerate() {
            tree.push(*leaf);
            prop_assert_eq!(tree.root(), oracle(&leaves[..=i]));
        }
    }

    #[test]
    fn a_proof_shows_nothing_else(leaves in leaves(), at in any::<prop::sample::Index>(), bit in 0usize..256, step in any::<prop::sample::Index>()) {
        let size = leaves.len() as u64;
        let index = at.index(leaves.len()) as u64;
        let (leaf, whole) = (leaves[index as usize], oracle(&leaves));
        let proof = inclusion(&leaves, index).unwrap();
        prop_assert!(verify_inclusion(&leaf, index, size, &proof, &whole));
        let flip = |mut hash: Hash| { hash[bit / 8] ^= 1 << (bit % 8); hash };
        prop_assert!(!verify_inclusion(&flip(leaf), index, size, &proof, &whole));
        prop_assert!(!verify_inclusion(&leaf, index, size, &proof, &flip(whole)));
        prop_assert!(!verify_inclusion(&leaf, size, size, &proof, &whole));
        let other = (index + 1) % size;
        prop_assert!(other == index || !verify_inclusion(&leaf, other, size, &proof, &whole));
        let mut longer = proof.clone();
        longer.push(whole);
        prop_assert!(!verify_inclusion(&leaf, index, size, &longer, &whole));
        if !proof.is_empty() {
            prop_assert!(!verify_inclusion(&leaf, index, size, &proof[1..], &whole));
            let mut bad = proof.clone();
            let i = step.index(bad.len());
            bad[i] = flip(bad[i]);
            prop_assert!(!verify_inclusion(&leaf, index, size, &bad, &whole));
        }
    }

    #[test]
    fn history_cannot_be_rewritten_consistently(leaves in leaves(), old in any::<prop::sample::Index>(), changed in any::<prop::sample::Index>()) {
        let old = old.index(leaves.len()) + 1;
        let (before, after) = (oracle(&leaves[..old]), oracle(&leaves));
        let proof = consistency(&leaves, old as u64).unwrap();
        prop_assert!(verify_consistency(old as u64, leaves.len() as u64, &before, &after, &proof));
        let mut rewritten = leaves.clone();
        let i = changed.index(old);
        rewritten[i][0] ^= 1;
        let forged = consistency(&rewritten, old as u64).unwrap();
        let root = oracle(&rewritten);
        prop_assert!(!verify_consistency(old as u64, leaves.len() as u64, &before, &root, &forged));
    }
}
