//! The parameters of a request, an input or an output: those that mean something here.
//!
//! All others are passed over: `sequence_*` and whatever else a client sends.

use super::Wish;
use super::decode::once;
use crate::error::Error;
use crate::protocol::json::cursor::Cursor;
use crate::protocol::json::data::Element;

/// Whose parameters they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Request,
    Input,
    Output,
}

/// What the parameters say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    /// Of a request: microseconds until nobody wants the answer.
    pub(super) timeout: Option<u64>,
    /// Of a request: nothing is put before anything else.
    priority: Option<u64>,
    /// Of a request: outputs come in binary unless they say otherwise.
    pub(super) binary_output: Option<bool>,
    /// Of an input: so many bytes behind the JSON are its data.
    pub(super) binary_size: Option<u64>,
    /// Of an output: in binary or not.
    binary: Option<bool>,
    /// Of an output: the labels of so many largest scores.
    classes: Option<u64>,
}

// === impl Parameters ===

impl Parameters {
    /// Reads an object of parameters.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>, of: Of) -> Result<(), Error> {
        cursor.object(|cursor, key| match (of, &*key) {
            (Of::Request, "timeout") => once(&mut self.timeout, &key, u64::read(cursor)?),
            // Said to be a number, and that is all that is asked of it.
            (Of::Request, "priority") => once(&mut self.priority, &key, u64::read(cursor)?),
            (Of::Request, "binary_data_output") => {
                once(&mut self.binary_output, &key, cursor.boolean()?)
            }
            (Of::Input, "binary_data_size") => {
                once(&mut self.binary_size, &key, u64::read(cursor)?)
            }
            (Of::Output, "binary_data") => once(&mut self.binary, &key, cursor.boolean()?),
            (Of::Output, "classification") => once(&mut self.classes, &key, u64::read(cursor)?),
            _ => Ok(cursor.skip()?),
        })
    }

    /// How the output of that name is wanted.
    pub(super) fn wish(self, name: &str) -> Result<Wish, Error> {
        if self.classes == Some(0) {
            return Err(Error::Request(format!(
                "output \"{name}\": classification must be 1 or more"
            )));
        }
        let classes = self.classes.map(|k| usize::try_from(k).unwrap_or(usize::MAX));
        Ok(Wish { binary: self.binary, classes })
    }
}
