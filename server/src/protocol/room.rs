//! What one request may still hold: rows and elements are counted before they are read.

use crate::error::Error;
use crate::limits::RequestLimits;

/// What the tensors of a request may still hold.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    limits: RequestLimits,
    /// Elements of the tensors so far.
    taken: usize,
    /// Rows so far, where they come one by one.
    rows: usize,
}

// === impl Room ===

impl Room {
    /// All that the limits allow.
    pub fn new(limits: RequestLimits) -> Self {
        Self { limits, taken: 0, rows: 0 }
    }

    /// Takes room for a tensor of `shape`, before any of its elements is read.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn take(&mut self, shape: &[usize]) -> Result<(), Error> {
        self.check_rows(shape.first().copied().unwrap_or(1))?;
        self.take_elements(shape.iter().fold(1, |product, size| product.saturating_mul(*size)))
    }

    /// Takes room for one more row.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn take_row(&mut self) -> Result<(), Error> {
        self.rows += 1;
        self.check_rows(self.rows)
    }

    /// Whether there may be so many rows.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn check_rows(&self, count: usize) -> Result<(), Error> {
        let limit = self.limits.rows;
        if count > limit { Err(Error::TooMany { what: "rows", count, limit }) } else { Ok(()) }
    }

    /// Starts to count rows anew: another column has as many.
    pub fn first_row(&mut self) {
        self.rows = 0;
    }

    /// Takes room for so many more elements.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn take_elements(&mut self, count: usize) -> Result<(), Error> {
        let limit = self.limits.elements;
        self.taken = self.taken.saturating_add(count);
        if self.taken > limit {
            return Err(Error::TooMany { what: "elements", count: self.taken, limit });
        }
        Ok(())
    }
}
