//! A position in a JSON document and the steps forward from it.

use std::borrow::Cow;

use super::number::Number;
use super::{JsonError, TOO_DEEP};

#[cfg(test)]
mod tests;

/// Reads a document from left to right; `Copy`-cheap to save and go back to.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    deepest: u32,
}

impl<'a> Cursor<'a> {
    /// Starts before the first byte of `bytes`, which may nest `deepest` arrays and objects.
    pub fn new(bytes: &'a [u8], deepest: u32) -> Self {
        Self { bytes, at: 0, depth: 0, deepest }
    }

    /// Bytes not yet read.
    pub fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// An error at the present position.
    pub fn error(&self, what: &'static str) -> JsonError {
        JsonError { at: self.at, what }
    }

    /// The next byte that is not white space, left unread.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Reads an object, handing each key to `field`, which must read the value.
    pub fn object<E: From<JsonError>>(
        &mut self,
        mut field: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'{', "expected an object")?;
        if self.peek() != Some(b'}') {
            loop {
                let key = self.string()?;
                self.expect(b':', "expected ':' after a key")?;
                field(self, key)?;
                if self.peek() != Some(b',') {
                    break;
                }
                self.at += 1;
            }
        }
        self.leave(b'}', "expected ',' or '}' in an object")?;
        Ok(())
    }

    /// Reads an array, calling `element` before each element, which it must read.
    #[inline]
    pub fn array<E: From<JsonError>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'[', "expected an array")?;
        if self.peek() != Some(b']') {
            loop {
                element(self)?;
                if self.peek() != Some(b',') {
                    break;
                }
                self.at += 1;
            }
        }
        self.leave(b']', "expected ',' or ']' in an array")?;
        Ok(())
    }

    /// Reads a string, borrowed from the document unless it has escapes.
    pub fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.expect(b'"', "expected a string")?;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                Some(0..0x20) => return Err(self.error("control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(self.end("string without an end")),
            }
        }
        let raw = &self.bytes[start..self.at];
        self.at += 1;
        let not_text = |what| JsonError { at: start, what };
        if escaped {
            // The rare path: let serde_json undo the escapes of the quoted text.
            serde_json::from_slice(&self.bytes[start - 1..self.at])
                .map(Cow::Owned)
                .map_err(|_| not_text("broken escape in a string"))
        } else {
            std::str::from_utf8(raw).map(Cow::Borrowed).map_err(|_| not_text("text is not UTF-8"))
        }
    }

    /// Reads `true` or `false`.
    pub fn boolean(&mut self) -> Result<bool, JsonError> {
        if self.word(b"true") {
            Ok(true)
        } else if self.word(b"false") {
            Ok(false)
        } else {
            Err(self.error("expected true or false"))
        }
    }

    /// Reads `word` if it stands next; leaves the position alone otherwise.
    pub fn word(&mut self, word: &[u8]) -> bool {
        self.peek();
        let found = self.bytes[self.at..].starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// The number that stands next, its grammar checked and its digits added up on the way.
    #[inline]
    pub fn number(&mut self) -> Result<Number<'a>, JsonError> {
        self.peek();
        let (number, length) = Number::read(&self.bytes[self.at..])
            .map_err(|(offset, what)| JsonError { at: self.at + offset, what })?;
        self.at += length;
        Ok(number)
    }

    /// Reads past one value of any kind.
    pub fn skip(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'{') => self.object(|cursor, _| cursor.skip()),
            Some(b'[') => self.array(Self::skip),
            Some(b'"') => self.string().map(|_| ()),
            Some(b't' | b'f') => self.boolean().map(|_| ()),
            Some(b'n' | b'N') if self.word(b"null") || self.word(b"NaN") => Ok(()),
            Some(b'I') if self.word(b"Infinity") => Ok(()),
            Some(b'-') if self.word(b"-Infinity") => Ok(()),
            Some(_) => self.number().map(|_| ()),
            None => Err(self.end("expected a value")),
        }
    }

    /// Proves that only white space is left.
    pub fn finish(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("text after the end of the document")),
        }
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.error(what));
        }
        self.at += 1;
        Ok(())
    }

    fn enter(&mut self, open: u8, what: &'static str) -> Result<(), JsonError> {
        self.expect(open, what)?;
        self.depth += 1;
        if self.depth > self.deepest { Err(self.error(TOO_DEEP)) } else { Ok(()) }
    }

    fn leave(&mut self, close: u8, what: &'static str) -> Result<(), JsonError> {
        self.depth -= 1;
        self.expect(close, what)
    }

    fn end(&self, what: &'static str) -> JsonError {
        JsonError { at: self.bytes.len(), what }
    }
}
