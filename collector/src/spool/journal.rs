//! What the sink does with a spool's rows, written down before it is done: so that after a kill
//! each row is in the files once.
//!
//! A [`Plan`] names the pieces of segments that a batch of files is made of, and the numbers of its
//! files. It is written before the first file is put; when all are settled, a line says so. Who
//! finds a plan without such a line makes the same files of the same rows under the same names, and
//! the store says which of them it has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

use super::cells::Of;
use super::tally::Tally;

#[cfg(test)]
mod tests;

/// Most bytes of a journal that is read.
const MAX_BYTES: u64 = 1 << 28;

/// After so many lines the journal is written anew, with what still matters.
const LINES: usize = 4096;

/// A part of a segment: entries from one byte to before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// The thread that wrote it.
    pub(crate) writer: usize,
    /// Its segments are counted from 0.
    pub(crate) segment: u64,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// What was counted for one lane and hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) of: Of,
    pub(crate) tally: Tally,
}

/// A batch of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Counted from 0.
    pub(crate) batch: u64,
    /// When it was made, unix microseconds: the files say that their rows were received by then.
    pub(crate) time_us: i64,
    /// The number of its first file.
    pub(crate) first_file: u64,
    /// What each rows file holds, in the order of their numbers.
    pub(crate) rows: Vec<Vec<(Of, u64)>>,
    /// How many accounts files come after them.
    pub(crate) accounts_files: u64,
    /// Where its rows are, in the order in which they are read.
    pub(crate) pieces: Vec<Piece>,
    /// What was counted since the plan before, the rows of this one included.
    pub(crate) accounts: Vec<Account>,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Plan(Plan),
    /// All files of that batch are settled; what they lost.
    Done {
        batch: u64,
        lost: Vec<(Of, Tally)>,
        /// What its accounts files say that the store has not taken.
        unsaid: Vec<Account>,
    },
    /// Lanes and hours whose cells are about to be given back: they count no more.
    Settling(BTreeSet<Of>),
    /// Lanes and hours whose cells are given back: what was said of them is forgotten.
    Settled(BTreeSet<Of>),
    /// What a journal that was written anew knows from before.
    State(Box<State>),
}

/// Where a spool's rows stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Plans that are not done, by their batch.
    pub(crate) open: BTreeMap<u64, Plan>,
    /// Number of the next batch, and of the next file.
    pub(crate) next: (u64, u64),
    /// Up to where each writing thread's rows are planned: segment and byte.
    pub(crate) planned: BTreeMap<usize, (u64, usize)>,
    /// What all plans have said of each lane and hour.
    #[serde(with = "pairs")]
    pub(crate) said: BTreeMap<Of, Tally>,
    /// How many rows of each lane and hour all plans have put into files.
    #[serde(with = "pairs")]
    pub(crate) planned_rows: BTreeMap<Of, i64>,
    /// Lanes and hours whose cells are being given back.
    pub(crate) settling: BTreeSet<Of>,
    /// What all batches have lost of each lane and hour.
    #[serde(with = "pairs")]
    pub(crate) lost: BTreeMap<Of, Tally>,
}

/// The file, open at its end.
#[derive(Debug)]
pub(crate) struct Journal {
    /// Where it is kept; a spool in memory keeps it nowhere.
    file: Option<(PathBuf, File)>,
    lines: usize,
    /// Whether its last line may be one in part.
    is_cut: bool,
    state: State,
}

/// JSON has no keys but text: a map as a list of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub(super) fn deserialize<'d, K, V, D>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'d> + Ord,
        V: Deserialize<'d>,
        D: Deserializer<'d>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}

// === impl Plan ===

impl Plan {
    /// How many files it has.
    pub(crate) fn files(&self) -> u64 {
        self.accounts_files.saturating_add(self.rows.len() as u64)
    }

    /// What its files say of where they are from: `boot/batch/hash`, the hash being the XXH64 of
    /// the plan. A plan that was lost with the power, and another in its place, differ.
    ///
    /// # Errors
    /// None that is known: a plan is always JSON.
    pub(crate) fn name(&self, boot: &str) -> io::Result<String> {
        let plan = serde_json::to_vec(self).map_err(io::Error::other)?;
        Ok(format!("{boot}/{}/{:016x}", self.batch, XxHash64::oneshot(0, &plan)))
    }
}

// === impl State ===

impl State {
    fn apply(&mut self, line: Line) {
        match line {
            Line::State(state) => *self = *state,
            Line::Settling(of) => self.settling = of,
            Line::Settled(of) => {
                self.settling.clear();
                self.said.retain(|known, _| !of.contains(known));
                self.lost.retain(|known, _| !of.contains(known));
                self.planned_rows.retain(|known, _| !of.contains(known));
            }
            Line::Plan(plan) => {
                let file = plan.first_file.saturating_add(plan.files());
                self.next = (plan.batch.saturating_add(1), file);
                for piece in &plan.pieces {
                    let planned = self.planned.entry(piece.writer).or_default();
                    *planned = (*planned).max((piece.segment, piece.to));
                }
                for (of, rows) in plan.rows.iter().flatten() {
                    let planned = self.planned_rows.entry(*of).or_default();
                    *planned = planned.saturating_add_unsigned(*rows);
                }
                for account in &plan.accounts {
                    self.said.entry(account.of).or_default().add(account.tally);
                }
                self.open.insert(plan.batch, plan);
            }
            Line::Done { batch, lost, unsaid } => {
                self.open.remove(&batch);
                for (of, losses) in lost {
                    self.lost.entry(of).or_default().add(losses);
                }
                for Account { of, tally } in unsaid {
                    let said = self.said.entry(of).or_default();
                    *said = said.since(tally);
                }
            }
        }
    }

    /// The segment of a writing thread up to which all is planned; of those before, only the ones
    /// of open plans are still needed.
    pub(crate) fn needed(&self, writer: usize) -> (u64, BTreeSet<u64>) {
        let open = self.open.values().flat_map(|plan| &plan.pieces);
        let open = open.filter(|piece| piece.writer == writer).map(|piece| piece.segment);
        let planned = self.planned.get(&writer).map_or(0, |(segment, _)| *segment);
        (planned, open.collect())
    }
}

// === impl Journal ===

impl Journal {
    /// An empty journal in a new file at `path`, or nowhere.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(crate) fn create(path: Option<PathBuf>) -> io::Result<Self> {
        let make = |path: PathBuf| {
            let file = OpenOptions::new().append(true).create_new(true).open(&path)?;
            Ok::<_, io::Error>((path, file))
        };
        let file = path.map(make).transpose()?;
        Ok(Self { file, lines: 0, is_cut: false, state: State::default() })
    }

    /// The journal that another process has left, to be continued. A last line that is cut off was
    /// never acted on, and is cut away.
    ///
    /// # Errors
    /// When the file cannot be read, or a line before the last is none: what the files have is then
    /// not known, and nothing may be put.
    pub(crate) fn resume(path: &Path) -> io::Result<Self> {
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let size = std::fs::metadata(path)?.len();
        if size > MAX_BYTES {
            return Err(invalid(format!("{size} bytes, more than the {MAX_BYTES} of a journal")));
        }
        let text = std::fs::read(path)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (mut state, mut lines) = (State::default(), 0);
        for line in text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            lines += 1;
            let line = serde_json::from_slice(line);
            state.apply(line.map_err(|error| invalid(format!("line {lines}: {error}")))?);
        }
        let file = OpenOptions::new().append(true).open(path)?;
        file.set_len(whole as u64)?;
        Ok(Self { file: Some((path.to_owned(), file)), lines, is_cut: false, state })
    }

    /// Where the rows stand.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Writes a plan down. It may be acted on when this has returned.
    ///
    /// # Errors
    /// When the file takes no more; the plan is then none.
    pub(crate) fn plan(&mut self, plan: Plan) -> io::Result<()> {
        self.write(Line::Plan(plan))
    }

    /// Writes down that all files of a batch are settled.
    ///
    /// # Errors
    /// When the file takes no more. The batch stays open, and may be settled again.
    pub(crate) fn done(
        &mut self,
        batch: u64,
        lost: Vec<(Of, Tally)>,
        unsaid: Vec<Account>,
    ) -> io::Result<()> {
        self.write(Line::Done { batch, lost, unsaid })
    }

    /// Writes down that the cells of these lanes and hours count no more.
    ///
    /// # Errors
    /// When the file takes no more; they do then.
    pub(crate) fn settling(&mut self, of: BTreeSet<Of>) -> io::Result<()> {
        self.write(Line::Settling(of))
    }

    /// Writes down that the cells of these lanes and hours are given back.
    ///
    /// # Errors
    /// When the file takes no more; they may then not be.
    pub(crate) fn settled(&mut self, of: BTreeSet<Of>) -> io::Result<()> {
        self.write(Line::Settled(of))
    }

    fn write(&mut self, line: Line) -> io::Result<()> {
        if self.lines >= LINES || self.is_cut {
            self.anew()?;
        }
        if let Some((_, file)) = &self.file {
            let mut bytes = serde_json::to_vec(&line).map_err(io::Error::other)?;
            bytes.push(b'\n');
            let before = file.metadata()?.len();
            // What is put must not outlive its plan when the power fails, nor a plan its segments.
            let is_synced = matches!(line, Line::Plan(_) | Line::Done { .. });
            let sync = |()| if is_synced { file.sync_data() } else { Ok(()) };
            if let Err(error) = (&*file).write_all(&bytes).and_then(sync) {
                // A line in part, or one that is not meant, would mislead who reads it.
                self.is_cut = file.set_len(before).is_err();
                return Err(error);
            }
        }
        self.lines += 1;
        self.state.apply(line);
        Ok(())
    }

    /// Writes a new file that says what this one comes to, and puts it in its place.
    fn anew(&mut self) -> io::Result<()> {
        self.lines = 0;
        let Some((path, _)) = &self.file else { return Ok(()) };
        let next = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&next)?;
        let state = Line::State(Box::new(self.state.clone()));
        let mut bytes = serde_json::to_vec(&state).map_err(io::Error::other)?;
        bytes.push(b'\n');
        file.write_all(&bytes)?;
        file.sync_data()?;
        drop(file);
        std::fs::rename(&next, path)?;
        let file = OpenOptions::new().append(true).open(path)?;
        self.file = Some((path.clone(), file));
        self.is_cut = false;
        Ok(())
    }
}
