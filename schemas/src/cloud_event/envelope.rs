use serde_json::{Map, Value};

use crate::strict_json::{MAX_BYTES, parse};
use crate::{Registry, SchemaError};

/// CloudEvents attributes and data that keep the rules of CloudEvents 1.0, whatever their type says.
#[derive(Clone, PartialEq)]
pub struct Envelope {
    attributes: Map<String, Value>,
    data: Value,
}

const KNOWN: &[&str] = &[
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "datacontenttype",
    "dataschema",
    "record",
    "incident",
    "person",
    "amends",
];

impl Envelope {
    /// Structured mode: the whole event is one JSON document.
    pub fn structured(bytes: &[u8], registry: &Registry) -> Result<Self, SchemaError> {
        match parse(bytes)? {
            Value::Object(attributes) => Self::check(attributes, registry),
            _ => Err(SchemaError::new(SchemaError::ENVELOPE, "", "type", "send one JSON object, not a batch")),
        }
    }

    /// Binary mode of the HTTP binding: attributes in `ce-` headers, percent-encoded, data in the body.
    /// `content_type` is the request's, and becomes `datacontenttype`.
    pub fn binary<'h>(
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        content_type: Option<&str>,
        body: &[u8],
        registry: &Registry,
    ) -> Result<Self, SchemaError> {
        let mut attributes = Map::new();
        for (name, value) in headers {
            let name = name.to_ascii_lowercase();
            let Some(name) = name.strip_prefix("ce-") else { continue };
            let bad = |rule| {
                SchemaError::new(SchemaError::HEADER, "", rule, "send each `ce-` header once, percent-encoded UTF-8")
            };
            let value = decode(value).ok_or_else(|| bad("percent-encoding"))?;
            if matches!(name, "data" | "datacontenttype") {
                return Err(bad("reserved attribute in a header"));
            }
            if attributes.insert(name.to_owned(), value.into()).is_some() {
                return Err(bad("repeated header"));
            }
        }
        if let Some(content_type) = content_type {
            attributes.insert("datacontenttype".into(), content_type.into());
        }
        if !body.is_empty() {
            attributes.insert("data".into(), parse(body)?);
        }
        Self::check(attributes, registry)
    }

    fn check(mut attributes: Map<String, Value>, registry: &Registry) -> Result<Self, SchemaError> {
        let data = attributes.remove("data").filter(|d| !d.is_null());
        // In JSON, an attribute that is null is an attribute that is not set.
        attributes.retain(|_, value| !value.is_null());
        let attributes = Value::Object(attributes);
        registry.envelope()?.validate(&attributes).map_err(|error| {
            let error = SchemaError::invalid(SchemaError::ENVELOPE, &error);
            // A name the hub does not know is the sender's own word, and stays out of the error.
            let known = KNOWN.iter().any(|name| error.place.strip_prefix('/') == Some(name));
            if known { error } else { SchemaError { place: String::new(), ..error } }
        })?;
        let Value::Object(attributes) = attributes else {
            return Err(SchemaError::new(SchemaError::ENVELOPE, "", "type", "send one JSON object"));
        };
        let content_type = attributes.get("datacontenttype").and_then(Value::as_str);
        if content_type.is_some_and(|media| !is_json(media)) {
            let remedy = "send `application/json`, or a media type ending in `+json`, in UTF-8";
            return Err(SchemaError::new(SchemaError::CONTENT_TYPE, "/datacontenttype", "media type", remedy));
        }
        Ok(Self { attributes, data: data.unwrap_or_else(|| Value::Object(Map::new())) })
    }

    /// An attribute that is a string.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Value::as_str)
    }

    /// The data; an event without data has an empty object.
    #[must_use]
    pub fn data(&self) -> &Value {
        &self.data
    }

    #[must_use]
    pub fn into_data(self) -> Value {
        self.data
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envelope").finish_non_exhaustive()
    }
}

fn is_json(media: &str) -> bool {
    let (essence, parameters) = media.split_once(';').unwrap_or((media, ""));
    let essence = essence.trim().to_ascii_lowercase();
    let json = essence == "application/json" || (essence.contains('/') && essence.ends_with("+json"));
    let charset = parameters
        .split(';')
        .map(str::trim)
        .filter_map(|p| p.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    json && charset.is_none_or(|(_, value)| value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8"))
}

/// Percent-decoding of a header value (CloudEvents HTTP binding 3.1.3.2); none where it is malformed.
fn decode(value: &str) -> Option<String> {
    if value.len() > MAX_BYTES {
        return None;
    }
    let mut bytes = value.bytes();
    let mut decoded = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let (high, low) = (char::from(bytes.next()?).to_digit(16)?, char::from(bytes.next()?).to_digit(16)?);
        decoded.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(decoded).ok()
}
