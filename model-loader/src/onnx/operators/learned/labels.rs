//! The class that wins, and the labels of classes as a classifier's first output.
//!
//! Refuses labels so long that those of all rows would not fit into memory.

use anyhow::{Result, ensure};

use crate::Tensor;
use crate::onnx::attributes::ClassLabels;
use crate::onnx::operators::element::tensor;

/// Most bytes of the labels of all rows.
const BYTES_MAX: usize = 1 << 30;

/// The labels of these classes, in a tensor of one extent. The memory of `classes` becomes that of
/// int64 labels.
///
/// # Panics
/// When a class has no label.
pub(super) fn pick(labels: &ClassLabels, classes: Vec<usize>) -> Result<Tensor> {
    let count = [classes.len()];
    match labels {
        ClassLabels::Int64s(labels) => {
            let picked = classes.into_iter().map(|class| labels[class]);
            tensor(&count, picked.collect::<Vec<i64>>())
        }
        ClassLabels::Strings(labels) => {
            let bytes = classes.iter().map(|&class| labels[class].len());
            let bytes = bytes.fold(0, usize::saturating_add);
            ensure!(bytes <= BYTES_MAX, "{bytes} bytes of labels, more than {BYTES_MAX}");
            let picked = classes.iter().map(|&class| labels[class].clone());
            tensor(&count, picked.collect::<Vec<String>>())
        }
    }
}

/// The first of the greatest; NaN is greater than nothing.
pub(super) fn first_greatest<T: PartialOrd>(scores: &[T]) -> usize {
    (1..scores.len()).fold(0, |best, class| if scores[class] > scores[best] { class } else { best })
}
