//! The `skeg` binary: read the command line, run it, report by exit code.

use std::process::ExitCode;

use server::cli::Cli;

/// The system's allocator keeps what models took for each thread that ever loaded one: after some
/// hundred loads and unloads the process had grown by two fifths.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::quiet::install();
    let code = match Cli::read() {
        Ok(cli) => cli.run(),
        Err(code) => code,
    };
    server::logging::finish();
    code
}
