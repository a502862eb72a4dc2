use jsonschema::error::ValidationErrorKind;

/// Why a document was refused at the schema. Names the place and the rule, never a value: the value may
/// be about a person. Legible to the sender, since it depends on no person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: `{place}` breaks `{rule}`: {remedy}")]
pub struct SchemaError {
    /// `HO-10nn`.
    pub code: &'static str,
    /// JSON pointer into the document (`/data/…` is the caller's to prefix), or line and column.
    pub place: String,
    /// The JSON Schema keyword, or the name of the rule.
    pub rule: String,
    /// What to do.
    pub remedy: String,
}

impl SchemaError {
    pub const UNKNOWN_TYPE: &'static str = "HO-1001";
    pub const INVALID: &'static str = "HO-1002";
    pub const UNKNOWN_COMMAND: &'static str = "HO-1003";
    pub const SHAPE: &'static str = "HO-1004";
    pub const BROKEN: &'static str = "HO-1005";
    pub const NOT_JSON: &'static str = "HO-1010";
    pub const DUPLICATE_KEY: &'static str = "HO-1011";
    pub const TOO_DEEP: &'static str = "HO-1012";
    pub const TOO_LARGE: &'static str = "HO-1013";
    pub const ENVELOPE: &'static str = "HO-1014";
    pub const DATASCHEMA: &'static str = "HO-1015";
    pub const SOURCE: &'static str = "HO-1016";
    pub const TYPE: &'static str = "HO-1017";
    pub const TWO_PERSONS: &'static str = "HO-1018";
    pub const HEADER: &'static str = "HO-1019";
    pub const CONTENT_TYPE: &'static str = "HO-1020";

    /// Every code of this crate.
    pub const CODES: &'static [&'static str] = &[
        Self::UNKNOWN_TYPE,
        Self::INVALID,
        Self::UNKNOWN_COMMAND,
        Self::SHAPE,
        Self::BROKEN,
        Self::NOT_JSON,
        Self::DUPLICATE_KEY,
        Self::TOO_DEEP,
        Self::TOO_LARGE,
        Self::ENVELOPE,
        Self::DATASCHEMA,
        Self::SOURCE,
        Self::TYPE,
        Self::TWO_PERSONS,
        Self::HEADER,
        Self::CONTENT_TYPE,
    ];

    pub(crate) fn new(
        code: &'static str,
        place: impl Into<String>,
        rule: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { code, place: place.into(), rule: rule.into(), remedy: remedy.into() }
    }

    pub(crate) fn unknown_type() -> Self {
        Self::new(Self::UNKNOWN_TYPE, "", "event type", "use a type that `handoff schemas list` prints")
    }

    pub(crate) fn shape(place: &str) -> Self {
        Self::new(Self::SHAPE, place, "shape", "validate the document against its schema before slicing it")
    }

    /// From a validator's error, whose own message repeats the value and must not be used.
    pub(crate) fn invalid(code: &'static str, error: &jsonschema::ValidationError<'_>) -> Self {
        let mut place = error.instance_path().as_str().to_owned();
        if let ValidationErrorKind::Required { property } = error.kind()
            && let Some(property) = property.as_str()
        {
            // The name comes from the schema, not from the document.
            place = format!("{place}/{property}");
        }
        let rule = error.kind().keyword();
        Self::new(code, place, rule, remedy(rule))
    }
}

fn remedy(keyword: &str) -> &'static str {
    match keyword {
        "required" => "send this property",
        "additionalProperties" => "remove the properties this object's schema does not list",
        "type" => "send the type the schema names",
        "enum" | "const" => "use a word of the schema's list",
        "maxLength" | "maxItems" | "maximum" => "stay within the schema's upper limit",
        "minLength" | "minItems" | "minimum" | "minProperties" => {
            "reach the schema's lower limit, or leave the property out"
        }
        "pattern" => "follow the pattern in the schema; its `examples` show one",
        "format" => {
            "follow the format in the schema: RFC 3339 for dates and times, RFC 9562 for UUIDs, RFC 3986 for URIs"
        }
        "uniqueItems" => "send each item once",
        "propertyNames" => "attribute names are lower-case letters and digits; binary data (data_base64) is not taken",
        _ => "compare the document with its schema",
    }
}
