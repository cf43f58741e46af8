//! Element-wise operators, comparisons and reductions.

use super::Table;

/// Of their domain, by name.
pub(super) const CORE: Table = &[];
