//! Columns line up, and nothing moves the cursor.

use super::table;

#[test]
fn columns_line_up() {
    let rows = [["fraud", "12", "champion=1"], ["a\u{1b}[2J", "3", ""]];
    let rows = rows.map(|row| row.map(str::to_owned).to_vec());
    assert_eq!(
        table(&["NAME", "VERSIONS", "ALIASES"], &rows),
        "NAME   VERSIONS  ALIASES\nfraud  12        champion=1\na\u{fffd}[2J  3"
    );
}
