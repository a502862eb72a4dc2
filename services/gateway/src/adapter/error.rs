use std::borrow::Cow;
use std::fmt;

use handoff_schemas::SchemaError;

/// A stable code of this part of the hub, `HO-11nn` and `HO-12nn`; the list with remedies is services/ERRORS.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal),* $(,)?) => {
        impl Code {
            $($(#[$doc])* pub const $name: Self = Self($code);)*
            /// Every code of the adapters, schema codes passed on not included.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

codes! {
    /// The bytes are of no format the hub takes.
    UNKNOWN_FORMAT = "HO-1100",
    /// More bytes or more elements than the hub takes.
    TOO_LARGE = "HO-1101",
    /// Not UTF-8.
    NOT_UTF8 = "HO-1102",
    /// Nested too deep.
    TOO_DEEP = "HO-1103",
    /// A table of the hub itself does not read: a broken build.
    BROKEN_TABLE = "HO-1104",
    /// The event type is the hub's own: partners cannot publish it.
    EVENT_NOT_OPEN = "HO-1110",
    /// A document type declaration.
    DOCTYPE = "HO-1120",
    /// An entity beyond the five of XML.
    ENTITY = "HO-1121",
    /// Not well-formed XML.
    NOT_WELL_FORMED = "HO-1122",
    /// The document ends too early.
    TRUNCATED = "HO-1123",
    /// An encoding other than UTF-8 is declared.
    ENCODING = "HO-1124",
    /// Not the root element or namespace of NEMSIS.
    NEMSIS_ROOT = "HO-1200",
    /// A version of NEMSIS the hub does not map, or none stated.
    NEMSIS_VERSION = "HO-1201",
    /// The report's UUID is missing, malformed, or in the file twice.
    NEMSIS_UUID = "HO-1202",
    /// A required element is missing.
    NEMSIS_MISSING = "HO-1203",
    /// An element stands more often than the standard allows.
    NEMSIS_REPEATED = "HO-1204",
    /// A value is not of the element's type, range or pattern.
    NEMSIS_TYPE = "HO-1205",
    /// A code is not in the element's list.
    NEMSIS_CODE = "HO-1206",
    /// `xsi:nil`, NV or PN where the element does not allow it.
    NEMSIS_NIL = "HO-1207",
    /// An element that is nil has content.
    NEMSIS_NIL_CONTENT = "HO-1208",
    /// The file breaks the standard's XSD.
    NEMSIS_XSD = "HO-1209",
    /// The file has no patient care report.
    NEMSIS_EMPTY = "HO-1210",
    /// The XSD folder the operator configured does not read.
    NEMSIS_XSD_FOLDER = "HO-1211",
    /// Finding: nil, NV and PN are combined against the standard's rules.
    NEMSIS_Q_NIL = "HO-1230",
    /// Finding: times in an impossible order.
    NEMSIS_Q_TIMES = "HO-1231",
    /// Finding: the disposition contradicts itself.
    NEMSIS_Q_DISPOSITION = "HO-1232",
    /// Finding: a value that says "none" stands beside others.
    NEMSIS_Q_NONE_AND_MORE = "HO-1233",
    /// Finding: a medication's code system and code disagree.
    NEMSIS_Q_CODE_SYSTEM = "HO-1234",
    /// Finding: an informed doctor is expected on a mobile integrated health visit.
    NEMSIS_Q_VISIT = "HO-1235",
    /// Finding: "refused transport" does not say that the person was not transported.
    NEMSIS_Q_TRANSPORT = "HO-1236",
    /// A version of EIDO the hub does not map, or none stated.
    EIDO_VERSION = "HO-1250",
    /// A required member is missing.
    EIDO_MISSING = "HO-1251",
    /// A member is not of its type, or not in its list.
    EIDO_TYPE = "HO-1252",
    /// Two components share an `$id`.
    EIDO_DUPLICATE_ID = "HO-1253",
    /// More components, or a longer text, than the hub carries.
    EIDO_TOO_MANY = "HO-1254",
    /// Finding: a reference to a component that is not in the document.
    EIDO_Q_REFERENCE = "HO-1270",
    /// Finding: a component or member the hub does not carry.
    EIDO_Q_NOT_CARRIED = "HO-1271",
    /// Finding: a person's role is not known; taken as a third party.
    EIDO_Q_ROLE = "HO-1272",
    /// Finding: XML carried by value does not read, and is left out.
    EIDO_Q_BY_VALUE = "HO-1273",
    /// Finding: a location is given by reference only; the hub fetches nothing.
    EIDO_Q_LOCATION_BY_REFERENCE = "HO-1274",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Code {
    /// The code, for example `HO-1205`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Where in a document: an XPath-like path or a JSON pointer, and the line. Names come from the standard or
/// from the hub's schema, never from the document: a name the hub does not know is written `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    pub line: Option<u32>,
}

impl Place {
    /// The document as a whole.
    #[must_use]
    pub const fn none() -> Self {
        Self { path: String::new(), line: None }
    }

    /// A path at a line.
    #[must_use]
    pub fn at(path: impl Into<String>, line: u32) -> Self {
        Self { path: path.into(), line: Some(line) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the document" } else { &self.path };
        match self.line {
            Some(line) => write!(f, "{path} (line {line})"),
            None => f.write_str(path),
        }
    }
}

/// Why a document is refused. Depends on no person, so the sender may read it in full; holds no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {place} breaks `{rule}`: {remedy}")]
pub struct AdapterError {
    pub code: Code,
    pub place: Place,
    /// The rule that is broken: the element's type, the constraint of the XSD, the keyword of the schema.
    pub rule: Cow<'static, str>,
    /// What the sender can do.
    pub remedy: Cow<'static, str>,
}

impl AdapterError {
    pub(crate) fn new(
        code: Code,
        place: Place,
        rule: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { code, place, rule: rule.into(), remedy: remedy.into() }
    }

    pub(crate) fn broken_table(table: &'static str) -> Self {
        Self::new(Code::BROKEN_TABLE, Place::none(), table, "this build of the hub is broken; report it")
    }
}

impl From<SchemaError> for AdapterError {
    fn from(error: SchemaError) -> Self {
        Self {
            code: Code(error.code),
            place: Place { path: error.place, line: None },
            rule: error.rule.into(),
            remedy: error.remedy.into(),
        }
    }
}
