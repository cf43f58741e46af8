//! The shape of a Rust file: header, length, width, functions, where its tests are.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Breach;
use super::tree::File;

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const INLINE_TEST_LINES: usize = 40;
const COLUMNS: usize = 100;

/// Words of a header that was to be written later.
const UNWRITTEN: [&str; 7] = ["placeholder", "stub", "scratch", "todo", "fixme", "tbd", "wip"];

/// The first paragraph is a `//!` sentence that says something.
pub(super) fn header(file: &File) -> Vec<Breach> {
    let lines = file.text.lines().map_while(|line| line.strip_prefix("//!"));
    let paragraph: Vec<&str> = lines.map(str::trim).take_while(|line| !line.is_empty()).collect();
    let sentence = paragraph.join(" ");
    let words: Vec<String> = sentence
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .collect();
    let what = if paragraph.is_empty() {
        "does not start with `//!`"
    } else if words.iter().any(|word| UNWRITTEN.contains(&word.as_str())) {
        "is not written yet, says its header"
    } else if words.len() < 3 || !sentence.ends_with(['.', ':', '?', '!']) {
        "its header is no sentence"
    } else if sentence.starts_with(char::is_lowercase) {
        "its header starts with a small letter"
    } else {
        return Vec::new();
    };
    vec![Breach::new(file, 1, what)]
}

pub(super) fn file_length(file: &File) -> Vec<Breach> {
    let lines = file.text.lines().count();
    let long = lines > FILE_LINES;
    long.then(|| Breach::new(file, lines, format!("has {lines} lines"))).into_iter().collect()
}

pub(super) fn line_width(file: &File) -> Vec<Breach> {
    let widths = file.lines().map(|(number, line)| (number, line.chars().count()));
    let wide = widths.filter(|(_, width)| *width > COLUMNS);
    wide.map(|(line, width)| Breach::new(file, line, format!("{width} columns"))).collect()
}

/// From `fn` to the closing brace: free, in an impl, in a trait, nested, in a macro's argument.
pub(super) fn function_length(file: &File) -> Vec<Breach> {
    let mut functions = Functions::default();
    let tree = match syn::parse_file(&file.text) {
        Ok(tree) => tree,
        Err(error) => return vec![unread(file, &error)],
    };
    functions.visit_file(&tree);
    let long = functions.0.into_iter().filter(|function| function.lines() > FUNCTION_LINES);
    long.map(|function| {
        let what = format!("fn {} has {} lines", function.name, function.lines());
        Breach::new(file, function.first, what)
    })
    .collect()
}

/// Where tests may stand.
pub(super) fn test_modules(file: &File) -> Vec<Breach> {
    if file.is_test() {
        return Vec::new();
    }
    let mut modules = TestModules { file, inside: false, breaches: Vec::new() };
    match syn::parse_file(&file.text) {
        Ok(tree) => modules.visit_file(&tree),
        Err(error) => modules.breaches.push(unread(file, &error)),
    }
    modules.breaches
}

fn unread(file: &File, error: &syn::Error) -> Breach {
    Breach::new(file, error.span().start().line, format!("is not Rust: {error}"))
}

/// Every function of a file.
#[derive(Default)]
struct Functions(Vec<Function>);

struct Function {
    name: String,
    first: usize,
    last: usize,
}

struct TestModules<'f> {
    file: &'f File,
    /// In an inline `mod tests`.
    inside: bool,
    breaches: Vec<Breach>,
}

// === impl Functions ===

impl Functions {
    fn push(&mut self, signature: &syn::Signature, block: &syn::Block) {
        self.0.push(Function {
            name: signature.ident.to_string(),
            first: signature.span().start().line,
            last: block.span().end().line,
        });
    }

    /// A macro's argument need not be Rust (`proptest!`), but its functions look like functions:
    /// `fn`, a name, and some way on a block.
    fn scan(&mut self, tokens: TokenStream) {
        let mut open: Option<Function> = None;
        let mut after_fn = None;
        for token in tokens {
            match &token {
                TokenTree::Ident(word) if word == "fn" => after_fn = Some(word.span()),
                TokenTree::Ident(name) => {
                    if let Some(span) = after_fn.take() {
                        let first = span.start().line;
                        open = Some(Function { name: name.to_string(), first, last: first });
                    }
                }
                TokenTree::Group(group) => {
                    after_fn = None;
                    let body = group.delimiter() == Delimiter::Brace;
                    if let Some(function) = open.take_if(|_| body) {
                        let last = group.span_close().end().line;
                        self.0.push(Function { last, ..function });
                    }
                    self.scan(group.stream());
                }
                TokenTree::Punct(mark) if mark.as_char() == ';' => open = None,
                TokenTree::Punct(_) | TokenTree::Literal(_) => after_fn = None,
            }
        }
    }
}

impl<'t> Visit<'t> for Functions {
    fn visit_item_fn(&mut self, function: &'t syn::ItemFn) {
        self.push(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'t syn::ImplItemFn) {
        self.push(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'t syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.push(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_macro(&mut self, call: &'t syn::Macro) {
        self.scan(call.tokens.clone());
    }
}

// === impl Function ===

impl Function {
    fn lines(&self) -> usize {
        self.last + 1 - self.first
    }
}

// === impl TestModules ===

impl TestModules<'_> {
    fn breach(&mut self, at: impl Spanned, what: impl Into<String>) {
        self.breaches.push(Breach::new(self.file, at.span().start().line, what));
    }
}

impl<'t> Visit<'t> for TestModules<'_> {
    fn visit_item_mod(&mut self, module: &'t syn::ItemMod) {
        if module.ident != "tests" {
            return visit::visit_item_mod(self, module);
        }
        if !module.attrs.iter().any(is_cfg_test) {
            self.breach(&module.ident, "mod tests without `#[cfg(test)]`");
        }
        if let Some((brace, _)) = &module.content {
            let (open, close) = (brace.span.open().start().line, brace.span.close().end().line);
            let lines = close + 1 - open;
            if lines > INLINE_TEST_LINES {
                self.breach(&module.ident, format!("inline mod tests of {lines} lines"));
            }
        }
        let outside = std::mem::replace(&mut self.inside, true);
        visit::visit_item_mod(self, module);
        self.inside = outside;
    }

    fn visit_item_fn(&mut self, function: &'t syn::ItemFn) {
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().segments.last().is_some_and(|last| last.ident == "test")
        };
        if !self.inside && function.attrs.iter().any(is_test) {
            self.breach(&function.sig.ident, "a test among the code");
        }
    }
}

fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    let test = || attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test");
    attribute.path().is_ident("cfg") && test()
}
