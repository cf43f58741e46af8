//! A comparison as JSON for programs and as aligned text for people.

mod json;
mod text;

pub(super) use json::write as json;
pub(super) use text::write as table;
