//! Signed notes and checkpoints, against the published example of the format.

use data_encoding::BASE64;
use handoff_ledger::TreeHead;
use handoff_ledger::note::{NoteError, Signer, Verifier};

/// The example of golang.org/x/mod/sumdb/note, where the format comes from.
const PUBLISHED_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PUBLISHED_SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PUBLISHED_TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PUBLISHED_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn published_signer() -> Signer {
    let seed = BASE64.decode(PUBLISHED_SEED.as_bytes()).unwrap();
    Signer::new("PeterNeumann", seed[1..].try_into().unwrap()).unwrap()
}

#[test]
fn the_published_example_verifies() {
    let verifier: Verifier = PUBLISHED_KEY.parse().unwrap();
    assert_eq!(verifier.open(PUBLISHED_NOTE).unwrap(), PUBLISHED_TEXT);
}

#[test]
fn the_published_seed_signs_to_the_published_note() {
    let signer = published_signer();
    assert_eq!(signer.verifier().to_string(), PUBLISHED_KEY);
    assert_eq!(signer.sign(PUBLISHED_TEXT).unwrap(), PUBLISHED_NOTE);
}

#[test]
fn any_flipped_bit_of_a_note_is_refused() {
    let verifier: Verifier = PUBLISHED_KEY.parse().unwrap();
    for at in 0..PUBLISHED_NOTE.len() {
        for bit in 0..8 {
            let mut bytes = PUBLISHED_NOTE.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let opened = std::str::from_utf8(&bytes).ok().and_then(|note| verifier.open(note).ok());
            assert_eq!(opened, None, "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn another_keys_signature_is_no_signature() {
    let other = Signer::new("PeterNeumann", &[7; 32]).unwrap();
    let note = other.sign(PUBLISHED_TEXT).unwrap();
    let verifier: Verifier = PUBLISHED_KEY.parse().unwrap();
    assert_eq!(verifier.open(&note), Err(NoteError::Unsigned));
}

#[test]
fn a_witness_may_sign_too() {
    let witness = Signer::new("witness.example", &[9; 32]).unwrap().sign(PUBLISHED_TEXT).unwrap();
    let line = witness.lines().last().unwrap();
    let verifier: Verifier = PUBLISHED_KEY.parse().unwrap();
    assert_eq!(verifier.open(&format!("{PUBLISHED_NOTE}{line}\n")).unwrap(), PUBLISHED_TEXT);
}

#[test]
fn a_signer_shows_no_secret() {
    let seen = format!("{:?}", published_signer());
    assert_eq!(seen, "Signer(\"PeterNeumann\")");
}

#[test]
fn names_that_a_note_cannot_carry_are_refused() {
    for name in ["", "two words", "a+b", "tab\there"] {
        assert_eq!(Signer::new(name, &[1; 32]).unwrap_err(), NoteError::Name, "{name:?}");
    }
}

#[test]
fn a_checkpoint_has_one_spelling() {
    let head = TreeHead { origin: "hub.example/releases".to_owned(), size: 20, root: [3; 32], rows: Some([4; 32]) };
    let text = head.text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("hub.example/releases"));
    assert_eq!(lines.next(), Some("20"));
    assert_eq!(lines.next(), Some(BASE64.encode(&[3; 32]).as_str()));
    assert_eq!(TreeHead::parse(&text).unwrap(), head);
    for bad in [
        text.replace("\n20\n", "\n020\n"),
        text.replace("\n20\n", "\n+20\n"),
        text.trim_end().to_owned(),
        String::new(),
    ] {
        assert_eq!(TreeHead::parse(&bad).unwrap_err(), NoteError::Malformed, "{bad:?}");
    }
}
