//! Rules for files of any kind: size, paths of one machine, links between pages.

use std::path::Path;

use super::Breach;
use super::tree::File;

const FILE_BYTES: u64 = 2_000_000;

/// Folders at the root of a machine that a repository knows nothing of.
const MACHINE: [&str; 3] = ["work", "root", "home"];

pub(super) fn large_files(root: &Path, paths: &[String]) -> Vec<Breach> {
    let size = |path: &String| std::fs::metadata(root.join(path)).map_or(0, |about| about.len());
    let sized = paths.iter().map(|path| (path, size(path)));
    sized
        .filter(|(_, size)| *size > FILE_BYTES)
        .map(|(path, size)| Breach { path: path.clone(), line: 1, what: format!("{size} bytes") })
        .collect()
}

pub(super) fn machine_paths(file: &File) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (number, line) in file.lines() {
        for folder in MACHINE {
            let path = format!("/{folder}/");
            if line.match_indices(&path).any(|(at, _)| starts_a_path(&line[..at])) {
                breaches.push(Breach::new(file, number, format!("names {path}...")));
            }
        }
    }
    breaches
}

/// Whether a slash after `before` is the root: `/x`, `"/x`, `file:///x`, but not `a/x`.
fn starts_a_path(before: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || "._-})$*".contains(c);
    !before.ends_with(part_of_name)
}

/// Relative links of a page, from its own folder, to files that are not there.
pub(super) fn dead_links(root: &Path, page: &File) -> Vec<Breach> {
    let folder = root.join(&page.path).parent().expect("a file is in a folder").to_owned();
    let mut in_code = false;
    let mut breaches = Vec::new();
    for (number, line) in page.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for target in targets(line) {
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && !file.is_empty() && !folder.join(file).exists() {
                breaches.push(Breach::new(page, number, format!("leads to {target}")));
            }
        }
    }
    breaches
}

/// The targets of `[text](target "title")` and of `[text]: target`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let reference = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    let all = inline.chain(reference.map(|(_, target)| target));
    all.filter_map(|target| target.split_whitespace().next())
        .map(|target| target.trim_start_matches('<').trim_end_matches('>'))
}
