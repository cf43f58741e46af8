//! The spool: rows on their way from the scoring threads to the store, in mapped files that outlive
//! the process.
//!
//! A scoring thread appends to its own [`segment`] and counts in its own [`cells`]: plain stores,
//! no lock, no system call. A thread of the spool makes segments before they are needed, the sink
//! reads behind the writers, and writes down in the [`journal`] what it is about to do. Everything
//! of one life of the process is a [`house`], a folder of its own with a [`shelf`] for each thread;
//! what an earlier life has left in the same [`estate`] is taken over and put as if it had never
//! ended.

pub(crate) mod cells;
pub(crate) mod entry;
pub(crate) mod estate;
pub(crate) mod house;
pub(crate) mod journal;
pub(crate) mod lanes;
pub(crate) mod segment;
pub(crate) mod shelf;
pub(crate) mod tally;
