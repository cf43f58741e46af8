//! A table that says of a value between which edges it lies, so that few are left to search.
//!
//! The range of the edges is cut into 1,024 cells, either of equal width or of an equal number of
//! 64-bit floats, which is about a logarithmic scale: whichever leaves less to search. A value is
//! looked up by arithmetic, and then searched among the edges of its cell: none or one of them for
//! most columns, where a binary search over 1,000 edges takes ten steps.

#[cfg(test)]
mod tests;

const CELLS: usize = 1024;

/// Where the edges of each cell begin.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Guide {
    scale: Scale,
    /// How many edges lie in the cells before; one more than cells.
    starts: Vec<u16>,
}

/// What cells are equal by. Both never put the greater of two values into an earlier cell.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    /// Their width.
    Width { least: f64, per_unit: f64 },
    /// How many floats they hold, a power of two.
    Floats { least: u64, shift: u32 },
}

// === impl Guide ===

impl Guide {
    /// Of edges that are finite, rising, none of them -0, and fewer than 65,536.
    pub(super) fn new(edges: &[f64]) -> Guide {
        let guides = Scale::of(edges).into_iter().flatten().map(|scale| Guide::with(scale, edges));
        let cost = |guide: &Guide| guide.cost();
        guides.min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or_else(|| {
            // Without two edges that differ there is one cell.
            Guide::with(Scale::Floats { least: 0, shift: 63 }, edges)
        })
    }

    fn with(scale: Scale, edges: &[f64]) -> Guide {
        let mut starts = vec![0; CELLS + 1];
        for edge in edges {
            starts[scale.cell(*edge) + 1] += 1;
        }
        for cell in 0..CELLS {
            starts[cell + 1] += starts[cell];
        }
        Guide { scale, starts }
    }

    /// Steps of all searches, if each edge is searched as often as the others: edges are quantiles.
    fn cost(&self) -> f64 {
        let cells = self.starts.windows(2).map(|pair| f64::from(pair[1] - pair[0]));
        cells.map(|edges| edges * (edges + 1.0).log2()).sum()
    }

    /// The number of edges below `value`, which is not NaN.
    #[inline]
    pub(super) fn below(&self, edges: &[f64], value: f64) -> usize {
        // -0 becomes 0.
        let value = value + 0.0;
        let cell = self.scale.cell(value);
        let (start, end) = (usize::from(self.starts[cell]), usize::from(self.starts[cell + 1]));
        start + edges[start..end].partition_point(|edge| *edge < value)
    }
}

// === impl Scale ===

impl Scale {
    fn of(edges: &[f64]) -> [Option<Scale>; 2] {
        let (Some(&least), Some(&greatest)) = (edges.first(), edges.last()) else {
            return [None, None];
        };
        let per_unit = CELLS as f64 / (greatest - least);
        let is_sound = per_unit.is_finite() && per_unit > 0.0;
        let width = is_sound.then_some(Scale::Width { least, per_unit });
        let floats = rank(greatest) - rank(least);
        // The greatest shift that leaves the last edge within the cells.
        let shift = (u64::BITS - floats.leading_zeros()).saturating_sub(CELLS.ilog2());
        let floats = (floats > 0).then(|| Scale::Floats { least: rank(least), shift });
        [width, floats]
    }

    #[inline]
    fn cell(self, value: f64) -> usize {
        let cell = match self {
            // What is below is in the first cell: a negative number becomes 0.
            Scale::Width { least, per_unit } => ((value - least) * per_unit) as usize,
            Scale::Floats { least, shift } => (rank(value).saturating_sub(least) >> shift) as usize,
        };
        cell.min(CELLS - 1)
    }
}

/// The place of a float among all, in their order.
#[inline]
fn rank(value: f64) -> u64 {
    let bits = value.to_bits();
    let sign = 1 << 63;
    if bits & sign == 0 { bits | sign } else { !bits }
}
