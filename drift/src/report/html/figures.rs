//! Numbers as people read them: few digits, thin separators, units.

#[cfg(test)]
mod tests;

/// Between groups of three digits; a line does not break there.
const THIN: char = '\u{202F}';

/// A count: `1 234 567`, with narrow spaces.
pub(super) fn count(of: u64) -> String {
    let digits = of.to_string();
    let mut text = String::with_capacity(2 * digits.len());
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(THIN);
        }
        text.push(digit);
    }
    text
}

/// A distance: three digits, at most four of them behind the point: `0.412`, `12.3`, `0.0031`.
pub(super) fn distance(of: f64) -> String {
    match of {
        0.0 => "0".to_owned(),
        x if !x.is_finite() => "\u{2013}".to_owned(),
        x if x.abs() < 0.000_05 => "&lt; 0.0001".to_owned(),
        x if x.abs() < 0.1 => trim(format!("{x:.4}")),
        x => significant(x, 3),
    }
}

/// Both ends of what a distance may be; one number where they read the same.
pub(super) fn between(low: f64, high: f64) -> String {
    match [low, high].map(distance) {
        [low, high] if low == high => low,
        [low, high] => format!("{low}\u{2013}{high}"),
    }
}

/// Four significant digits, for a value of a column.
pub(super) fn value(of: f64) -> String {
    significant(of, 4)
}

/// A probability. Below one in ten thousand its digits say nothing.
pub(super) fn probability(of: f64) -> String {
    match of {
        p if p < 0.0001 => "&lt;0.0001".to_owned(),
        p if p > 0.999 => "&gt;0.999".to_owned(),
        p => significant(p, 2),
    }
}

/// A share of 0 to 1 as a percentage: `0%`, `0.25%`, `12.3%`.
pub(super) fn share(of: f64) -> String {
    let percent = 100.0 * of;
    match percent {
        0.0 => "0%".to_owned(),
        p if p < 0.01 => "&lt; 0.01%".to_owned(),
        p if p > 99.9 && p < 100.0 => "&gt; 99.9%".to_owned(),
        p if p < 9.995 => format!("{}%", trim(format!("{p:.2}"))),
        p => format!("{}%", trim(format!("{p:.1}"))),
    }
}

/// How many times its threshold a distance is: `17.2×`.
pub(super) fn times(of: f64) -> String {
    match of {
        x if x >= 1_000.0 => "over 1000\u{D7}".to_owned(),
        x if x >= 99.95 => format!("{x:.0}\u{D7}"),
        x if x >= 9.995 => format!("{x:.1}\u{D7}"),
        x if x > 0.0 && x < 0.005 => "&lt; 0.01\u{D7}".to_owned(),
        x => format!("{x:.2}\u{D7}"),
    }
}

/// Microseconds as the unit that suits them.
pub(super) fn latency(us: u32) -> String {
    let (of, unit) = match us {
        us if us < 1_000 => (f64::from(us), "\u{B5}s"),
        us if us < 1_000_000 => (f64::from(us) / 1e3, "ms"),
        us => (f64::from(us) / 1e6, "s"),
    };
    format!("{} {unit}", trim(format!("{of:.2}")))
}

fn significant(of: f64, digits: i32) -> String {
    if of == 0.0 {
        return "0".to_owned();
    }
    if !of.is_finite() {
        return "\u{2013}".to_owned();
    }
    let magnitude = of.abs().log10().floor() as i32;
    let sign = if of < 0.0 { "\u{2212}" } else { "" };
    let of = of.abs();
    match magnitude {
        // Whole numbers up to a billion in full.
        3..9 if of.fract() == 0.0 => format!("{sign}{}", count(of as u64)),
        -4..6 => {
            let places = (digits - 1 - magnitude).max(0) as usize;
            let text = format!("{of:.places$}");
            let text = if places == 0 { count(of.round() as u64) } else { trim(text) };
            format!("{sign}{text}")
        }
        _ => format!("{sign}{:.*e}", (digits - 1) as usize, of),
    }
}

/// Without zeros that end a fraction.
fn trim(text: String) -> String {
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
