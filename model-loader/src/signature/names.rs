//! The names that a request may use, each with the input or the column that has it.
//!
//! Made once per model: tables of a thousand columns are placed by a thousand lookups, not by as
//! many searches.

use std::collections::HashMap;

use super::TensorSpec;

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// That input.
    Input(usize),
    /// That column of that input.
    Column(usize, usize),
}

/// All names of a model's inputs and of their columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Names(HashMap<String, Seat>);

// === impl Names ===

impl Names {
    /// An input's name is before a column's, and the first of two before the second.
    pub(super) fn of(inputs: &[TensorSpec]) -> Self {
        let whole = inputs.iter().enumerate();
        let whole = whole.map(|(input, spec)| (&spec.name, Seat::Input(input)));
        let columns = inputs.iter().enumerate().flat_map(|(input, spec)| {
            let features = spec.features().iter().enumerate();
            features.map(move |(column, name)| (name, Seat::Column(input, column)))
        });
        let mut seats = HashMap::new();
        for (name, seat) in whole.chain(columns) {
            seats.entry(name.clone()).or_insert(seat);
        }
        Self(seats)
    }

    pub(super) fn seat(&self, name: &str) -> Option<Seat> {
        self.0.get(name).copied()
    }
}

#[cfg(test)]
mod tests;
