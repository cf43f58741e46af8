//! What an infer message may hold, counted before anything of it is made.
//!
//! A message of two bytes for each of very many empty parts would become hundreds of bytes for each
//! of them. Only the tags are walked here; what is no message at all is the decoder's to refuse.

use crate::error::Error;
use crate::limits::RequestLimits;

#[cfg(test)]
mod tests;

/// Most inputs, outputs, parameters and raw contents, together.
const PARTS_MAX: usize = 4096;
/// Most extents of an input.
const RANK_MAX: usize = 16;

/// What has been counted.
#[derive(Debug, Default)]
struct Counted {
    parts: usize,
    elements: usize,
}

/// What stands behind a tag.
#[derive(Clone, Copy, Debug)]
enum Payload<'a> {
    /// A number.
    One,
    /// A text, a message, or numbers one behind the other.
    Bytes(&'a [u8]),
}

/// Checks a `ModelInferRequest` as it lies in bytes.
///
/// # Errors
/// [`Error::Request`] for too many parts or extents, [`Error::TooMany`] for too many elements.
pub fn check(message: &[u8], limits: RequestLimits) -> Result<(), Error> {
    let mut counted = Counted::default();
    for (field, payload) in fields(message) {
        match (field, payload) {
            (5, Payload::Bytes(input)) => counted.input(input, limits)?,
            (6, Payload::Bytes(output)) => {
                counted.part()?;
                fields(output).filter(|(field, _)| *field == 2).try_for_each(|_| counted.part())?;
            }
            (4 | 7, _) => counted.part()?,
            _ => {}
        }
    }
    Ok(())
}

// === impl Counted ===

impl Counted {
    fn part(&mut self) -> Result<(), Error> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            let what = "inputs, outputs, parameters and raw contents";
            return Err(Error::Request(format!("more than {PARTS_MAX} {what}")));
        }
        Ok(())
    }

    fn input(&mut self, input: &[u8], limits: RequestLimits) -> Result<(), Error> {
        self.part()?;
        let mut extents = 0;
        for (field, payload) in fields(input) {
            match (field, payload) {
                (3, Payload::Bytes(packed)) => extents += numbers(packed),
                (3, Payload::One) => extents += 1,
                (4, _) => self.part()?,
                (5, Payload::Bytes(contents)) => self.contents(contents, limits)?,
                _ => {}
            }
            if extents > RANK_MAX {
                let why = "more dimensions than a tensor may have";
                return Err(Error::Request(why.to_owned()));
            }
        }
        Ok(())
    }

    fn contents(&mut self, contents: &[u8], limits: RequestLimits) -> Result<(), Error> {
        for (field, payload) in fields(contents) {
            self.elements += match (field, payload) {
                (1, Payload::Bytes(packed)) => packed.len(),
                (2..=5, Payload::Bytes(packed)) => numbers(packed),
                (6, Payload::Bytes(packed)) => packed.len() / 4,
                (7, Payload::Bytes(packed)) => packed.len() / 8,
                _ => 1,
            };
            if self.elements > limits.elements {
                let (count, limit) = (self.elements, limits.elements);
                return Err(Error::TooMany { what: "elements", count, limit });
            }
        }
        Ok(())
    }
}

/// The fields of a message, up to its end or to what is none.
fn fields(mut message: &[u8]) -> impl Iterator<Item = (u64, Payload<'_>)> {
    std::iter::from_fn(move || {
        let tag = varint(&mut message)?;
        let payload = match tag & 7 {
            0 => varint(&mut message).map(|_| Payload::One)?,
            1 => message.split_off(..8).map(|_| Payload::One)?,
            2 => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                Payload::Bytes(message.split_off(..length)?)
            }
            5 => message.split_off(..4).map(|_| Payload::One)?,
            _ => return None,
        };
        Some((tag >> 3, payload))
    })
}

/// How many numbers stand one behind the other: each ends with a byte without its highest bit.
fn numbers(packed: &[u8]) -> usize {
    packed.iter().filter(|byte| **byte < 0x80).count()
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10 {
        let byte = *bytes.split_off_first()?;
        number |= u64::from(byte & 0x7f) << (7 * place).min(63);
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
