//! ZipMap: passes the probabilities through.
//!
//! ONNX makes a list of maps from label to probability of them; a columnar server wants the
//! columns, and `signature` keeps the labels as their names. Refuses label lists of another length
//! than the columns.

use anyhow::{Result, ensure};

use super::rows::rows_and_columns;
use crate::Tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};

#[derive(Debug)]
struct ZipMap {
    labels: usize,
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(ZipMap { labels: node.attributes().class_labels()?.len() }))
}

impl Op for ZipMap {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let input = inputs.take(0)?;
        let (rows, columns) = rows_and_columns(input.shape())?;
        ensure!(columns == self.labels, "{} labels for {columns} columns", self.labels);
        if input.shape().len() == 2 {
            return one(input);
        }
        one(Tensor::new([rows, columns].into_iter().collect(), input.into_values())?)
    }
}
