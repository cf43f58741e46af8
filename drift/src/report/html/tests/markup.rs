//! A reader of markup that is stricter than browsers are: tags nest, attributes are quoted.

/// A start tag.
#[derive(Debug, PartialEq)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
}

/// Elements of HTML that have no end.
const VOID: [&str; 2] = ["meta", "br"];

/// All start tags, in their order.
///
/// # Errors
/// What is not well-formed, and where.
pub(super) fn tags(page: &str) -> Result<Vec<Tag>, String> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").ok_or("no doctype")?;
    let (mut all, mut open) = (Vec::new(), Vec::<String>::new());
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        // A style sheet's text is no markup; its `>` are selectors.
        let is_style = open.last().is_some_and(|tag| tag == "style");
        if !is_style && (text.contains('>') || !references(text)) {
            return Err(format!("loose text {text:?} in {open:?}"));
        }
        rest = &rest[at + 1..];
        if let Some(end) = rest.strip_prefix('/') {
            let (name, after) = end.split_once('>').ok_or("an end tag without an end")?;
            match open.pop() {
                Some(tag) if tag == name => rest = after,
                tag => return Err(format!("</{name}> ends {tag:?}")),
            }
            continue;
        }
        let (tag, closed, after) = start(rest)?;
        if !closed && !VOID.contains(&tag.name.as_str()) {
            open.push(tag.name.clone());
        }
        all.push(tag);
        rest = after;
    }
    match open.is_empty() && !rest.contains('>') {
        true => Ok(all),
        false => Err(format!("left open: {open:?}")),
    }
}

/// A start tag behind its `<`; whether it ends itself; what follows.
fn start(text: &str) -> Result<(Tag, bool, &str), String> {
    let at = text.find([' ', '>', '/', '\n']).ok_or("a tag without an end")?;
    let name = &text[..at];
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return Err(format!("a tag called {name:?}"));
    }
    let mut tag = Tag { name: name.to_owned(), attributes: Vec::new() };
    let mut rest = &text[at..];
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            return Ok((tag, true, after));
        }
        if let Some(after) = rest.strip_prefix('>') {
            return Ok((tag, false, after));
        }
        let end = rest.find(['=', '>', ' ', '<']).ok_or("an attribute without an end")?;
        let (name, after) = rest.split_at(end);
        let is_name =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_name {
            return Err(format!("an attribute called {name:?} of {tag:?}"));
        }
        let Some(value) = after.strip_prefix("=\"") else {
            tag.attributes.push((name.to_owned(), String::new()));
            rest = after;
            continue;
        };
        let (value, after) = value.split_once('"').ok_or("a value without an end")?;
        if value.contains(['<', '>']) || !references(value) {
            return Err(format!("{value:?} of {name}"));
        }
        if !after.starts_with([' ', '>', '/', '\n']) {
            return Err(format!("{after:.20} behind {name}"));
        }
        tag.attributes.push((name.to_owned(), value.to_owned()));
        rest = after;
    }
}

/// Whether each `&` begins one of the references that the page uses.
fn references(text: &str) -> bool {
    let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
    text.split('&').skip(1).all(|after| known.iter().any(|known| after.starts_with(known)))
}

/// Escaped text as a browser shows it.
pub(super) fn read(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&")
}

/// Contrast of two colours of a style sheet's variables (WCAG 2.2, "contrast ratio").
pub(super) fn contrast(scheme: &str, front: &str, back: &str) -> f64 {
    let luminance = |name: &str| {
        let (_, value) = scheme.split_once(&format!("--{name}: #")).expect(name);
        let part = |at: usize| {
            let share = f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4) + 0.05
    };
    let (front, back) = (luminance(front), luminance(back));
    front.max(back) / front.min(back)
}

// === impl Tag ===

impl Tag {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        self.attribute(name) == Some(value)
    }

    /// What no name may change: the tag and which attributes it has.
    pub(super) fn shape(&self) -> (String, Vec<String>) {
        (self.name.clone(), self.attributes.iter().map(|(name, _)| name.clone()).collect())
    }
}
