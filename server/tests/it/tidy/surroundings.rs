//! The places that read the clock, chance or the environment, each with its reason.
//!
//! Everything else takes them as values. Tests and benches may read clocks as they like.

use super::Breach;
use super::names::{Token, find, tokens};
use super::tree::File;

/// What may come in from outside the program, and the tokens that fetch it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outside {
    Clock,
    Chance,
    Environment,
}

/// A file that may fetch something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed {
    pub(super) path: &'static str,
    pub(super) what: Outside,
    pub(super) why: &'static str,
}

/// Grows only for a command's own reading of the time of its call.
pub(super) const ALLOWED: [Allowed; 10] = [
    Allowed {
        path: "server/build.rs",
        what: Outside::Environment,
        why: "Cargo says so where what is built goes",
    },
    Allowed {
        path: "server/src/app.rs",
        what: Outside::Clock,
        why: "names the boot, keeps the shutdown budget, gives the collector its clock",
    },
    Allowed {
        path: "server/src/app.rs",
        what: Outside::Chance,
        why: "gives each worker its generator",
    },
    Allowed {
        path: "server/src/cli/demo.rs",
        what: Outside::Clock,
        why: "says when the example was registered",
    },
    Allowed {
        path: "server/src/cli/drift.rs",
        what: Outside::Clock,
        why: "a window ends now unless it is said when",
    },
    Allowed {
        path: "server/src/cli/endpoints.rs",
        what: Outside::Clock,
        why: "says in the audit trail when a spec was changed",
    },
    Allowed {
        path: "server/src/cli/models/alias.rs",
        what: Outside::Clock,
        why: "says when an alias was set",
    },
    Allowed {
        path: "server/src/cli/models/register.rs",
        what: Outside::Clock,
        why: "says when a model was registered",
    },
    Allowed {
        path: "server/src/cli/rows.rs",
        what: Outside::Clock,
        why: "a window ends now unless it is said when, and rows may be on their way now",
    },
    Allowed {
        path: "server/src/cli/serve.rs",
        what: Outside::Environment,
        why: "reads the surroundings once: working folder and cores",
    },
];

/// Fetches that are not in `allowed`.
pub(super) fn unlisted(allowed: &[Allowed], file: &File) -> Vec<Breach> {
    if file.is_test() || file.within("benches") {
        return Vec::new();
    }
    let listed =
        |what: &Outside| allowed.iter().any(|entry| entry.path == file.path && entry.what == *what);
    let all = [Outside::Clock, Outside::Chance, Outside::Environment];
    let unlisted = all.iter().filter(|what| !listed(what));
    unlisted.flat_map(|what| what.fetched_in(file)).collect()
}

/// Entries whose file is gone or does not fetch that any more.
pub(super) fn stale(allowed: &[Allowed], files: &[File]) -> Vec<Breach> {
    let needed = |entry: &&Allowed| {
        let file = files.iter().find(|file| file.path == entry.path);
        file.is_some_and(|file| !entry.what.fetched_in(file).is_empty())
    };
    let stale = allowed.iter().filter(|entry| !needed(entry));
    let say = |Allowed { path, what, why }: &Allowed| Breach {
        path: (*path).to_owned(),
        line: 1,
        what: format!("does not use {what:?} any more (\"{why}\")"),
    };
    stale.map(say).collect()
}

// === impl Outside ===

impl Outside {
    /// Tokens with spaces between.
    fn patterns(self) -> &'static [&'static str] {
        match self {
            Self::Clock => &[
                "Instant : : now",
                "SystemTime : : now",
                "Timestamp : : now",
                "Zoned : : now",
                ". elapsed (",
            ],
            Self::Chance => {
                &["Rng : : new", "Rng : : default", "thread_rng", "getrandom", "new_v4", "now_v7"]
            }
            Self::Environment => &[
                "std : : env",
                "env : : var",
                "env : : vars",
                "env : : args",
                "env : : current_dir",
                "env : : temp_dir",
                "available_parallelism",
            ],
        }
    }

    /// The places of `file` that fetch it, each line once; an inline `mod tests` does not count.
    fn fetched_in(self, file: &File) -> Vec<Breach> {
        let code = without_inline_tests(tokens(file));
        let patterns = self.patterns().iter();
        let mut found: Vec<Breach> = patterns.flat_map(|one| find(file, &code, one)).collect();
        found.sort_by_key(|breach| breach.line);
        found.dedup_by_key(|breach| breach.line);
        found
    }
}

/// The tokens before an inline `mod tests {`, which stands last in its file.
fn without_inline_tests(mut tokens: Vec<Token>) -> Vec<Token> {
    let inline =
        |window: &[Token]| window.iter().map(|token| token.text.as_str()).eq(["mod", "tests", "{"]);
    if let Some(start) = tokens.windows(3).position(inline) {
        tokens.truncate(start);
    }
    tokens
}
