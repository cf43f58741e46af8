//! A command's bad end: its exit code and what to tell the person.

/// A command that did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// The process's exit code.
    pub code: u8,
    /// What to tell the person, a line each.
    pub messages: Vec<String>,
}

// === impl Failure ===

impl Failure {
    /// The work failed.
    pub const FAILED: u8 = 1;
    /// A rule said no.
    pub const REFUSED: u8 = 2;
    /// The command line makes no sense.
    pub const USAGE: u8 = 64;
    /// A value or a file of the configuration is wrong.
    pub const CONFIG: u8 = 78;

    /// A failure with one line to say.
    pub fn new(code: u8, message: impl std::fmt::Display) -> Self {
        Self { code, messages: vec![message.to_string()] }
    }

    /// A configuration with these mistakes.
    pub fn config(mistakes: Vec<String>) -> Self {
        Self { code: Self::CONFIG, messages: mistakes }
    }
}
