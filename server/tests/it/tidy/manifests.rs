//! Which crate of ours may import which, read from the crates' own `Cargo.toml`.

use super::Breach;
use super::tree::File;

/// Importer and what it may import; `benches` may import anything, nobody may import it.
const EDGES: [(&str, &[&str]); 5] = [
    ("server", &["model-loader", "collector", "drift"]),
    ("model-loader", &["forest"]),
    ("drift", &["collector"]),
    ("model-loader-fuzz", &["model-loader"]),
    ("server-fuzz", &["server", "model-loader"]),
];

const VAGUE: [&str; 5] = ["common", "core", "util", "utils", "shared"];

/// Imports among our crates that are not in the list, dev- and build-dependencies included.
pub(super) fn upward_edges(manifests: &[File]) -> Vec<Breach> {
    let ours: Vec<&str> = manifests.iter().filter_map(|file| name(file)).collect();
    let mut breaches = Vec::new();
    for manifest in manifests {
        let importer = name(manifest).unwrap_or_default();
        let may = EDGES.iter().find(|(from, _)| *from == importer).map_or(&[][..], |(_, to)| *to);
        for (line, imported) in dependencies(manifest) {
            let upward = ours.contains(&imported) && !may.contains(&imported);
            if upward && (importer != "benches" || imported == "benches") {
                breaches.push(Breach::new(manifest, line, format!("{importer} -> {imported}")));
            }
        }
    }
    breaches
}

pub(super) fn vague_names(manifests: &[File]) -> Vec<Breach> {
    let vague = |manifest: &&File| {
        let last = |name: &str| {
            VAGUE.iter().any(|vague| name.split(['-', '_']).next_back() == Some(vague))
        };
        name(manifest).is_some_and(last)
    };
    manifests
        .iter()
        .filter(vague)
        .map(|manifest| Breach::new(manifest, 1, "a vague name"))
        .collect()
}

/// The package's name.
fn name(manifest: &File) -> Option<&str> {
    let lines = manifest.text.lines().skip_while(|line| line.trim() != "[package]").skip(1);
    let mut lines = lines.take_while(|line| !line.trim_start().starts_with('['));
    lines.find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "name").then(|| value.trim().trim_matches('"'))
    })
}

/// What a manifest depends on, with lines; a renamed dependency under its own name.
fn dependencies(manifest: &File) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_table = false;
    for (number, line) in manifest.lines() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            in_table = header.ends_with("dependencies");
            // `[dependencies.forest]`
            if let Some((_, name)) = header.split_once("dependencies.") {
                found.push((number, name.trim_matches('"')));
            }
        } else if in_table && !line.starts_with('#') {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            found.push((number, name.trim_matches('"')));
        }
        if let Some((_, renamed)) = line.split_once("package = \"") {
            found.push((number, renamed.split('"').next().unwrap_or_default()));
        }
    }
    found
}
