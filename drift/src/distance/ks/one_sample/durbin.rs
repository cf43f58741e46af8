//! Durbin's matrix, as Marsaglia, Tsang and Wang evaluate it (2003): exact, for small D.

/// What keeps the products within the range of floats.
const SCALE: f64 = (1u128 << 127) as f64 * 2.0;

/// Probability that D of a sample of `n` rows is `x` or less. `n x` is above 0.5 and not over about
/// 60: the matrix has twice as many rows.
pub(super) fn below(n: u64, x: f64) -> f64 {
    let t = n as f64 * x;
    let k = t.ceil() as usize;
    let size = 2 * k - 1;
    let mut base = Scaled { cells: matrix(size, k as f64 - t), power: 0 };
    let mut result = Scaled { cells: vec![0.0; size * size], power: 0 };
    (0..size).for_each(|i| result.cells[i * size + i] = 1.0);
    let middle = (k - 1) * size + k - 1;
    let mut left = n;
    while left > 0 {
        if left % 2 == 1 {
            result = result.times(&base, size);
        }
        base = base.times(&base, size);
        if base.cells[middle].abs() > SCALE {
            base.cells.iter_mut().for_each(|cell| *cell /= SCALE);
            base.power += 1;
        }
        left /= 2;
    }
    let (mut p, mut power) = (result.cells[middle], result.power);
    for i in 1..=n {
        p = i as f64 * p / n as f64;
        if p.abs() < 1.0 / SCALE {
            p *= SCALE;
            power -= 1;
        }
    }
    p * SCALE.powi(power)
}

/// A matrix times a power of [`SCALE`].
struct Scaled {
    cells: Vec<f64>,
    power: i32,
}

// === impl Scaled ===

impl Scaled {
    fn times(&self, other: &Scaled, size: usize) -> Scaled {
        let mut cells = vec![0.0; size * size];
        for (row, out) in self.cells.chunks(size).zip(cells.chunks_mut(size)) {
            for (factor, other) in row.iter().zip(other.cells.chunks(size)) {
                out.iter_mut().zip(other).for_each(|(cell, other)| *cell += factor * other);
            }
        }
        Scaled { cells, power: self.power + other.power }
    }
}

/// Durbin's matrix H for `x = (k - h) / n`.
fn matrix(size: usize, h: f64) -> Vec<f64> {
    // inverse[j] = 1 / j!
    let mut inverse = vec![1.0; size + 1];
    (1..=size).for_each(|j| inverse[j] = inverse[j - 1] / j as f64);
    let mut first: Vec<f64> = (1..=size).map(|j| (1.0 - h.powi(j as i32)) * inverse[j]).collect();
    let power = size as i32;
    let corner = (2.0 * h - 1.0).max(0.0).powi(power) - 2.0 * h.powi(power);
    first[size - 1] = (1.0 + corner) * inverse[size];
    let mut cells = vec![0.0; size * size];
    for column in 1..size {
        for row in column - 1..size {
            cells[row * size + column] = inverse[row + 1 - column];
        }
    }
    for row in 0..size {
        cells[row * size] = first[row];
        cells[(size - 1) * size + row] = first[size - 1 - row];
    }
    cells
}
