use handoff_gateway::adapter::{Format, Options, XsdFolder, map};
use proptest::collection::vec;
use proptest::prelude::*;

use super::common::{EIDO, REPORT, external};

const FORMATS: [Format; 3] = [Format::Nemsis, Format::Eido, Format::CloudEvent];

fn mutate(text: &str, edits: &[(prop::sample::Index, u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (index, kind, piece) in edits {
        if bytes.is_empty() {
            break;
        }
        let at = index.index(bytes.len());
        match kind % 4 {
            0 => bytes[at] = piece.first().copied().unwrap_or(b'<'),
            1 => drop(bytes.splice(at..at, piece.iter().copied())),
            2 => drop(bytes.drain(at..bytes.len().min(at + piece.len() * 7 + 1))),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes_are_mapped_or_refused(bytes in vec(any::<u8>(), 0..400)) {
        let _ = Format::detect(&bytes);
        for format in FORMATS {
            prop_assert!(map(format, &bytes, Options::default()).is_err());
        }
    }

    #[test]
    fn changed_documents_are_mapped_or_refused(
        edits in vec((any::<prop::sample::Index>(), any::<u8>(), vec(any::<u8>(), 0..6)), 1..5),
        words in vec((any::<prop::sample::Index>(), any::<u8>(), "[<>&\"'/a-zA-Z0-9.: -]{0,6}".prop_map(String::into_bytes)), 1..4),
    ) {
        for text in [REPORT, EIDO] {
            for edits in [&edits, &words] {
                let bytes = mutate(text, edits);
                for format in FORMATS {
                    if let Err(e) = map(format, &bytes, Options::default()) {
                        prop_assert!(e.code.as_str().starts_with("HO-1"));
                    }
                }
            }
        }
    }
}

#[test]
fn the_xsd_check_survives_changed_files() {
    let Some(folder) = external("nemsis/xsd") else { return };
    let xsd = XsdFolder::open(&folder).unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(150));
    let edits = vec(
        (any::<prop::sample::Index>(), any::<u8>(), "[<>&\"'/a-zA-Z0-9.: -]{0,6}".prop_map(String::into_bytes)),
        1..3,
    );
    runner
        .run(&edits, |edits| {
            let bytes = mutate(REPORT, &edits);
            let hub = map(Format::Nemsis, &bytes, Options::default());
            let both = map(Format::Nemsis, &bytes, Options { nemsis_xsd: Some(&xsd) });
            // With the XSD the hub takes nothing that it refuses without.
            prop_assert!(hub.is_ok() || both.is_err());
            Ok(())
        })
        .unwrap();
}
