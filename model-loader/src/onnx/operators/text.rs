//! Strings and categories, casts included.

use super::Table;

/// Of their domain, by name.
pub(super) const CORE: Table = &[];

/// Of their domain, by name.
pub(super) const ML: Table = &[];

/// Of their domain, by name.
pub(super) const MICROSOFT: Table = &[];
