//! Which program tries a model before this process loads it: the running binary itself.

use std::path::Path;

use model_loader::Trial;

/// The command of the binary that reads a model and runs it once.
pub const COMMAND: &str = "try-model";

/// The trial of models by this binary.
pub fn by(binary: &Path) -> Trial {
    Trial { program: binary.to_owned(), arguments: vec![COMMAND.to_owned()] }
}
