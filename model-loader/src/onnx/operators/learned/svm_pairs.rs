//! One decision value for each pair of classes, their votes, and probabilities from them.
//!
//! Called by SVMClassifier when there are support vectors. The method is LIBSVM's; sums and
//! roundings are those of ONNX Runtime. Probabilities: T.-F. Wu, C.-J. Lin, R. Weng, "Probability
//! Estimates for Multi-class Classification by Pairwise Coupling", algorithm 2.

use anyhow::{Result, ensure};
use forest::Transform;

use super::labels::first_greatest;
use super::svm_kernel::Kernel;
use crate::onnx::attributes::Attributes;

/// Passes of the coupling at most.
const PASSES: usize = 100;
/// Distance of a pair's probability from 0 and from 1 at least.
const MARGIN: f32 = 1e-7;

/// A machine that decides between the classes of each pair.
#[derive(Debug)]
pub(super) struct Pairs {
    kernel: Kernel,
    /// Support vectors of each class, and where they begin.
    vectors: Vec<(usize, usize)>,
    /// One row less than classes; a column for each support vector.
    coefficients: Vec<f32>,
    /// What is added for each pair.
    rho: Vec<f32>,
    /// Slope and offset of each pair's logistic function; empty without probabilities.
    logistic: Vec<(f32, f32)>,
}

/// Memory for one row, reused for the next.
#[derive(Debug)]
pub(super) struct Scratch {
    /// Kernel values.
    values: Vec<f32>,
    decisions: Vec<f32>,
    votes: Vec<u32>,
    coupling: Option<Coupling>,
}

/// Memory of the coupling: matrices of classes times classes.
#[derive(Debug)]
struct Coupling {
    /// The probability of the row's class against the column's.
    pairwise: Vec<f32>,
    q: Vec<f32>,
    qp: Vec<f32>,
}

// === impl Pairs ===

impl Pairs {
    /// A machine with these numbers of support vectors for its classes.
    pub(super) fn new(
        attributes: Attributes<'_>,
        kernel: Kernel,
        per_class: Vec<usize>,
        classes: usize,
    ) -> Result<Pairs> {
        ensure!(classes >= 2, "{classes} classes, at least 2 wanted");
        ensure!(
            per_class.len() == classes,
            "{} `vectors_per_class` for {classes} classes",
            per_class.len()
        );
        let pairs = classes * (classes - 1) / 2;
        let rows = classes - 1;
        let coefficients = attributes.floats("coefficients")?;
        ensure!(
            coefficients.len() % rows == 0 && coefficients.len() / rows == kernel.count(),
            "{} `coefficients` for {classes} classes and {} support vectors",
            coefficients.len(),
            kernel.count()
        );
        let rho = attributes.floats("rho")?;
        ensure!(rho.len() >= pairs, "{} `rho` for {pairs} pairs of classes", rho.len());
        let (a, b) = (attributes.floats("prob_a")?, attributes.floats("prob_b")?);
        ensure!(a.len() == b.len(), "{} `prob_a` and {} `prob_b`", a.len(), b.len());
        let enough = a.is_empty() || a.len() >= pairs;
        ensure!(enough, "{} `prob_a` for {pairs} pairs of classes", a.len());
        let begins = per_class.iter().scan(0, |end, count| {
            *end += count;
            Some(*end - count)
        });
        Ok(Pairs {
            vectors: per_class.iter().copied().zip(begins).collect(),
            kernel,
            coefficients: coefficients.to_vec(),
            rho: rho[..pairs].to_vec(),
            logistic: a.iter().copied().zip(b.iter().copied()).collect(),
        })
    }

    /// Columns of a row.
    pub(super) fn columns(&self) -> usize {
        self.kernel.columns()
    }

    /// The number of classes.
    pub(super) fn classes(&self) -> usize {
        self.vectors.len()
    }

    /// True when the scores are probabilities of the classes.
    pub(super) fn has_probabilities(&self) -> bool {
        !self.logistic.is_empty()
    }

    /// Columns of scores: two, or one for each class or pair.
    pub(super) fn scores(&self) -> usize {
        match self.classes() {
            2 => 2,
            classes if self.has_probabilities() => classes,
            _ => self.rho.len(),
        }
    }

    /// The class of one row, and its probabilities or decision values into the front of `scores`.
    pub(super) fn classify(&self, row: &[f32], scratch: &mut Scratch, scores: &mut [f32]) -> usize {
        self.kernel.values(row, &mut scratch.values);
        self.decide(scratch);
        match &mut scratch.coupling {
            Some(coupling) => self.couple(&scratch.decisions, coupling, scores),
            None => scores[..self.rho.len()].copy_from_slice(&scratch.decisions),
        }
        first_greatest(&scratch.votes)
    }

    /// Sums in double precision of products in single precision, as ONNX Runtime has them.
    fn decide(&self, scratch: &mut Scratch) {
        scratch.votes.fill(0);
        let (width, classes) = (scratch.values.len(), self.classes());
        let mut pair = 0;
        for first in 0..classes {
            for second in first + 1..classes {
                let mut sum = 0.0_f64;
                for (class, row) in [(first, second - 1), (second, first)] {
                    let (count, begin) = self.vectors[class];
                    let coefficients = &self.coefficients[row * width + begin..][..count];
                    for (coefficient, value) in coefficients.iter().zip(&scratch.values[begin..]) {
                        sum += f64::from(coefficient * value);
                    }
                }
                sum += f64::from(self.rho[pair]);
                scratch.decisions[pair] = sum as f32;
                scratch.votes[if sum > 0.0 { first } else { second }] += 1;
                pair += 1;
            }
        }
    }

    /// Probabilities of the classes from those of the pairs.
    fn couple(&self, decisions: &[f32], coupling: &mut Coupling, scores: &mut [f32]) {
        let classes = self.classes();
        let mut pairs = decisions.iter().zip(&self.logistic);
        for first in 0..classes {
            for second in first + 1..classes {
                let Some((decision, (a, b))) = pairs.next() else { return };
                let mut value = [decision * a + b];
                Transform::Logistic.apply(&mut value);
                let probability = (1.0 - value[0]).clamp(MARGIN, 1.0 - MARGIN);
                coupling.pairwise[first * classes + second] = probability;
                coupling.pairwise[second * classes + first] = 1.0 - probability;
            }
        }
        coupling.solve(scores);
    }
}

// === impl Scratch ===

impl Scratch {
    /// Memory for the rows of a machine.
    pub(super) fn new(pairs: &Pairs) -> Scratch {
        let classes = pairs.classes();
        let matrix = || vec![0.0; classes * classes];
        Scratch {
            values: vec![0.0; pairs.kernel.count()],
            decisions: vec![0.0; pairs.rho.len()],
            votes: vec![0; classes],
            coupling: pairs.has_probabilities().then(|| Coupling {
                pairwise: matrix(),
                q: matrix(),
                qp: vec![0.0; classes],
            }),
        }
    }
}

// === impl Coupling ===

impl Coupling {
    /// Iterates to the probabilities `p` that agree best with those of the pairs.
    fn solve(&mut self, p: &mut [f32]) {
        let classes = p.len();
        self.set_up(classes);
        p.fill(1.0 / classes as f32);
        let enough = 0.005 / classes as f32;
        for _ in 0..PASSES {
            let mut pqp = self.products(p);
            let error = |qp: &f32| (qp - pqp).abs();
            // A NaN is no error, which ends the passes.
            let greatest = self.qp.iter().map(error).fold(0.0, f32::max);
            if greatest < enough {
                break;
            }
            for class in 0..classes {
                let q = &self.q[class * classes..][..classes];
                let diagonal = q[class];
                let step = (-self.qp[class] + pqp) / diagonal;
                p[class] += step;
                pqp = (pqp + step * (step * diagonal + 2.0 * self.qp[class]))
                    / (1.0 + step)
                    / (1.0 + step);
                for (other, p) in p.iter_mut().enumerate() {
                    self.qp[other] = (self.qp[other] + step * q[other]) / (1.0 + step);
                    *p /= 1.0 + step;
                }
            }
        }
    }

    fn set_up(&mut self, classes: usize) {
        let pairwise = &self.pairwise;
        for class in 0..classes {
            let mut diagonal = 0.0;
            for other in (0..classes).filter(|&other| other != class) {
                let (against, of) =
                    (pairwise[other * classes + class], pairwise[class * classes + other]);
                diagonal += against * against;
                self.q[class * classes + other] = -against * of;
            }
            self.q[class * classes + class] = diagonal;
        }
    }

    /// `q * p` into `qp`; gives `p * q * p`.
    fn products(&mut self, p: &[f32]) -> f32 {
        let mut pqp = 0.0;
        for ((q, qp), own) in self.q.chunks_exact(p.len()).zip(&mut self.qp).zip(p) {
            *qp = q.iter().zip(p).fold(0.0, |sum, (q, p)| sum + q * p);
            pqp += own * *qp;
        }
        pqp
    }
}
