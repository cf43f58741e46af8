//! Operators that move, pick and make elements without computing on them.

use super::Table;

/// Of their domain, by name.
pub(super) const CORE: Table = &[];
