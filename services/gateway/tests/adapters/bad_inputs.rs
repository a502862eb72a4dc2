use handoff_gateway::adapter::Format::{self, CloudEvent, Eido, Nemsis};

use super::common::{EIDO, REPORT, map, with};

fn eido(from: &str, to: &str) -> Vec<u8> {
    assert!(EIDO.contains(from), "the sample has no `{from}`");
    EIDO.replacen(from, to, 1).into_bytes()
}

fn event(kind: &str, data: &str) -> Vec<u8> {
    format!(r#"{{"specversion":"1.0","id":"e","source":"/units/river-911","type":"{kind}","data":{data}}}"#)
        .into_bytes()
}

fn deep(open: &str, close: &str, levels: usize) -> String {
    format!("{}{}", open.repeat(levels), close.repeat(levels))
}

/// (name, format, input, code)
fn table() -> Vec<(&'static str, Format, Vec<u8>, &'static str)> {
    let report = |from: &str, to: &str| with(from, to).into_bytes();
    let root = "xmlns=\"http://www.nemsis.org\"";
    let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>\n<EMSDataSet";
    let mut latin = REPORT.as_bytes().to_vec();
    let at = REPORT.find("Sampleton").unwrap();
    latin[at] = 0xe9;
    vec![
        ("xml: empty", Nemsis, Vec::new(), "HO-1123"),
        ("xml: white space only", Nemsis, b"  \n ".to_vec(), "HO-1123"),
        ("xml: plain text", Nemsis, b"hello".to_vec(), "HO-1122"),
        ("xml: 20 MB", Nemsis, vec![b'<'; 20_000_000], "HO-1101"),
        ("xml: depth 10,000", Nemsis, deep("<a>", "</a>", 10_000).into_bytes(), "HO-1200"),
        (
            "xml: depth 10,000 inside",
            Nemsis,
            report("<eRecord>", &format!("<eRecord>{}", "<a>".repeat(10_000))),
            "HO-1103",
        ),
        (
            "xml: too many elements",
            Nemsis,
            report("<eRecord>", &format!("<eRecord>{}", "<a/>".repeat(250_000))),
            "HO-1101",
        ),
        ("xml: not UTF-8", Nemsis, latin, "HO-1102"),
        ("xml: UTF-16 declared", Nemsis, report("encoding=\"UTF-8\"", "encoding=\"UTF-16\""), "HO-1124"),
        (
            "xml: DOCTYPE",
            Nemsis,
            report("<EMSDataSet", "<!DOCTYPE EMSDataSet SYSTEM \"http://example.invalid/x.dtd\"><EMSDataSet"),
            "HO-1120",
        ),
        ("xml: billion laughs", Nemsis, report("<EMSDataSet", laughs), "HO-1120"),
        ("xml: unknown entity", Nemsis, report("Robin", "&robin;"), "HO-1121"),
        ("xml: entity in an attribute", Nemsis, report("Flat 2", "&flat;"), "HO-1121"),
        ("xml: character reference to NUL", Nemsis, report("Robin", "Rob&#0;in"), "HO-1121"),
        ("xml: control character", Nemsis, report("Robin", "Rob\u{1}in"), "HO-1122"),
        ("xml: truncated in text", Nemsis, REPORT.as_bytes()[..9_000].to_vec(), "HO-1123"),
        (
            "xml: truncated before the last tag",
            Nemsis,
            REPORT.trim_end().trim_end_matches("</EMSDataSet>").into(),
            "HO-1123",
        ),
        ("xml: mismatched tags", Nemsis, report("</eRecord>", "</eRecords>"), "HO-1122"),
        ("xml: two roots", Nemsis, format!("{REPORT}<again/>").into_bytes(), "HO-1122"),
        ("xml: undeclared prefix", Nemsis, report("<eRecord.01>", "<x:eRecord.01>"), "HO-1122"),
        (
            "xml: attribute twice",
            Nemsis,
            report("xsi:nil=\"true\" NV=\"7701003\"", "NV=\"7701003\" NV=\"7701003\""),
            "HO-1122",
        ),
        ("nemsis: wrong namespace", Nemsis, report(root, "xmlns=\"http://www.example.invalid\""), "HO-1200"),
        ("nemsis: no namespace", Nemsis, report(root, ""), "HO-1200"),
        ("nemsis: another data set", Nemsis, REPORT.replace("EMSDataSet", "DEMDataSet").into_bytes(), "HO-1200"),
        ("nemsis: version 3.4", Nemsis, report("3.5.1.250403CP1", "3.4.0.200910CP2"), "HO-1201"),
        ("nemsis: version 3.5.10", Nemsis, report("3.5.1.250403CP1", "3.5.10"), "HO-1201"),
        ("nemsis: no version", Nemsis, report("xsi:schemaLocation", "xsi:other"), "HO-1201"),
        (
            "nemsis: no report",
            Nemsis,
            REPORT.replace("PatientCareReport", "PatientCareReports").into_bytes(),
            "HO-1210",
        ),
        ("nemsis: no UUID", Nemsis, report("UUID=\"00000000-0000-4000-8000-00000000c0de\"", ""), "HO-1202"),
        ("nemsis: UUID of words", Nemsis, report("00000000-0000-4000-8000-00000000c0de", "robin"), "HO-1202"),
        ("nemsis: section missing", Nemsis, REPORT.replace("eTimes>", "eTimez>").into_bytes(), "HO-1203"),
        ("nemsis: element missing", Nemsis, report("<eTimes.13>2031-03-05T21:55:00-05:00</eTimes.13>", ""), "HO-1203"),
        (
            "nemsis: eSituation.20 missing",
            Nemsis,
            report("<eSituation.20 xsi:nil=\"true\" NV=\"7701001\"/>", ""),
            "HO-1203",
        ),
        (
            "nemsis: element twice",
            Nemsis,
            report("<eVitals.06>128</eVitals.06>", "<eVitals.06>128</eVitals.06><eVitals.06>1</eVitals.06>"),
            "HO-1204",
        ),
        ("nemsis: not an integer", Nemsis, report("<eVitals.06>128<", "<eVitals.06>12e1<"), "HO-1205"),
        ("nemsis: out of range", Nemsis, report("<eVitals.06>128<", "<eVitals.06>501<"), "HO-1205"),
        ("nemsis: empty without nil", Nemsis, report("<eVitals.06>128<", "<eVitals.06><"), "HO-1205"),
        ("nemsis: no such date", Nemsis, report("<eTimes.03>2031-03-05", "<eTimes.03>2031-02-30"), "HO-1205"),
        ("nemsis: time without offset", Nemsis, report("21:12:00-05:00", "21:12:00"), "HO-1205"),
        ("nemsis: time after 2050", Nemsis, report("<eTimes.03>2031", "<eTimes.03>2051"), "HO-1205"),
        ("nemsis: too long", Nemsis, report("Sampleton", &"x".repeat(61)), "HO-1205"),
        ("nemsis: no ICD-10 code", Nemsis, report("<eSituation.11>F41.9<", "<eSituation.11>anxious<"), "HO-1205"),
        ("nemsis: element inside a value", Nemsis, report("<eVitals.06>128<", "<eVitals.06>128<b/><"), "HO-1205"),
        ("nemsis: unknown code", Nemsis, report("<eDisposition.27>4227001<", "<eDisposition.27>4227099<"), "HO-1206"),
        ("nemsis: code with a space", Nemsis, report("<eDispatch.01>2301059<", "<eDispatch.01> 2301059<"), "HO-1206"),
        (
            "nemsis: attribute code unknown",
            Nemsis,
            report("PhoneNumberType=\"9913005\"", "PhoneNumberType=\"9913006\""),
            "HO-1206",
        ),
        (
            "nemsis: nil where it may not be",
            Nemsis,
            report("<eDispatch.01>2301059<", "<eDispatch.01 xsi:nil=\"true\"><"),
            "HO-1207",
        ),
        (
            "nemsis: NV not allowed",
            Nemsis,
            report("<eTimes.08 xsi:nil=\"true\" NV=\"7701001\"/>", "<eTimes.08 xsi:nil=\"true\" NV=\"8801019\"/>"),
            "HO-1207",
        ),
        (
            "nemsis: PN not allowed",
            Nemsis,
            report("<eTimes.08 xsi:nil=\"true\" NV=\"7701001\"/>", "<eTimes.08 xsi:nil=\"true\" PN=\"8801019\"/>"),
            "HO-1207",
        ),
        (
            "nemsis: nil is maybe",
            Nemsis,
            report("<eTimes.08 xsi:nil=\"true\"", "<eTimes.08 xsi:nil=\"maybe\""),
            "HO-1207",
        ),
        (
            "nemsis: nil with content",
            Nemsis,
            report("<eVitals.06>128<", "<eVitals.06 xsi:nil=\"true\" NV=\"7701003\">128<"),
            "HO-1208",
        ),
        ("json: not JSON", Eido, b"{nope".to_vec(), "HO-1010"),
        ("json: truncated", Eido, EIDO.as_bytes()[..2_000].to_vec(), "HO-1010"),
        ("json: 20 MB", Eido, vec![b'['; 20_000_000], "HO-1013"),
        ("json: depth 10,000", Eido, deep("[", "]", 10_000).into_bytes(), "HO-1012"),
        ("json: not UTF-8", Eido, b"{\"a\":\"\xff\"}".to_vec(), "HO-1010"),
        (
            "json: key twice",
            Eido,
            eido("\"eidoVersion\": \"1.0\",", "\"eidoVersion\": \"1.0\",\"eidoVersion\": \"1.0\","),
            "HO-1011",
        ),
        ("eido: a list", Eido, b"[]".to_vec(), "HO-1252"),
        ("eido: version 2", Eido, eido("\"eidoVersion\": \"1.0\"", "\"eidoVersion\": \"2.0\""), "HO-1250"),
        ("eido: no version", Eido, eido("eidoVersion", "version"), "HO-1250"),
        ("eido: no id", Eido, eido("\"$id\": \"urn", "\"id\": \"urn"), "HO-1251"),
        ("eido: call without its start", Eido, eido("callStartTimestamp", "callStart"), "HO-1251"),
        (
            "eido: wrong type",
            Eido,
            eido("\"incidentCommonPriorityNumber\": 2", "\"incidentCommonPriorityNumber\": \"2\""),
            "HO-1252",
        ),
        ("eido: no such time", Eido, eido("2031-03-05T21:10:08-05:00", "yesterday"), "HO-1252"),
        ("eido: component is no object", Eido, eido("\"mediaComponent\": []", "\"dispatchComponent\": [1]"), "HO-1252"),
        ("eido: id twice", Eido, eido("\"$id\": \"person-2\"", "\"$id\": \"person-1\""), "HO-1253"),
        ("eido: a code of 300 characters", Eido, eido("\"25B3\"", &format!("\"{}\"", "x".repeat(300))), "HO-1254"),
        ("event: unknown type", CloudEvent, event("handoff.encounter.no-such.v1", "{}"), "HO-1001"),
        ("event: another's type", CloudEvent, event("com.example.x", "{}"), "HO-1017"),
        (
            "event: data against the schema",
            CloudEvent,
            event("handoff.encounter.third-party-reported.v1", "{\"role\":7}"),
            "HO-1002",
        ),
        ("event: not JSON", CloudEvent, b"<x/>".to_vec(), "HO-1010"),
        (
            "event: no id",
            CloudEvent,
            br#"{"specversion":"1.0","source":"/units/a","type":"handoff.x.y.v1"}"#.to_vec(),
            "HO-1014",
        ),
    ]
}

#[test]
fn bad_input_is_refused_with_its_code_and_place() {
    let mut wrong = Vec::new();
    for (name, format, input, code) in table() {
        match map(format, &input) {
            Ok(_) => wrong.push(format!("{name}: accepted")),
            Err(e) if e.code.as_str() != code => wrong.push(format!("{name}: {e}, expected {code}")),
            Err(e) => {
                let inside = name.starts_with("nemsis: ") && !["HO-1200", "HO-1201", "HO-1210"].contains(&code);
                if inside && (e.place.line.is_none() || !e.place.path.starts_with("/EMSDataSet/Header[1]/")) {
                    wrong.push(format!("{name}: no place in {e}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_place_of_a_fault_is_its_line() {
    let refused = map(Nemsis, with("<eVitals.06>128<", "<eVitals.06>x<").as_bytes()).unwrap_err();
    let line = REPORT.lines().position(|l| l.contains("<eVitals.06>")).unwrap() + 1;
    assert_eq!(refused.place.line.map(|l| l as usize), Some(line));
    assert!(refused.place.path.ends_with("/eVitals/eVitals.VitalGroup[1]/eVitals.BloodPressureGroup[1]/eVitals.06[1]"));
    let refused = map(Eido, &eido("\"25B3\"", "7")).unwrap_err();
    let line = EIDO.lines().position(|l| l.contains("25B3")).unwrap() + 1;
    assert_eq!(
        (refused.place.path.as_str(), refused.place.line.map(|l| l as usize)),
        ("/incidentComponent/incidentTypeInternalCode", Some(line))
    );
}

/// Every value of a document, in turn, becomes a canary that breaks its rule; no error may repeat it.
#[test]
fn errors_and_findings_never_repeat_a_value() {
    const CANARY: &str = "Canary Zxqv 4711";
    let mut refused = 0;
    let said = |format: Format, text: &str| match map(format, text.as_bytes()) {
        Ok(mapped) => (false, format!("{:?} {:?} {mapped:?}", mapped.findings, mapped.fields)),
        Err(e) => (true, format!("{e} {e:?}")),
    };
    for (index, line) in REPORT.lines().enumerate() {
        let Some((before, rest)) = line.split_once('>').filter(|(_, rest)| rest.contains("</")) else { continue };
        let Some((_, after)) = rest.split_once("</") else { continue };
        let changed = format!("{before}>{CANARY}</{after}");
        let text: String = REPORT
            .lines()
            .enumerate()
            .map(|(i, l)| if i == index { changed.as_str() } else { l })
            .collect::<Vec<_>>()
            .join("\n");
        let (bad, words) = said(Nemsis, &text);
        refused += usize::from(bad);
        assert!(!words.contains("Zxqv"), "line {}: {words}", index + 1);
        let (_, words) = said(Nemsis, &REPORT.replacen(line, &line.replace('.', "Zxqv."), 1));
        assert!(!words.contains("Zxqv"), "name on line {}: {words}", index + 1);
    }
    assert!(refused > 60, "only {refused} canaries were refused");
    for part in EIDO.split('"').collect::<std::collections::BTreeSet<_>>() {
        if part.len() > 2 && !part.contains(['{', '\n', '\\']) {
            let (_, words) = said(Eido, &EIDO.replace(&format!("\"{part}\""), "\"Zxqv 4711\""));
            assert!(!words.contains("Zxqv"), "{part}: {words}");
        }
    }
}
