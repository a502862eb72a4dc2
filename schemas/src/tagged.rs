//! Reading what names its variant in a member of its own (`{"fact": "person-born", …}`), which the log holds millions of.
//!
//! serde's own reading keeps every member until it has seen the name. Everything here is written with the name first, so
//! it is read where it stands; another order is read the long way.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, IntoDeserializer as _, MapAccess, VariantAccess,
    Visitor,
};
use serde_json::{Map, Value};

/// An enum as serde reads it where its variant is known: `{"person-born": {…}}`.
pub(crate) trait Named: Sized {
    /// The member that holds the variant's name.
    const TAG: &'static str;

    /// # Errors
    /// Of the deserializer.
    fn named<'de, D: Deserializer<'de>>(variant: D) -> Result<Self, D::Error>;
}

/// # Errors
/// Of the deserializer: no map, no name in it, or no such variant.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Named>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(Tagged(PhantomData))
}

struct Tagged<T>(PhantomData<T>);

impl<'de, T: Named> Visitor<'de> for Tagged<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a member `{}`", T::TAG)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<T, A::Error> {
        let first: Option<String> = members.next_key()?;
        match first {
            Some(key) if key == T::TAG => {
                let name = members.next_value()?;
                T::named(Variant { name, members })
            }
            first => unordered(first, members),
        }
    }
}

fn unordered<'de, A: MapAccess<'de>, T: Named>(first: Option<String>, mut members: A) -> Result<T, A::Error> {
    let mut all = Map::new();
    if let Some(key) = first {
        all.insert(key, members.next_value()?);
    }
    while let Some((key, value)) = members.next_entry::<String, Value>()? {
        all.insert(key, value);
    }
    let Some(Value::String(name)) = all.remove(T::TAG) else { return Err(A::Error::missing_field(T::TAG)) };
    let variant = Map::from_iter([(name, Value::Object(all))]);
    T::named(Value::Object(variant)).map_err(A::Error::custom)
}

/// A variant's name, and the members that follow it.
struct Variant<A> {
    name: String,
    members: A,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Variant<A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for Variant<A> {
    type Error = A::Error;
    type Variant = Members<A>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Members<A>), A::Error> {
        let name: StringDeserializer<A::Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, Members(self.members)))
    }
}

struct Members<A>(A);

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Members<A> {
    type Error = A::Error;

    fn unit_variant(mut self) -> Result<(), A::Error> {
        while self.0.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        seed.deserialize(MapAccessDeserializer::new(self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, A::Error> {
        Err(A::Error::invalid_type(serde::de::Unexpected::Map, &visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self.0)
    }
}

/// Declares an enum that is written with its variant's name in a member, and read by [`deserialize`]: its name, the same
/// as text, and the member.
macro_rules! tagged {
    ($(#[$meta:meta])* pub enum $name:ident = $remote:literal, $tag:literal { $($body:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        #[serde(tag = $tag, rename_all = "kebab-case")]
        pub enum $name { $($body)* }

        const _: () = {
            #[derive(serde::Deserialize)]
            #[serde(remote = $remote, rename_all = "kebab-case")]
            enum Variants { $($body)* }

            impl $crate::tagged::Named for $name {
                const TAG: &'static str = $tag;

                fn named<'de, D: serde::Deserializer<'de>>(variant: D) -> Result<Self, D::Error> {
                    Variants::deserialize(variant)
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    $crate::tagged::deserialize(deserializer)
                }
            }
        };
    };
}
pub(crate) use tagged;

#[cfg(test)]
mod tests {
    use crate::{Expiry, Fact, LogTime};

    type Outcome = Result<(), serde_json::Error>;

    /// Facts in the order they are written in, as a `Value` keeps them, and with the name last.
    #[test]
    fn the_order_of_members_makes_no_difference() -> Outcome {
        let members =
            r#""consent":"00000000-0000-0000-0000-000000000001","person":"00000000-0000-0000-0000-000000000002""#;
        let written = format!(r#"{{"fact":"consent-expired",{members}}}"#);
        let last = format!(r#"{{{members},"fact":"consent-expired"}}"#);
        let read: Fact = serde_json::from_str(&written)?;
        assert_eq!(serde_json::to_string(&read)?, written);
        assert_eq!(serde_json::from_str::<Fact>(&last)?, read);
        assert_eq!(serde_json::from_value::<Fact>(serde_json::to_value(&read)?)?, read);
        Ok(())
    }

    #[test]
    fn variants_without_members_and_members_nobody_knows_are_read() -> Outcome {
        for never in [r#"{"expires":"never"}"#, r#"{"expires":"never","more":[1]}"#] {
            assert_eq!(serde_json::from_str::<Expiry>(never)?, Expiry::Never);
        }
        let at = serde_json::from_str::<Expiry>(r#"{"more":{"a":1},"at":7,"expires":"at"}"#)?;
        assert_eq!(at, Expiry::At { at: LogTime(7) });
        Ok(())
    }

    #[test]
    fn what_names_no_variant_is_an_error() {
        for wrong in [r#"{"at":7}"#, r#"{"expires":"soon"}"#, r#"{"expires":7}"#, "{}", "[]", r#"{"expires":"at"}"#] {
            assert!(serde_json::from_str::<Expiry>(wrong).is_err(), "{wrong}");
        }
    }
}
