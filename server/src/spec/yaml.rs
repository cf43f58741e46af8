//! YAML -> a JSON value, and the keys that stand in one mapping more than once.
//!
//! Called by `tree`. The YAML reader would stop at the first such key; it is one mistake among
//! others, and the first of two counts.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::options::DuplicateKeyPolicy;

/// A document, its mappings as they stand there.
enum Tree {
    Leaf(Value),
    List(Vec<Tree>),
    Mapping(Vec<(String, Tree)>),
}

/// The document `text`; `twice` hears the path of each key that is there again.
///
/// # Errors
/// The YAML reader's words: for what is no YAML, or nests too deep.
pub(super) fn read(text: &str, twice: &mut dyn FnMut(&str)) -> Result<Value, String> {
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::PassThrough };
    let tree: Tree =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())?;
    Ok(tree.value("", twice))
}

// === impl Tree ===

impl Tree {
    fn value(self, path: &str, twice: &mut dyn FnMut(&str)) -> Value {
        match self {
            Self::Leaf(value) => value,
            Self::List(items) => {
                let items = items.into_iter().enumerate();
                items.map(|(place, item)| item.value(&format!("{path}[{place}]"), twice)).collect()
            }
            Self::Mapping(entries) => {
                let mut map = Map::new();
                for (key, tree) in entries {
                    let path = super::tree::join(path, &key);
                    if map.contains_key(&key) {
                        twice(&path);
                        continue;
                    }
                    let value = tree.value(&path, twice);
                    map.insert(key, value);
                }
                Value::Object(map)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Nodes)
    }
}

struct Nodes;

impl<'de> Visitor<'de> for Nodes {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Tree, E> {
        let number = serde_json::Number::from_f64(value);
        number.map(|n| Tree::Leaf(n.into())).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut mapping = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            mapping.push(entry);
        }
        Ok(Tree::Mapping(mapping))
    }
}
