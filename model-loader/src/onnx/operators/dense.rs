//! Matrix products and distances.

use super::Table;

/// Of their domain, by name.
pub(super) const CORE: Table = &[];

/// Of their domain, by name.
pub(super) const MICROSOFT: Table = &[];
