//! What a model is there for, and by which columns it is judged: flags that go together.

use clap::{Args, ValueEnum};
use collector::column;
use drift::performance::{BinaryTally, ClassTally, RegressionTally};

use crate::failure::Failure;

#[cfg(test)]
mod tests;

/// Scores from here up are said positive, unless `--threshold` says otherwise.
const THRESHOLD: f64 = 0.5;

/// The flags.
#[derive(Clone, Debug, Args)]
pub(super) struct TaskArgs {
    /// What the model tells: one of two classes, one of many, or a number
    #[arg(long, env = "SKEG_TASK", value_name = "TASK")]
    task: TaskArg,
    /// Column of the score of the positive class, 0 to 1, as `out.output_probability.1`; for
    /// regression of the number that the model gives. Of several, which models with other names
    /// need, the first that has a value
    #[arg(long, env = "SKEG_SCORE", value_name = "COLUMN", value_delimiter = ',')]
    score: Vec<String>,
    /// Column of the class that the model names, as `out.output_label`; for classes. Of several
    /// the first that has a value
    #[arg(long, env = "SKEG_PREDICTION", value_name = "COLUMN", value_delimiter = ',')]
    prediction: Vec<String>,
    /// Least score that is said positive; for binary [default: 0.5]
    #[arg(long, env = "SKEG_THRESHOLD", value_name = "SCORE")]
    threshold: Option<f64>,
    /// Text of the label of the positive class, any other being negative; for binary [default:
    /// labels are 1 or true, and 0 or false]
    #[arg(long, env = "SKEG_POSITIVE", value_name = "TEXT")]
    positive: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TaskArg {
    Binary,
    Classes,
    Regression,
}

/// What the model tells, and by which column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Task {
    /// One of two classes, by a score.
    Binary {
        /// Columns of scores; of each row the first that has one.
        scores: Vec<String>,
        /// Least positive one.
        threshold: f64,
        /// The label of the positive class; 1 when none is named.
        positive: Option<String>,
    },
    /// One of many classes, by name.
    Classes {
        /// Columns of names; of each row the first that has one.
        predictions: Vec<String>,
    },
    /// A number.
    Regression {
        /// Columns of numbers; of each row the first that has one.
        scores: Vec<String>,
    },
}

/// Labelled rows of one seat, counted.
#[derive(Clone, Debug)]
pub(super) enum Tally {
    /// Of two classes.
    Binary(Box<BinaryTally>),
    /// Of many classes, and rows whose prediction is missing or a name over
    /// [`MAX_NAME`](drift::performance::MAX_NAME).
    Classes(ClassTally, u64),
    /// Of numbers.
    Regression(RegressionTally),
}

// === impl TaskArgs ===

impl TaskArgs {
    /// What is asked.
    ///
    /// # Errors
    /// Code 64 for flags that do not go together, 78 for a threshold out of its range.
    pub(super) fn task(&self) -> Result<Task, Failure> {
        let name = self.task.to_possible_value();
        let name = name.as_ref().map_or("", |value| value.get_name());
        let usage = |why: String| Failure::new(Failure::USAGE, why);
        let is_binary = self.task == TaskArg::Binary;
        let is_classes = self.task == TaskArg::Classes;
        for (flag, is_given, is_used) in [
            ("score", !self.score.is_empty(), !is_classes),
            ("prediction", !self.prediction.is_empty(), is_classes),
            ("threshold", self.threshold.is_some(), is_binary),
            ("positive", self.positive.is_some(), is_binary),
        ] {
            if is_given && !is_used {
                return Err(usage(format!("--task {name} has no use for --{flag}")));
            }
        }
        let needed = |columns: &[String], flag: &str| match columns {
            [] => Err(usage(format!("--task {name} needs --{flag}"))),
            columns => Ok(columns.to_vec()),
        };
        Ok(match self.task {
            TaskArg::Binary => {
                let threshold = self.threshold.unwrap_or(THRESHOLD);
                BinaryTally::new(threshold)
                    .map_err(|error| Failure::config(vec![error.to_string()]))?;
                let positive = self.positive.clone();
                Task::Binary { scores: needed(&self.score, "score")?, threshold, positive }
            }
            TaskArg::Classes => {
                Task::Classes { predictions: needed(&self.prediction, "prediction")? }
            }
            TaskArg::Regression => Task::Regression { scores: needed(&self.score, "score")? },
        })
    }
}

// === impl Task ===

impl Task {
    /// As `--task` has it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Task::Binary { .. } => "binary",
            Task::Classes { .. } => "classes",
            Task::Regression { .. } => "regression",
        }
    }

    /// The columns that models are judged by.
    pub(super) fn judged(&self) -> &[String] {
        match self {
            Task::Binary { scores, .. } | Task::Regression { scores } => scores,
            Task::Classes { predictions } => predictions,
        }
    }

    /// All columns of rows that are needed, each once.
    pub(super) fn columns(&self) -> Vec<String> {
        let fixed = [
            column::EVENT_TIME,
            column::REQUEST_ID,
            column::ROW_INDEX,
            column::DEPLOYMENT_NAME,
            column::MODEL_NAME,
            column::MODEL_VERSION,
        ];
        let mut columns: Vec<String> = fixed.map(str::to_owned).to_vec();
        for column in self.judged() {
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
        columns
    }

    /// Without a row.
    pub(super) fn tally(&self) -> Tally {
        match self {
            Task::Binary { threshold, .. } => {
                let tally = BinaryTally::new(*threshold);
                Tally::Binary(Box::new(tally.expect("the flags' threshold was taken before")))
            }
            Task::Classes { .. } => Tally::Classes(ClassTally::default(), 0),
            Task::Regression { .. } => Tally::Regression(RegressionTally::default()),
        }
    }
}
