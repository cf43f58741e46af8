//! Rows of text under headings, for a person.

#[cfg(test)]
mod tests;

/// Columns as wide as they need to be, two spaces apart; characters that would move a terminal's
/// cursor are replaced.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let headings = headings.iter().map(|text| (*text).to_owned()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(&headings)
        .chain(rows)
        .map(|line| line.iter().map(|text| plain(text)).collect())
        .collect();
    let columns = headings.len();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let set = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).map(|(text, width)| format!("{text:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(set).collect::<Vec<_>>().join("\n")
}

/// The text without control characters.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
