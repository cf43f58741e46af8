//! A value as plain text has it, in a cell of CSV or in a query.

use model_loader::Values;

#[cfg(test)]
mod tests;

/// How what is missing is written, as pandas reads it.
const MISSING: [&str; 8] = ["", "NaN", "nan", "NA", "N/A", "null", "NULL", "None"];

/// Appends the value that `text` says.
///
/// # Errors
/// What it should have been.
pub fn parse(values: &mut Values, text: &str) -> Result<(), String> {
    let trimmed = text.trim();
    let wrong = |what: &str| {
        let text: String = text.chars().take(40).collect();
        Err(format!("\"{text}\" is no {what}"))
    };
    macro_rules! whole {
        ($values:ident, $type:ty) => {{
            let float = || {
                let float: f64 = trimmed.parse().ok()?;
                let whole = float as $type;
                let held = float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0;
                (held && whole as f64 == float).then_some(whole)
            };
            match trimmed.parse().ok().or_else(float) {
                Some(number) => $values.push(number),
                None => return wrong("whole number within the range of the column"),
            }
        }};
    }
    macro_rules! float {
        ($values:ident, $type:ty) => {
            match trimmed.parse::<$type>() {
                // Rust reads what is out of range as infinite, and so does an explicit "inf".
                Ok(number)
                    if number.is_infinite() && trimmed.contains(|c: char| c.is_ascii_digit()) =>
                {
                    return wrong("number within the range of the column")
                }
                Ok(number) => $values.push(number),
                Err(_) if MISSING.contains(&trimmed) => $values.push(<$type>::NAN),
                Err(_) => return wrong("number"),
            }
        };
    }
    match values {
        Values::Bool(v) => match trimmed {
            "true" | "True" | "TRUE" | "1" => v.push(true),
            "false" | "False" | "FALSE" | "0" => v.push(false),
            _ => return wrong("true or false"),
        },
        Values::Uint8(v) => whole!(v, u8),
        Values::Uint16(v) => whole!(v, u16),
        Values::Uint32(v) => whole!(v, u32),
        Values::Uint64(v) => whole!(v, u64),
        Values::Int8(v) => whole!(v, i8),
        Values::Int16(v) => whole!(v, i16),
        Values::Int32(v) => whole!(v, i32),
        Values::Int64(v) => whole!(v, i64),
        Values::Fp32(v) => float!(v, f32),
        Values::Fp64(v) => float!(v, f64),
        Values::Bytes(v) => v.push(text.to_owned()),
    }
    Ok(())
}
