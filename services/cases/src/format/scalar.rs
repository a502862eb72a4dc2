use std::fmt;
use std::marker::PhantomData;

use handoff_schemas::LogTime;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Step;

/// An instant with its zone or offset, for example `2026-11-22T14:05:00-08:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Instant(pub LogTime);

impl TryFrom<String> for Instant {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        LogTime::parse(&text).map(Self).ok_or_else(|| {
            format!(
                "`{text}` is no time with its zone: write it like 2026-11-22T14:05:00-08:00 or 2026-11-22T22:05:00Z"
            )
        })
    }
}

/// As the log writes it, in UTC.
#[must_use]
pub fn shown(at: LogTime) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |t| t.to_string())
}

/// One word or a list of words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Many(pub Vec<String>);

impl<'de> Deserialize<'de> for Many {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Many;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a list of words")
            }
            fn visit_str<E>(self, word: &str) -> Result<Many, E> {
                Ok(Many(vec![word.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Many, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Many)
            }
        }
        deserializer.deserialize_any(Words)
    }
}

/// The steps of `when`: one, or several in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Steps(pub Vec<Step>);

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Steps;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one step, or a list of steps")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Steps, A::Error> {
                Step::deserialize(MapAccessDeserializer::new(map)).map(|step| Steps(vec![step]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Steps, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Steps)
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// Something that may be written as one word, or in full.
pub trait Short: Sized {
    /// The word's meaning.
    ///
    /// # Errors
    /// What the word should have been.
    fn short(word: &str) -> Result<Self, String>;
}

/// Reads a word by [`Short`], or a map as `Full` has it.
pub fn short_or_full<'de, D, T, Full>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Short + From<Full>,
    Full: Deserialize<'de>,
{
    struct Either<T, Full>(PhantomData<(T, Full)>);
    impl<'de, T: Short + From<Full>, Full: Deserialize<'de>> Visitor<'de> for Either<T, Full> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a word, or its keys")
        }
        fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<T, E> {
            T::short(word).map_err(E::custom)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            Full::deserialize(MapAccessDeserializer::new(map)).map(T::from)
        }
    }
    deserializer.deserialize_any(Either::<T, Full>(PhantomData))
}
