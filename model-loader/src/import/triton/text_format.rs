//! Protobuf's text format, as far as configurations use it: fields, lists, messages, comments.
//!
//! Called by `config`. Written after protobuf.dev, "Text Format Language Specification", without
//! extensions, `Any` and octal or hexadecimal floats; the crates for it all want a schema, and this
//! one moves with each release of Triton. Refuses deep nesting; what it makes is no larger than the
//! text, which the caller bounds.

use std::iter::Peekable;

/// Messages within messages.
const DEPTH_MAX: usize = 16;

/// A message: its fields in the order of the text. A list is its field several times.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Message(Vec<(String, Value)>);

/// What a field holds.
#[derive(Debug, PartialEq)]
pub(super) enum Value {
    /// A text without its quotes, a number or a word.
    Scalar(String),
    Message(Message),
}

#[derive(Debug, PartialEq)]
enum Token<'a> {
    /// A name, a number, a word of an enumeration.
    Word(&'a str),
    Text(String),
    Mark(char),
}

/// The rest of the text, and the line it is on.
#[derive(Debug)]
struct Tokens<'a> {
    text: &'a str,
    line: usize,
}

type Reader<'a> = Peekable<Tokens<'a>>;

/// Reads a whole text.
///
/// # Errors
/// What is wrong, with the line where that shows.
pub(super) fn parse(text: &str) -> Result<Message, String> {
    let mut tokens = Tokens { text, line: 1 }.peekable();
    message(&mut tokens, None, 0)
}

/// Fields up to the mark that ends them, or the text's end.
fn message(tokens: &mut Reader<'_>, end: Option<char>, depth: usize) -> Result<Message, String> {
    if depth > DEPTH_MAX {
        return Err(format!("it nests messages more than {DEPTH_MAX} deep"));
    }
    let mut fields = Message::default();
    loop {
        let name = match tokens.next().transpose()? {
            None if end.is_none() => return Ok(fields),
            None => return Err("it ends within a message".to_owned()),
            Some(Token::Mark(mark)) if Some(mark) == end => return Ok(fields),
            Some(Token::Word(name)) => name.to_owned(),
            Some(other) => return Err(format!("{} stands where a field begins", other.shown())),
        };
        let colon = taken(tokens, &[':']).is_some();
        match taken(tokens, &['{', '<', '[']) {
            Some('[') => list(tokens, &name, &mut fields, depth)?,
            Some(open) => {
                let inner = message(tokens, Some(closing(open)), depth + 1)?;
                fields.0.push((name, Value::Message(inner)));
            }
            None if colon => fields.0.push((name, Value::Scalar(scalar(tokens)?))),
            None => return Err(format!("`{name:.100}` has neither `:` nor `{{` after it")),
        }
        taken(tokens, &[',', ';']);
    }
}

/// Values after `[`, each as a field of its own.
fn list(
    tokens: &mut Reader<'_>,
    name: &str,
    fields: &mut Message,
    depth: usize,
) -> Result<(), String> {
    if taken(tokens, &[']']).is_some() {
        return Ok(());
    }
    loop {
        let value = match taken(tokens, &['{', '<']) {
            Some(open) => Value::Message(message(tokens, Some(closing(open)), depth + 1)?),
            None => Value::Scalar(scalar(tokens)?),
        };
        fields.0.push((name.to_owned(), value));
        match taken(tokens, &[',', ']']) {
            Some(',') => {}
            Some(_) => return Ok(()),
            None => return Err(format!("the list of `{name:.100}` has neither `,` nor `]`")),
        }
    }
}

fn scalar(tokens: &mut Reader<'_>) -> Result<String, String> {
    match tokens.next().transpose()? {
        Some(Token::Word(word)) => Ok(word.to_owned()),
        Some(Token::Text(mut text)) => {
            // Texts one after the other are one.
            while let Some(Ok(Token::Text(more))) = tokens.peek() {
                text.push_str(more);
                tokens.next();
            }
            Ok(text)
        }
        Some(other) => Err(format!("{} stands where a value is wanted", other.shown())),
        None => Err("it ends where a value is wanted".to_owned()),
    }
}

/// The next token, if it is one of the marks.
fn taken(tokens: &mut Reader<'_>, marks: &[char]) -> Option<char> {
    match tokens.peek() {
        Some(Ok(Token::Mark(mark))) if marks.contains(mark) => {
            let mark = *mark;
            tokens.next();
            Some(mark)
        }
        _ => None,
    }
}

fn closing(open: char) -> char {
    if open == '<' { '>' } else { '}' }
}

// === impl Message ===

impl Message {
    /// All values of a field.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value)
    }
}

// === impl Token ===

impl Token<'_> {
    fn shown(&self) -> String {
        match self {
            Token::Word(word) => format!("`{word:.100}`"),
            Token::Text(_) => "a text".to_owned(),
            Token::Mark(mark) => format!("`{}`", mark.escape_default()),
        }
    }
}

// === impl Tokens ===

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<Token<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.skip();
        let first = self.text.chars().next()?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '+');
        if matches!(first, '"' | '\'') {
            self.text = &self.text[1..];
            return Some(self.quoted(first).map(Token::Text));
        }
        let end = self.text.find(|c| !is_word(c)).unwrap_or(self.text.len());
        let end = end.max(if is_word(first) { 0 } else { first.len_utf8() });
        let (token, rest) = self.text.split_at(end);
        self.text = rest;
        Some(Ok(if is_word(first) { Token::Word(token) } else { Token::Mark(first) }))
    }
}

impl Tokens<'_> {
    /// Passes over blanks and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.text.trim_start();
            let blank = &self.text[..self.text.len() - rest.len()];
            self.line += blank.matches('\n').count();
            self.text = rest;
            if !rest.starts_with('#') {
                return;
            }
            self.text = &rest[rest.find('\n').unwrap_or(rest.len())..];
        }
    }

    /// The text up to the closing quote, escapes undone.
    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let at = self.line;
        let broken = |what: &str| format!("the text in line {at} {what}");
        let mut bytes: Vec<u8> = Vec::new();
        let mut chars = self.text.char_indices();
        while let Some((place, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.text = &self.text[place + 1..];
                    return String::from_utf8(bytes).map_err(|_| broken("is not UTF-8"));
                }
                '\n' => return Err(broken("has no end")),
                '\\' => {
                    let rest = chars.as_str();
                    let (byte, used) = escape(rest).ok_or_else(|| broken("has a bad escape"))?;
                    bytes.push(byte);
                    (0..used).for_each(|_| _ = chars.next());
                }
                c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err(broken("has no end"))
    }
}

/// The byte that an escape stands for, and how many characters after the backslash it has.
fn escape(rest: &str) -> Option<(u8, usize)> {
    let digits = |radix: u32, from: usize, most: usize| {
        let is_digit = |c: &char| c.is_digit(radix);
        let digits: String = rest.chars().skip(from).take(most).take_while(is_digit).collect();
        let byte = u8::from_str_radix(&digits, radix).ok()?;
        Some((byte, from + digits.len()))
    };
    let byte = match rest.chars().next()? {
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'v' => 11,
        c @ ('\\' | '\'' | '"' | '?') => c as u8,
        '0'..='7' => return digits(8, 0, 3),
        'x' | 'X' => return digits(16, 1, 2),
        _ => return None,
    };
    Some((byte, 1))
}

#[cfg(test)]
mod tests;
