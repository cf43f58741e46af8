//! A tensor taken apart into lines along one axis.
//!
//! Used by Softmax, ArgMax, CumSum and the norms.

/// Extents before, of and behind an axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    pub(super) outer: usize,
    pub(super) len: usize,
    pub(super) inner: usize,
}

// === impl Lines ===

impl Lines {
    /// The axis must exist.
    pub(super) fn along(shape: &[usize], axis: usize) -> Lines {
        Lines {
            outer: shape[..axis].iter().product(),
            len: shape[axis],
            inner: shape[axis + 1..].iter().product(),
        }
    }

    /// Where each line starts, in the order of the results.
    pub(super) fn starts(self) -> impl Iterator<Item = usize> {
        let block = self.len * self.inner;
        (0..self.outer).flat_map(move |outer| (0..self.inner).map(move |at| outer * block + at))
    }
}

/// Changes each line in place, as a slice.
pub(super) fn each_line<T: Copy>(values: &mut [T], lines: Lines, f: impl Fn(&mut [T])) {
    if values.is_empty() {
        return;
    }
    if lines.inner == 1 {
        values.chunks_exact_mut(lines.len).for_each(f);
        return;
    }
    let mut line = Vec::with_capacity(lines.len);
    for start in lines.starts() {
        line.clear();
        line.extend(values[start..].iter().step_by(lines.inner).take(lines.len).copied());
        f(&mut line);
        let places = values[start..].iter_mut().step_by(lines.inner);
        places.zip(&line).for_each(|(place, value)| *place = *value);
    }
}
