//! A model that tract has to run is first loaded in a process of its own.
//!
//! tract may overflow its stack, ask for endless memory or never end on a file made for it; none of
//! that can be caught inside a process. Called by `onnx/load`; the program given in the options
//! must read a model from its input, load it and warm it up, as `skeg try-model` does.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::Error;

/// Bytes of the child's verdict that are read.
const VERDICT_MAX: u64 = 4096;
/// How often it is looked whether anybody still waits.
const PAUSE: Duration = Duration::from_millis(50);

/// The program that tries a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// What is run.
    pub program: PathBuf,
    /// Its arguments. The model comes on its standard input; it exits with 0 when the model loaded
    /// and ran, and otherwise writes why to its standard output.
    pub arguments: Vec<String>,
}

impl Trial {
    /// Runs the program on a model; fails with its verdict, or when it crashes or is cancelled.
    pub(crate) fn run(&self, onnx: &[u8], cancelled: &AtomicBool) -> Result<(), Error> {
        let failed = |what: &str, error: std::io::Error| {
            Error::model(format!("the trial of the model cannot be {what}: {error}"))
        };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed("started", error))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (says, verdict) = channel();
        let (status, verdict) = thread::scope(|scope| {
            scope.spawn(move || {
                // A child that dies early breaks the pipe; its status says so better.
                input.map(|mut input| input.write_all(onnx))
            });
            scope.spawn(move || {
                let mut words = Vec::new();
                output.map(|output| output.take(VERDICT_MAX).read_to_end(&mut words));
                // The output ends when the child does.
                drop(says.send(String::from_utf8_lossy(&words).trim().to_owned()));
            });
            wait(&mut child, &verdict, cancelled)
        })
        .map_err(|error| failed("waited for", error))?;
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) if status.code() == Some(1) && !verdict.is_empty() => {
                Err(Error::model(verdict))
            }
            Some(status) => Err(Error::model(format!("loading it ends a process: {status}"))),
            None => Err(Error::model("it was given up")),
        }
    }
}

/// How the child ended and what it said; no status when it was stopped.
fn wait(
    child: &mut Child,
    verdict: &Receiver<String>,
    cancelled: &AtomicBool,
) -> std::io::Result<(Option<ExitStatus>, String)> {
    loop {
        match verdict.recv_timeout(PAUSE) {
            Err(RecvTimeoutError::Timeout) if cancelled.load(Ordering::Relaxed) => {
                child.kill()?;
                child.wait()?;
                return Ok((None, String::new()));
            }
            Err(RecvTimeoutError::Timeout) => {}
            words => return Ok((Some(child.wait()?), words.unwrap_or_default())),
        }
    }
}
