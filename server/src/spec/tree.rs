//! A YAML document read key by key: each mistake is noted under its path, and reading goes on.
//!
//! Called by `spec`. A derived reader stops at the first mistake; a person wants them all.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value};

use super::yaml;

/// Everything that is wrong with a document, a sentence each.
#[derive(Debug, Default)]
pub(super) struct Mistakes(RefCell<Vec<String>>);

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node<'m> {
    path: String,
    value: Value,
    mistakes: &'m Mistakes,
}

/// The keys of a mapping that are not read yet.
#[derive(Debug)]
pub(super) struct Fields<'m> {
    path: String,
    left: Map<String, Value>,
    known: Vec<&'static str>,
    mistakes: &'m Mistakes,
}

// === impl Mistakes ===

impl Mistakes {
    /// The root of the document `text`.
    ///
    /// # Errors
    /// The YAML reader's words: for what is no YAML, or nests too deep.
    pub(super) fn root(&self, text: &str) -> Result<Node<'_>, String> {
        let value = yaml::read(text, &mut |path| self.note(path, "stands twice"))?;
        Ok(Node { path: String::new(), value, mistakes: self })
    }

    /// Notes a mistake at `path`; the root's is empty.
    pub(super) fn note(&self, path: &str, what: impl Display) {
        let at = if path.is_empty() { "the document" } else { path };
        self.0.borrow_mut().push(format!("{at}: {what}"));
    }

    /// All of them.
    pub(super) fn into_all(self) -> Vec<String> {
        self.0.into_inner()
    }
}

// === impl Node ===

impl<'m> Node<'m> {
    /// `value`, or its error as a mistake of this place.
    pub(super) fn value_of<T, E: Display>(&self, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.mistakes.note(&self.path, error)).ok()
    }

    /// What `read` finds, once `check` has passed it.
    pub(super) fn checked<R, T, E: Display>(
        self,
        read: impl FnOnce(Self) -> Option<R>,
        check: impl FnOnce(R) -> Result<T, E>,
    ) -> Option<T> {
        let (path, mistakes) = (self.path.clone(), self.mistakes);
        let checked = check(read(self)?);
        checked.map_err(|error| mistakes.note(&path, error)).ok()
    }

    /// Whether it is a text.
    pub(super) fn is_text(&self) -> bool {
        self.value.is_string()
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// Its keys; none, and a mistake, when it is no mapping.
    pub(super) fn fields(self) -> Fields<'m> {
        let Self { path, value, mistakes } = self;
        let left = match value {
            Value::Object(map) => map,
            other => {
                mistakes.note(&path, format_args!("is {}, not a mapping", kind(&other)));
                Map::new()
            }
        };
        Fields { path, left, known: Vec::new(), mistakes }
    }

    /// Its entries, in the order of their keys.
    pub(super) fn entries(self) -> Vec<(String, Node<'m>)> {
        let Fields { path, left, mistakes, .. } = self.fields();
        let entry = |(key, value): (String, Value)| {
            let node = Node { path: join(&path, &key), value, mistakes };
            (key, node)
        };
        left.into_iter().map(entry).collect()
    }

    /// Its items; none, and a mistake, when it is no list.
    pub(super) fn items(self) -> Vec<Node<'m>> {
        let Self { path, value, mistakes } = self;
        let Value::Array(items) = value else {
            mistakes.note(&path, format_args!("is {}, not a list", kind(&value)));
            return Vec::new();
        };
        let item = |(place, value)| Node { path: format!("{path}[{place}]"), value, mistakes };
        items.into_iter().enumerate().map(item).collect()
    }

    /// Its text.
    pub(super) fn text(self) -> Option<String> {
        match self.value {
            Value::String(text) => Some(text),
            ref other => {
                self.mistakes.note(&self.path, format_args!("is {}, not a text", kind(other)));
                None
            }
        }
    }

    /// What its text says.
    pub(super) fn parsed<T: FromStr<Err: Display>>(self) -> Option<T> {
        self.checked(Self::text, |text| text.parse())
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(self, words: &[(&str, T)]) -> Option<T> {
        let (path, mistakes) = (self.path.clone(), self.mistakes);
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let what = format!("\"{text}\" is none of {}", known.join(", "));
            mistakes.note(&path, what);
        }
        found
    }

    /// A number within a range.
    pub(super) fn number(self, range: RangeInclusive<f64>) -> Option<f64> {
        match self.value.as_f64() {
            Some(number) if range.contains(&number) => Some(number),
            _ => self.wrong(format_args!("a number from {} to {}", range.start(), range.end())),
        }
    }

    /// A whole number within a range.
    pub(super) fn count(self, range: RangeInclusive<u64>) -> Option<u64> {
        let whole = self.value.as_u64();
        match whole.filter(|count| range.contains(count)) {
            Some(count) => Some(count),
            None => {
                let (first, last) = (range.start(), range.end());
                self.wrong(format_args!("a whole number from {first} to {last}"))
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(self) -> Option<bool> {
        match self.value.as_bool() {
            Some(flag) => Some(flag),
            None => self.wrong(format_args!("true or false")),
        }
    }

    /// A time such as `5m` or `24h`, within a range.
    pub(super) fn time(self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let (path, mistakes) = (self.path.clone(), self.mistakes);
        let parsed = self.parsed::<jiff::SignedDuration>()?;
        match Duration::try_from(parsed) {
            Ok(time) if range.contains(&time) => Some(time),
            _ => {
                let (first, last) = (range.start(), range.end());
                mistakes.note(&path, format_args!("is not from {first:?} to {last:?}"));
                None
            }
        }
    }

    /// Notes that it is something else than what is wanted.
    fn wrong<T>(self, wanted: std::fmt::Arguments<'_>) -> Option<T> {
        let found = match &self.value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => format!("\"{text}\""),
            other => kind(other).to_owned(),
        };
        self.mistakes.note(&self.path, format_args!("is {found}, not {wanted}"));
        None
    }
}

// === impl Fields ===

impl<'m> Fields<'m> {
    /// The value of `key`, if it is there; null is as good as absent.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Node<'m>> {
        self.known.push(key);
        let value = self.left.remove(key).filter(|value| !value.is_null())?;
        Some(Node { path: join(&self.path, key), value, mistakes: self.mistakes })
    }

    /// The value of `key`, or a mistake.
    pub(super) fn require(&mut self, key: &'static str) -> Option<Node<'m>> {
        let found = self.take(key);
        if found.is_none() {
            self.mistakes.note(&join(&self.path, key), "is missing");
        }
        found
    }

    /// Notes a mistake in the value of `key`.
    pub(super) fn note(&self, key: &str, what: impl Display) {
        self.mistakes.note(&join(&self.path, key), what);
    }

    /// Notes the keys that nobody asked for.
    pub(super) fn close(self) {
        for key in self.left.keys() {
            let known = self.known.join(", ");
            let what = format_args!("there is no such key; there are {known}");
            self.mistakes.note(&join(&self.path, key), what);
        }
    }
}

pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
