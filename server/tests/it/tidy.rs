//! The house as tests: size, headers, import directions, who may name what, over the whole tree.
//!
//! Each rule is a function from a file to its breaches; a test here applies it to every file it is
//! about, and `planted` shows that it finds what it is for. The list of exceptions (`surroundings`)
//! may only shrink: an entry that is not needed any more is itself a breach.

mod manifests;
mod names;
mod planted;
mod prose;
mod shape;
mod surroundings;
mod tree;

use surroundings::ALLOWED;
use tree::File;

/// A place where a rule is broken.
#[derive(Debug, PartialEq)]
struct Breach {
    /// From the workspace's root, with `/`.
    path: String,
    /// Counted from 1.
    line: usize,
    /// What stands there.
    what: String,
}

// === impl Breach ===

impl Breach {
    fn new(file: &File, line: usize, what: impl Into<String>) -> Self {
        Self { path: file.path.clone(), line, what: what.into() }
    }
}

/// Fails with every breach, the rule, and what to do.
#[track_caller]
fn hold(rule: &str, mend: &str, breaches: impl IntoIterator<Item = Breach>) {
    let list: Vec<String> = breaches
        .into_iter()
        .map(|Breach { path, line, what }| format!("  {path}:{line}: {what}\n"))
        .collect();
    assert!(list.is_empty(), "\n{rule}\n{}to mend: {mend}\n", list.concat());
}

/// Applies `rule` to every Rust file.
fn each(rule: fn(&File) -> Vec<Breach>) -> Vec<Breach> {
    tree::rust().iter().flat_map(rule).collect()
}

#[test]
fn every_file_says_in_its_first_line_what_it_does() {
    hold(
        "every .rs file starts with a `//!` sentence",
        "say in one sentence, with a full stop, the one thing the file does",
        each(shape::header),
    );
}

#[test]
fn files_are_short() {
    hold(
        "a .rs file has at most 500 lines",
        "split it by meaning: foo.rs and foo/bar.rs",
        each(shape::file_length),
    );
}

#[test]
fn lines_are_short() {
    hold(
        "a line of a .rs file has at most 100 columns",
        "break it; a long text can be continued with a backslash",
        each(shape::line_width),
    );
}

#[test]
fn functions_are_short() {
    hold(
        "a function has at most 70 lines, tests included",
        "give a part of it a name and a function",
        each(shape::function_length),
    );
}

#[test]
fn no_mod_rs() {
    let found = tree::rust().into_iter().filter(|file| file.path.ends_with("/mod.rs"));
    let breaches = found.map(|file| Breach::new(&file, 1, "is called mod.rs"));
    hold("a module is foo.rs with foo/ beside it", "rename foo/mod.rs to foo.rs", breaches);
}

#[test]
fn unit_tests_are_siblings() {
    hold(
        "unit tests live in foo/tests.rs behind `#[cfg(test)] mod tests;`; inline at most 40 lines",
        "move them to the sibling file, or mark the module `#[cfg(test)]`",
        each(shape::test_modules),
    );
}

#[test]
fn nothing_is_skipped_or_left_over() {
    hold(
        "no `#[ignore]`, `dbg!`, `todo!`, `unimplemented!`",
        "finish it, or take it out; a slow test belongs to `make test-long`",
        each(names::leftovers),
    );
}

#[test]
fn libraries_stay_in_their_rooms() {
    hold(
        "tract, hyper, tonic, clap, jsonwebtoken, rustls and prometheus have one place each",
        "let that place translate: pass our own types across its border",
        each(names::strays),
    );
}

#[test]
fn unsafe_code_stays_in_its_rooms() {
    hold(
        "`unsafe` is for forest (SIMD), collector/src/spool (mmap) and a peer of the benches alone",
        "write it safely, or move the decision there with an ADR",
        each(names::unsafe_code),
    );
    let files = tree::rust();
    hold(
        "every other crate's lib.rs has `#![forbid(unsafe_code)]`",
        "add the line below the file's header",
        names::forbids(&files),
    );
}

#[test]
fn time_chance_and_environment_come_in_as_values() {
    let files = tree::rust();
    hold(
        "no clock, chance or environment is read below main, app and the tasks they start",
        "take `now`, the draw or the setting as an argument; the list is in tidy/surroundings.rs",
        files.iter().flat_map(|file| surroundings::unlisted(&ALLOWED, file)),
    );
    hold(
        "the list of places that read them holds no entry without need",
        "take the entry out of tidy/surroundings.rs",
        surroundings::stale(&ALLOWED, &files),
    );
}

#[test]
fn imports_go_down_only() {
    let manifests = tree::manifests();
    hold(
        "our crates import: server -> model-loader, collector, drift; model-loader -> forest; \
         drift -> collector; benches -> anything",
        "pass a value through the server instead; a new edge is a design decision (ADR)",
        manifests::upward_edges(&manifests),
    );
}

#[test]
fn no_crate_for_everything() {
    let manifests = tree::manifests();
    hold(
        "no crate is called common, core, util, utils or shared",
        "name it for the noun it holds, or keep the code where it is used",
        manifests::vague_names(&manifests),
    );
}

#[test]
fn no_large_file() {
    hold(
        "no file in git is over 2 MB",
        "make it smaller, or let a script make it where it is needed",
        prose::large_files(&tree::root(), &tree::paths()),
    );
}

#[test]
fn no_path_of_one_machine() {
    hold(
        "no file names a folder of the machine it was written on",
        "use a path from the repository's root",
        tree::texts().iter().flat_map(prose::machine_paths),
    );
}

#[test]
fn links_lead_somewhere() {
    let root = tree::root();
    let pages = tree::texts().into_iter().filter(|file| file.path.ends_with(".md"));
    hold(
        "a relative link in a .md file leads to a file that exists",
        "mend the link, or write the page",
        pages.flat_map(|page| prose::dead_links(&root, &page)),
    );
}
