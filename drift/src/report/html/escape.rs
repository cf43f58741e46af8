//! Text of others in a page: the only door through which names get in.

use std::fmt::{self, Display, Formatter, Write as _};

/// Text that stands as it is between tags and in quoted attributes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a>(pub(super) &'a str);

/// The first characters of a text, for a place that has room for so many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut<'a>(pub(super) &'a str, pub(super) usize);

// === impl Text ===

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| escape(c, f))
    }
}

// === impl Cut ===

impl Display for Cut<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Cut(text, most) = *self;
        if text.chars().nth(most).is_none() {
            return Text(text).fmt(f);
        }
        text.chars().take(most.saturating_sub(1)).try_for_each(|c| escape(c, f))?;
        f.write_char('\u{2026}')
    }
}

fn escape(c: char, f: &mut Formatter<'_>) -> fmt::Result {
    match c {
        '&' => f.write_str("&amp;"),
        '<' => f.write_str("&lt;"),
        '>' => f.write_str("&gt;"),
        '"' => f.write_str("&quot;"),
        '\'' => f.write_str("&#39;"),
        // Not allowed in a page, or not to be seen in it.
        c if c.is_control() => f.write_char(char::REPLACEMENT_CHARACTER),
        // What turns the direction of text would turn that of ours too.
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' => {
            f.write_char(char::REPLACEMENT_CHARACTER)
        }
        c => f.write_char(c),
    }
}
