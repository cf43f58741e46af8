//! CDist: the distance of each row of one matrix from each row of another.
//!
//! Of com.microsoft; scikit-learn's nearest neighbours are exported with it on demand.

use anyhow::{Result, bail, ensure};

use crate::onnx::operators::element::{slice, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Tensor, Values};

#[derive(Debug)]
struct CDist {
    squared: bool,
}

/// Builds CDist.
pub(super) fn c_dist(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let squared = match node.attributes().string("metric")?.unwrap_or("sqeuclidean") {
        "sqeuclidean" => true,
        "euclidean" => false,
        other => bail!("unknown metric `{other}`"),
    };
    Ok(Box::new(CDist { squared }))
}

impl Op for CDist {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let (a, b) = (inputs.get(0)?, inputs.get(1)?);
        let (&[rows, width], &[columns, other]) = (a.shape(), b.shape()) else {
            bail!("shapes {:?} and {:?}, matrices wanted", a.shape(), b.shape())
        };
        ensure!(width == other, "rows of {width} and of {other} numbers");
        context.elements(&[rows, columns])?;
        let shape = [rows, columns];
        one(match a.values() {
            Values::Fp32(_) => tensor(&shape, self.distances(a, b, width, f32::sqrt)?)?,
            Values::Fp64(_) => tensor(&shape, self.distances(a, b, width, f64::sqrt)?)?,
            other => bail!("distances of {}", other.datatype()),
        })
    }
}

impl CDist {
    fn distances<T>(
        &self,
        a: &Tensor,
        b: &Tensor,
        width: usize,
        root: impl Fn(T) -> T,
    ) -> Result<Vec<T>>
    where
        T: crate::onnx::operators::element::Element + Copy,
        T: std::ops::Sub<Output = T> + std::ops::Mul<Output = T> + std::iter::Sum,
    {
        let (a, b) = (slice::<T>(a)?, slice::<T>(b)?);
        let width = width.max(1);
        let mut all = Vec::with_capacity(a.len() / width * (b.len() / width));
        for row in a.chunks_exact(width) {
            for other in b.chunks_exact(width) {
                let square = |(&x, &y): (&T, &T)| (x - y) * (x - y);
                let sum: T = row.iter().zip(other).map(square).sum();
                all.push(if self.squared { sum } else { root(sum) });
            }
        }
        Ok(all)
    }
}
