//! The types of NEMSIS elements: what the XSD asks of a value, checked with or without the XSD.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::civil::Date;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::table::Tables;
use crate::adapter::Code;

/// The type of an element or attribute.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub enum ValueType {
    Text {
        min: usize,
        max: usize,
    },
    /// A code of this list, written as our word for it; integers where the words are integers.
    Code(String),
    YesNo,
    DateTime,
    Date {
        from: Date,
        to: Date,
    },
    Integer {
        min: i64,
        max: i64,
    },
    Decimal {
        min: Option<f64>,
        max: Option<f64>,
        digits: usize,
    },
    /// One of [`PATTERNS`].
    Pattern(Pattern),
}

/// The name of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pattern(&'static str);

/// A value that is not of its type; what was asked for, without the value.
#[derive(Debug)]
pub struct Violation {
    pub code: Code,
    pub rule: String,
}

/// The patterns of the XSD, matched against the whole value.
const PATTERNS: &[(&str, &str)] = &[
    ("digits:2", "[0-9]{2}"),
    ("digits:5", "[0-9]{5}"),
    ("postal-code", "[0-9]{5}|[0-9]{5}-[0-9]{4,5}|[A-Z][0-9][A-Z] [0-9][A-Z][0-9]"),
    (
        "position",
        "[+-]?(90(\\.0{1,6})?|([1-8][0-9]|[0-9])(\\.[0-9]{1,6})?),[+-]?(180(\\.0{1,6})?|(1[0-7][0-9]|[1-9][0-9]|[0-9])(\\.[0-9]{1,6})?)",
    ),
    ("phone", "[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4}|\\+([0-9] ?){6,14}[0-9]"),
    ("email", "(?s).+@.+"),
    ("icd10-finding", "R[0-6][0-9](\\.[0-9]{1,4})?|R73\\.9|R99|[A-QSTUZ][0-9][0-9A-Z](\\.[0-9A-Z]{1,4})?"),
    ("icd10-history", "[A-QRSTUZ][0-9][0-9A-Z](\\.[0-9A-Z]{1,3})?|[0-9A-HJ-NP-Z]{3,7}"),
    ("allergy-code", "Z88\\.[0-9]|[a-zA-Z0-9]{2,7}"),
    ("place-code", "Y92\\.[0-9]{1,3}"),
    ("diastolic", "500|[1-4][0-9][0-9]|[1-9][0-9]|[0-9]|P|p"),
    ("glucose", "2000|1[0-9]{3}|[1-9][0-9]{0,2}|0|High|Low"),
    ("gnis", "[0-9]{1,20}"),
    ("snomed", "[1-9][0-9]{5,17}"),
];
const DATE_TIME: &str =
    "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\\.[0-9]+)?[+-](0[0-9]|1[0-4]):[0-5][0-9]";
/// 1950 and 2050, the standard's bounds of a date and time, in seconds of the Unix epoch.
const DATE_TIME_BOUNDS: std::ops::RangeInclusive<i64> = -631_152_000..=2_524_608_000;

fn matches(name: &str, text: &str) -> bool {
    static COMPILED: OnceLock<BTreeMap<&'static str, Regex>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(|| {
        let all = PATTERNS.iter().copied().chain([("date-time", DATE_TIME)]);
        all.filter_map(|(name, p)| Some((name, Regex::new(&format!("^(?:{p})$")).ok()?))).collect()
    });
    compiled.get(name).is_some_and(|r| r.is_match(text))
}

impl TryFrom<String> for ValueType {
    type Error = &'static str;

    fn try_from(s: String) -> Result<Self, &'static str> {
        let bad = "not a type of the mapping table";
        let (kind, rest) = s.split_once(':').unwrap_or((&s, ""));
        let range = |r: &str| r.split_once("..").map(|(a, b)| (a.to_owned(), b.to_owned())).ok_or(bad);
        Ok(match kind {
            "code" => Self::Code(rest.to_owned()),
            "language" => Self::Code("language".to_owned()),
            "yes-no" => Self::YesNo,
            "date-time" => Self::DateTime,
            "text" => {
                let (min, max) = range(rest)?;
                Self::Text { min: min.parse().map_err(|_| bad)?, max: max.parse().map_err(|_| bad)? }
            }
            "integer" => {
                let (min, max) = range(rest)?;
                Self::Integer { min: min.parse().map_err(|_| bad)?, max: max.parse().map_err(|_| bad)? }
            }
            "date" => {
                let (from, to) = range(rest)?;
                Self::Date { from: from.parse().map_err(|_| bad)?, to: to.parse().map_err(|_| bad)? }
            }
            "decimal" => {
                let (bounds, digits) = rest.split_once('/').ok_or(bad)?;
                let (min, max) = range(bounds)?;
                Self::Decimal { min: min.parse().ok(), max: max.parse().ok(), digits: digits.parse().map_err(|_| bad)? }
            }
            _ => Self::Pattern(PATTERNS.iter().find(|(name, _)| *name == s).map(|(name, _)| Pattern(name)).ok_or(bad)?),
        })
    }
}

impl ValueType {
    /// The value as the event's data has it.
    pub fn read(&self, text: &str, tables: &Tables) -> Result<Value, Violation> {
        let wrong = |rule: String| Err(Violation { code: Code::NEMSIS_TYPE, rule });
        let trimmed = text.trim_matches([' ', '\t', '\r', '\n']);
        match self {
            Self::Text { min, max } => {
                let long = text.chars().count();
                if (*min..=*max).contains(&long) {
                    Ok(text.into())
                } else {
                    wrong(format!("text of {min} to {max} characters"))
                }
            }
            Self::Code(list) => match tables.word(list, text) {
                Some(word) => Ok(word.parse::<u8>().map_or_else(|_| word.into(), Value::from)),
                None => Err(Violation { code: Code::NEMSIS_CODE, rule: format!("a code of the list `{list}`") }),
            },
            Self::YesNo => match text {
                "9923001" => Ok(false.into()),
                "9923003" => Ok(true.into()),
                _ => Err(Violation { code: Code::NEMSIS_CODE, rule: "9923001 (no) or 9923003 (yes)".into() }),
            },
            Self::DateTime => match instant(trimmed) {
                Some(_) => Ok(trimmed.into()),
                None => wrong("a date and time with offset from UTC, 1950 to 2050".into()),
            },
            Self::Date { from, to } => match trimmed.parse::<Date>() {
                Ok(date) if trimmed.len() == 10 && (*from..=*to).contains(&date) => Ok(trimmed.into()),
                _ => wrong(format!("a date from {from} to {to}")),
            },
            Self::Integer { min, max } => match trimmed.strip_prefix('+').unwrap_or(trimmed).parse::<i64>() {
                Ok(n) if (*min..=*max).contains(&n) && !trimmed.starts_with("+-") => Ok(n.into()),
                _ => wrong(format!("an integer from {min} to {max}")),
            },
            Self::Decimal { min, max, digits } => match decimal(trimmed, *digits) {
                Some(n) if min.is_none_or(|m| n >= m) && max.is_none_or(|m| n <= m) => Ok(n.into()),
                _ => wrong(format!("a decimal in range with at most {digits} digits after the point")),
            },
            // The XSD's number types collapse white space, its string types keep it.
            Self::Pattern(Pattern(name @ ("snomed" | "gnis"))) if matches(name, trimmed) => Ok(trimmed.into()),
            Self::Pattern(Pattern(name)) if matches(name, text) => Ok(text.into()),
            Self::Pattern(Pattern(name)) => wrong(format!("the pattern `{name}`")),
        }
    }
}

/// The instant of a date and time of the standard; none where it is not one.
pub fn instant(text: &str) -> Option<Timestamp> {
    let at: Timestamp = matches("date-time", text).then(|| text.parse().ok())??;
    DATE_TIME_BOUNDS.contains(&at.as_second()).then_some(at)
}

fn decimal(text: &str, digits: usize) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let significant = fraction.trim_end_matches('0').len();
    let sized = whole.len() + fraction.len() > 0 && whole.len() <= 12 && fraction.len() <= 12 && significant <= digits;
    (sized && plain(whole) && plain(fraction)).then(|| text.parse().ok())?
}
