//! Who may name what: libraries in their rooms, `unsafe` in three, leftovers nowhere.
//!
//! Works on tokens, so that comments and texts do not count and macros' arguments do.

use proc_macro2::{TokenStream, TokenTree};

use super::Breach;
use super::tree::File;

/// A library and where it may be named.
struct Room {
    /// Identifiers that stand for it; a final `*` is for any ending.
    names: &'static [&'static str],
    /// Modules, in the sense of [`File::within`].
    homes: &'static [&'static str],
}

const ROOMS: [Room; 7] = [
    Room { names: &["tonic", "tonic_*"], homes: &["server/src/grpc"] },
    Room { names: &["tract", "tract_*"], homes: &["model-loader/src/onnx", "model-loader/tests"] },
    Room {
        names: &["hyper", "hyper_util", "http_body_util"],
        homes: &["server/src/http", "server/src/grpc", "benches"],
    },
    Room {
        names: &["clap"],
        homes: &["server/src/cli", "server/src/config/flags", "server/src/config/tests"],
    },
    Room { names: &["jsonwebtoken"], homes: &["server/src/auth"] },
    Room { names: &["rustls", "tokio_rustls"], homes: &["server/src/tls"] },
    Room { names: &["prometheus"], homes: &["server/src/metrics", "server/src/http/admin"] },
];

/// The third calls LightGBM's C library, a peer that has no crate which loads it at run time. It is
/// part of a bench's binary: the benches' library forbids `unsafe` like the others.
const UNSAFE_HOMES: [&str; 3] = ["forest", "collector/src/spool", "benches/benches/peers/lightgbm"];
/// Crates whose `lib.rs` may leave `#![forbid(unsafe_code)]` out, since they hold such a home.
const UNSAFE_CRATES: [&str; 2] = ["forest", "collector"];

const LEFTOVERS: [&str; 6] =
    ["dbg !", "todo !", "unimplemented !", "# [ ignore", ", ignore )", ", ignore ="];

/// A word, a mark or a bracket of a Rust file, and its line.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

/// Libraries named outside their rooms.
pub(super) fn strays(file: &File) -> Vec<Breach> {
    let away = |room: &&Room| !room.homes.iter().any(|home| file.within(home));
    let banned: Vec<&Room> = ROOMS.iter().filter(away).collect();
    let mut breaches = Vec::new();
    for token in tokens(file) {
        let room = banned.iter().find(|room| room.names.iter().any(|name| matches(&token, name)));
        if let Some(room) = room {
            let what =
                format!("names `{}`, which belongs to {}", token.text, room.homes.join(", "));
            breaches.push(Breach::new(file, token.line, what));
        }
    }
    breaches.dedup();
    breaches
}

/// `unsafe` outside its rooms.
pub(super) fn unsafe_code(file: &File) -> Vec<Breach> {
    if UNSAFE_HOMES.iter().any(|home| file.within(home)) {
        return Vec::new();
    }
    find(file, &tokens(file), "unsafe")
}

/// Libraries that do not forbid `unsafe`.
pub(super) fn forbids(files: &[File]) -> Vec<Breach> {
    let forbids =
        |file: &File| !find(file, &tokens(file), "# ! [ forbid ( unsafe_code ) ]").is_empty();
    let libraries = files.iter().filter(|file| {
        let folder = file.crate_folder();
        file.path == format!("{folder}/src/lib.rs") && !UNSAFE_CRATES.contains(&folder)
    });
    libraries
        .filter(|library| !forbids(library))
        .map(|library| Breach::new(library, 1, "does not forbid unsafe code"))
        .collect()
}

/// What was to be finished.
pub(super) fn leftovers(file: &File) -> Vec<Breach> {
    let tokens = tokens(file);
    LEFTOVERS.iter().flat_map(|pattern| find(file, &tokens, pattern)).collect()
}

/// Where `pattern`, tokens with spaces between, stands among `tokens`; each line once.
pub(super) fn find(file: &File, tokens: &[Token], pattern: &str) -> Vec<Breach> {
    let pattern: Vec<&str> = pattern.split_whitespace().collect();
    let what = pattern.concat();
    let mut breaches: Vec<Breach> = tokens
        .windows(pattern.len())
        .filter(|window| window.iter().zip(&pattern).all(|(token, text)| token.text == *text))
        .map(|window| Breach::new(file, window[0].line, format!("`{what}`")))
        .collect();
    breaches.dedup();
    breaches
}

/// The tokens of a file, brackets included; none if it is not Rust, which `shape` reports.
pub(super) fn tokens(file: &File) -> Vec<Token> {
    let mut flat = Vec::new();
    if let Ok(stream) = file.text.parse::<TokenStream>() {
        flatten(stream, &mut flat);
    }
    flat
}

fn flatten(stream: TokenStream, flat: &mut Vec<Token>) {
    for token in stream {
        let line = token.span().start().line;
        let TokenTree::Group(group) = token else {
            flat.push(Token { text: token.to_string(), line });
            continue;
        };
        let (open, close) = match group.delimiter() {
            proc_macro2::Delimiter::Parenthesis => ("(", ")"),
            proc_macro2::Delimiter::Brace => ("{", "}"),
            proc_macro2::Delimiter::Bracket => ("[", "]"),
            proc_macro2::Delimiter::None => ("", ""),
        };
        flat.push(Token { text: open.to_owned(), line });
        flatten(group.stream(), flat);
        let line = group.span_close().start().line;
        flat.push(Token { text: close.to_owned(), line });
    }
}

fn matches(token: &Token, name: &str) -> bool {
    match name.strip_suffix('*') {
        Some(start) => token.text.starts_with(start),
        None => token.text == name,
    }
}
