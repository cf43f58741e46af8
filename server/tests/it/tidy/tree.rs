//! The files that the rules are about: what git tracks or would track, else what a walk finds.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders that a walk leaves out; git's own list has none of them.
const LEFT_OUT: [&str; 7] =
    ["target", ".git", ".venv", "node_modules", "__pycache__", ".pytest_cache", "skeg-demo"];

/// A text file of the workspace.
#[derive(Debug)]
pub(super) struct File {
    /// From the workspace's root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

// === impl File ===

impl File {
    /// Whether this file is the module `room` or lies below it: `a/b` is `a/b.rs` and `a/b/*`.
    pub(super) fn within(&self, room: &str) -> bool {
        let rest = self.path.strip_prefix(room);
        rest.is_some_and(|rest| matches!(rest, "" | ".rs") || rest.starts_with('/'))
    }

    /// Whether it holds tests only: `tests.rs`, or anything in a folder `tests`.
    pub(super) fn is_test(&self) -> bool {
        let path = format!("/{}", self.path);
        path.contains("/tests/") || path.ends_with("/tests.rs")
    }

    /// The folder of its crate: the path's first part.
    pub(super) fn crate_folder(&self) -> &str {
        self.path.split('/').next().expect("split gives one part at least")
    }

    /// The lines, counted from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// The workspace's root.
pub(super) fn root() -> PathBuf {
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    server.parent().expect("the crate is a folder of the workspace").to_owned()
}

/// All files, sorted.
pub(super) fn paths() -> Vec<String> {
    let root = root();
    let mut paths = listed(&root).unwrap_or_else(|| walked(&root));
    // Deleted, but still in git's index.
    paths.retain(|path| root.join(path).is_file());
    paths.sort();
    paths
}

/// All files that are text.
pub(super) fn texts() -> Vec<File> {
    let root = root();
    let read = |path: String| {
        let bytes = std::fs::read(root.join(&path)).ok()?;
        let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
        Some(File { path, text })
    };
    paths().into_iter().filter_map(read).collect()
}

/// All Rust files; there are many, or something is wrong with the listing.
pub(super) fn rust() -> Vec<File> {
    let files: Vec<File> = texts().into_iter().filter(|file| file.path.ends_with(".rs")).collect();
    assert!(files.len() > 50, "only {} Rust files found in {}", files.len(), root().display());
    files
}

/// The `Cargo.toml` of each crate.
pub(super) fn manifests() -> Vec<File> {
    let files = texts().into_iter();
    let files: Vec<File> = files.filter(|file| file.path.ends_with("/Cargo.toml")).collect();
    assert!(files.len() >= 6, "only {} crates found in {}", files.len(), root().display());
    files
}

/// What git tracks, and what it would track; `None` where there is no git or no repository.
fn listed(root: &Path) -> Option<Vec<String>> {
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = git.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut paths: Vec<String> = text.split('\0').map(str::to_owned).collect();
    paths.retain(|path| !path.is_empty());
    // A repository around a copy of this tree may ignore all of it.
    paths.iter().any(|path| path == "Cargo.toml").then_some(paths)
}

fn walked(root: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(root.join(&folder)).expect("a folder just found");
        for entry in entries {
            let entry = entry.expect("an entry of a folder");
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type().expect("an entry has a type");
            if kind.is_file() {
                paths.push(format!("{folder}{name}"));
            } else if kind.is_dir() && !LEFT_OUT.contains(&name.as_str()) {
                folders.push(format!("{folder}{name}/"));
            }
        }
    }
    paths
}

#[test]
fn a_walk_finds_what_git_lists() {
    let root = root();
    let walked = walked(&root);
    let here = file!();
    assert!(walked.iter().any(|path| here.ends_with(path.as_str())), "{here} is not in the walk");
    assert!(walked.iter().all(|path| !path.starts_with("target/") && !path.starts_with(".git/")));
}
