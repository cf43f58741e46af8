//! The `skeg` binary: read the command line, run it, report by exit code.

use std::process::ExitCode;

use server::cli::Cli;

fn main() -> ExitCode {
    match Cli::read() {
        Ok(cli) => cli.run(),
        Err(code) => code,
    }
}
