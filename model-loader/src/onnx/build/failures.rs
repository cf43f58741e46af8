//! All nodes of a graph that cannot be built, so that one error names each of them.

use std::collections::HashSet;

use anyhow::Result;
use tract_onnx::pb::NodeProto;

use super::order::reads;
use crate::onnx::words::{Several, words};

/// Most failures that are collected.
const FAILURES_MAX: usize = 100;

/// What went wrong so far.
#[derive(Debug, Default)]
pub(super) struct Failures<'a> {
    errors: Vec<anyhow::Error>,
    /// Names that nothing makes, because of the errors.
    lost: HashSet<&'a str>,
}

// === impl Failures ===

impl<'a> Failures<'a> {
    /// Whether nodes read what was not made; then what they make is lost, too.
    pub(super) fn lost(&mut self, nodes: &[&'a NodeProto]) -> bool {
        if self.errors.is_empty() {
            return false;
        }
        if self.errors.len() < FAILURES_MAX {
            let mut read = nodes.iter().flat_map(|node| reads(node));
            if !read.any(|name| self.lost.contains(name)) {
                return false;
            }
        }
        self.lose(nodes);
        true
    }

    /// Nodes that could not be built.
    pub(super) fn add(&mut self, nodes: &[&'a NodeProto], error: anyhow::Error) {
        self.errors.push(error);
        self.lose(nodes);
    }

    fn lose(&mut self, nodes: &[&'a NodeProto]) {
        self.lost.extend(nodes.iter().flat_map(|node| &node.output).map(String::as_str));
    }

    /// The errors as one.
    pub(super) fn end(mut self) -> Result<()> {
        match self.errors.len() {
            0 => Ok(()),
            1 => Err(self.errors.remove(0)),
            _ => Err(Several(self.errors.iter().map(words).collect()).into()),
        }
    }
}
