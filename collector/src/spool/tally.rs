//! Rows by what became of them: the terms of the conservation law.
//!
//! Always `offered = sampled_out + dropped{reason} + spooled`, and, when nothing is on its way,
//! `spooled = written + lost{reason}`.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

/// What happened to rows. A count's number is its place in a [`Tally`], and in files: it never
/// changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// They were given to the collector.
    Offered,
    /// The sampling rate left them out.
    SampledOut,
    /// The spool had no room.
    SpoolFull,
    /// The collector was finishing.
    Closed,
    /// They did not fit their schema, or any segment.
    Shape,
    /// They are in the spool.
    Spooled,
    /// They are in a plan of the sink's.
    Planned,
    /// They were planned and no file could be made of them: Parquet or Arrow refused them, or they
    /// were damaged since.
    LostEncode,
    /// The store refused their file for good.
    LostPut,
    /// They were older than the spool keeps them.
    LostExpired,
    /// Their entry was not what was written.
    LostTorn,
    /// The process ended, and the spool was in memory.
    LostShutdown,
}

/// How many counts there are.
pub(crate) const COUNTS: usize = 12;

/// Rows by what became of them. A correction may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally([i64; COUNTS]);

// === impl Count ===

impl Count {
    pub(crate) const ALL: [Count; COUNTS] = [
        Count::Offered,
        Count::SampledOut,
        Count::SpoolFull,
        Count::Closed,
        Count::Shape,
        Count::Spooled,
        Count::Planned,
        Count::LostEncode,
        Count::LostPut,
        Count::LostExpired,
        Count::LostTorn,
        Count::LostShutdown,
    ];

    /// Those that a thread which appends counts.
    pub(crate) const FRONT: [Count; 6] = [
        Count::Offered,
        Count::SampledOut,
        Count::SpoolFull,
        Count::Closed,
        Count::Shape,
        Count::Spooled,
    ];

    /// Those of rows that were in the spool and are in no file.
    pub(crate) const LOST: [Count; 5] = [
        Count::LostEncode,
        Count::LostPut,
        Count::LostExpired,
        Count::LostTorn,
        Count::LostShutdown,
    ];

    /// Stage and reason, as metrics and files have them.
    pub(crate) fn name(self) -> (&'static str, &'static str) {
        match self {
            Count::Offered => ("offered", ""),
            Count::SampledOut => ("sampled_out", ""),
            Count::SpoolFull => ("dropped", "spool_full"),
            Count::Closed => ("dropped", "closed"),
            Count::Shape => ("dropped", "shape"),
            Count::Spooled => ("spooled", ""),
            Count::Planned => ("planned", ""),
            Count::LostEncode => ("lost", "encode"),
            Count::LostPut => ("lost", "put"),
            Count::LostExpired => ("lost", "expired"),
            Count::LostTorn => ("lost", "torn"),
            Count::LostShutdown => ("lost", "shutdown"),
        }
    }
}

// === impl Tally ===

impl Tally {
    /// Rows of one kind.
    pub(crate) fn of(count: Count, rows: i64) -> Self {
        let mut tally = Self::default();
        tally[count] = rows;
        tally
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(this, other)| *this = this.saturating_add(other));
    }

    /// What was added since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n].saturating_sub(before.0[n])))
    }

    /// Rows of the counts together.
    pub(crate) fn sum(self, counts: &[Count]) -> i64 {
        counts.iter().map(|count| self[*count]).sum()
    }

    /// Refused rows, for any reason.
    pub(crate) fn dropped(self) -> i64 {
        self.sum(&[Count::SpoolFull, Count::Closed, Count::Shape])
    }

    pub(crate) fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// What the counts of a process that was killed come to: it may have ended between two of them.
    /// A row that was stored was spooled, and one that nothing became of was never answered.
    pub(crate) fn mended(mut self) -> Self {
        self[Count::Spooled] = self[Count::Spooled].max(self[Count::Planned]);
        self[Count::LostTorn] = self[Count::Spooled] - self[Count::Planned];
        self[Count::Offered] = self[Count::SampledOut] + self.dropped() + self[Count::Spooled];
        self
    }
}

impl Index<Count> for Tally {
    type Output = i64;

    fn index(&self, count: Count) -> &i64 {
        &self.0[count as usize]
    }
}

impl IndexMut<Count> for Tally {
    fn index_mut(&mut self, count: Count) -> &mut i64 {
        &mut self.0[count as usize]
    }
}
