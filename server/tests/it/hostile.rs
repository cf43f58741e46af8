//! Every file of the fuzzing corpus through the loader, as the server loads it: none ends the test.

use std::path::PathBuf;
use std::time::Duration;

use model_loader::{Error, Model, Options};

/// Far more than any of these small files takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../model-loader/fuzz/corpus/load");
    let entries = std::fs::read_dir(folder).expect("the corpus is committed");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    files.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let read = |path: &PathBuf| std::fs::read(path).expect("a file of the corpus can be read");
    files.iter().map(|path| (name(path), read(path))).collect()
}

fn load(bytes: &[u8]) -> Result<(), Error> {
    let trial = server::trial::by(env!("CARGO_BIN_EXE_skeg").as_ref());
    let options = Options { deadline: DEADLINE, trial: Some(trial), ..Options::default() };
    Model::load(bytes, &options)?.warm_up()
}

#[test]
fn sound_files_load_hostile_ones_are_refused_and_mutated_ones_do_either() {
    let files = corpus();
    assert!(files.iter().filter(|(name, _)| name.starts_with("mutated-")).count() >= 200);
    let mut wrong = Vec::new();
    for (name, bytes) in &files {
        let loaded = load(bytes);
        match (name.split('-').next(), loaded) {
            (Some("sound"), Err(error)) => wrong.push(format!("{name}: {error}")),
            (Some("hostile"), Ok(())) => wrong.push(format!("{name} was not refused")),
            (_, Err(error)) if error.to_string().contains("panicked") => {
                wrong.push(format!("{name}: {error}"));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
