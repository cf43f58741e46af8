//! Labels as JSON: one object, a list of them, or a list of them under the key `labels`.

use collector::Label;

use super::{About, Draft, Gathered, Part, Wrong, excerpt, number};
use crate::error::Error;
use crate::protocol::json::cursor::Cursor;

/// The key of a list in an object.
const LIST: &str = "labels";

/// Spellings of numbers that are not finite, which are no JSON and sent all the same.
const NOT_FINITE: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

pub(super) fn read(body: &[u8], about: About) -> Result<Vec<Label>, Error> {
    let mut cursor = Cursor::new(body, about.depth);
    let mut gathered = Gathered::new(about.received_us);
    if cursor.peek() == Some(b'[') {
        list(&mut cursor, &mut gathered)?;
    } else {
        object(&mut cursor, &mut gathered)?;
    }
    cursor.finish()?;
    gathered.finish()
}

fn list(cursor: &mut Cursor<'_>, gathered: &mut Gathered) -> Result<(), Error> {
    cursor.array(|cursor| {
        if !gathered.has_room() {
            gathered.pass();
            return Ok(cursor.skip()?);
        }
        let place = gathered.count;
        one(cursor, gathered).map_err(|wrong| placed(Some(place), wrong))
    })
}

/// What is no list: a label, or an object around a list.
fn object(cursor: &mut Cursor<'_>, gathered: &mut Gathered) -> Result<(), Error> {
    let mut draft = None;
    let mut has_list = false;
    cursor.object(|cursor, key| {
        let is_list = key == LIST;
        if has_list || (is_list && draft.is_some()) {
            let key = excerpt(&key);
            let other = if has_list { "labels" } else { "the keys of one label" };
            return Err(Error::Request(format!("key \"{key}\" stands beside {other}")));
        }
        if is_list {
            has_list = true;
            return list(cursor, gathered);
        }
        let draft = draft.get_or_insert_with(Draft::default);
        part(draft, cursor, &key).map_err(|wrong| placed(None, wrong))
    })?;
    if has_list {
        return Ok(());
    }
    gathered.add(draft.unwrap_or_default()).map_err(|wrong| placed(None, wrong))
}

fn one(cursor: &mut Cursor<'_>, gathered: &mut Gathered) -> Result<(), Wrong> {
    if cursor.peek() != Some(b'{') {
        cursor.skip()?;
        return Err(Wrong::Whole("is no object".to_owned()));
    }
    let mut draft = Draft::default();
    cursor.object(|cursor, key| part(&mut draft, cursor, &key))?;
    gathered.add(draft)
}

fn part(draft: &mut Draft, cursor: &mut Cursor<'_>, key: &str) -> Result<(), Wrong> {
    let unknown = || Wrong::Whole(format!("has an unknown key \"{}\"", excerpt(key)));
    let part = Part::named(key).ok_or_else(unknown)?;
    draft.say(part)?;
    match (part, cursor.peek()) {
        (Part::RequestId, Some(b'"')) => draft.request_id(&cursor.string()?),
        (Part::Time, Some(b'"')) => draft.time(&cursor.string()?),
        (Part::RowIndex, Some(b'0'..=b'9' | b'-')) => draft.row_index(cursor.number()?.text()),
        (Part::Label, _) => label(draft, cursor),
        // As an empty cell is.
        (Part::RowIndex | Part::Time, _) if cursor.word(b"null") => Ok(()),
        (Part::RowIndex, _) => Err(kind(part, cursor, "is no number")),
        (Part::RequestId | Part::Time, _) => Err(kind(part, cursor, "is no string")),
    }
}

fn label(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), Wrong> {
    if NOT_FINITE.iter().any(|word| cursor.word(word)) {
        return Err(Wrong::Part(Part::Label, "is no finite number"));
    }
    match cursor.peek() {
        Some(b'"') => {
            let text = cursor.string()?;
            // Quotes make it a text, whatever else it could be read as.
            draft.label(&text, number(&text).filter(|value| value.is_finite()))
        }
        Some(b't' | b'f') => {
            let (text, value) = if cursor.boolean()? { ("true", 1.0) } else { ("false", 0.0) };
            draft.label(text, Some(value))
        }
        Some(b'0'..=b'9' | b'-') => {
            let number = cursor.number()?;
            draft.label(number.text(), Some(number.to_f64()))
        }
        _ => Err(kind(Part::Label, cursor, "is no number, boolean or string")),
    }
}

/// A value of another kind, unless it is no value at all.
fn kind(part: Part, cursor: &mut Cursor<'_>, what: &'static str) -> Wrong {
    match cursor.skip() {
        Ok(()) => Wrong::Part(part, what),
        Err(error) => Wrong::Json(error),
    }
}

/// What is wrong with the label at that place of the list, or with the only one.
fn placed(place: Option<usize>, wrong: Wrong) -> Error {
    let list = |place| format!("{LIST}[{place}]");
    Error::Request(match (wrong, place) {
        (Wrong::Json(error), _) => return Error::Json(error),
        (Wrong::Part(part, what), None) => format!("{}: {what}", part.name()),
        (Wrong::Part(part, what), Some(place)) => {
            format!("{}.{}: {what}", list(place), part.name())
        }
        (Wrong::Whole(what), None) => format!("the label {what}"),
        (Wrong::Whole(what), Some(place)) => format!("{}: {what}", list(place)),
    })
}
