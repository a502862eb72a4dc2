//! JSON as the hub takes it: no duplicate keys, bounded depth and size.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::SchemaError;

/// Objects and arrays inside each other; a standard patient care report needs about a dozen.
pub const MAX_DEPTH: usize = 64;
/// Bytes of one document. Sealed events over 512 KiB are refused at intake.
pub const MAX_BYTES: usize = 512 * 1024;

/// Parses one JSON document of at most [`MAX_BYTES`] and [`MAX_DEPTH`], refusing duplicate keys (parsers
/// disagree on which of two counts, and a ruling must not depend on that). Errors give line and column.
pub fn parse(bytes: &[u8]) -> Result<Value, SchemaError> {
    if bytes.len() > MAX_BYTES {
        return Err(SchemaError::new(SchemaError::TOO_LARGE, "", "size", "send at most 512 KiB; split the document"));
    }
    let fault = Cell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = Strict { fault: &fault, depth: 0 }.deserialize(&mut reader).and_then(|v| reader.end().map(|()| v));
    parsed.map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        match fault.get() {
            Some(Fault::Duplicate) => {
                SchemaError::new(SchemaError::DUPLICATE_KEY, place, "duplicate key", "name each property once")
            }
            Some(Fault::Deep) => {
                SchemaError::new(SchemaError::TOO_DEEP, place, "depth", "nest at most 64 objects and arrays")
            }
            None => {
                SchemaError::new(SchemaError::NOT_JSON, place, "json", "send one JSON document in UTF-8 (RFC 8259)")
            }
        }
    })
}

#[derive(Clone, Copy)]
enum Fault {
    Duplicate,
    Deep,
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    fault: &'a Cell<Option<Fault>>,
    depth: usize,
}

impl Strict<'_> {
    fn fail<E: serde::de::Error>(&self, fault: Fault) -> E {
        self.fault.set(Some(fault));
        E::custom("refused")
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH { Err(self.fail(Fault::Deep)) } else { Ok(Self { depth: self.depth + 1, ..self }) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(v).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }
    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(self.fail::<A::Error>(Fault::Duplicate)));
            }
            let value = members.next_value_seed(inner)?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}
