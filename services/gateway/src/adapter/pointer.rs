//! Writing into JSON by the pointers of the mapping tables.

use serde_json::{Map, Value};

/// Writes `value` at `pointer`, making containers on the way. A final `-` appends to a list. What stands at a
/// name already is replaced; a container that is of another kind than the pointer says is left alone.
pub fn put(target: &mut Map<String, Value>, pointer: &str, value: Value) {
    let mut names = pointer.split('/').filter(|n| !n.is_empty()).peekable();
    let mut at = target;
    while let Some(name) = names.next() {
        match names.peek() {
            None => {
                at.insert(name.to_owned(), value);
                return;
            }
            Some(&"-") => {
                let list = at.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(list) = list {
                    list.push(value);
                }
                return;
            }
            Some(_) => {
                let Value::Object(next) = at.entry(name).or_insert_with(|| Value::Object(Map::new())) else { return };
                at = next;
            }
        }
    }
}

/// The pointer without list positions, as a field's name in `not_recorded`: `/complaint/other_symptoms`.
pub fn field(pointer: &str) -> String {
    let plain = pointer.strip_suffix("/-").unwrap_or(pointer);
    plain.split("/*").next().unwrap_or(plain).to_owned()
}

/// Members as an object.
pub fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[test]
    fn put_makes_containers_and_appends() {
        let mut data = Map::new();
        put(&mut data, "/a/b", json!(1));
        put(&mut data, "/a/c/-", json!("x"));
        put(&mut data, "/a/c/-", json!("y"));
        assert_eq!(Value::Object(data), json!({ "a": { "b": 1, "c": ["x", "y"] } }));
    }

    #[test]
    fn field_names_have_no_positions() {
        assert_eq!(field("/patient/race/-"), "/patient/race");
        assert_eq!(field("/complaint/other_symptoms/*/code"), "/complaint/other_symptoms");
        assert_eq!(field("/patient/name/family"), "/patient/name/family");
    }
}
