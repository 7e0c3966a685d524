//! Upper and lower case letter by letter, as Go maps them: a label value that another Prometheus computed must come
//! out the same here. The standard library maps whole strings, by which `ß` becomes `SS` and a final `Σ` becomes `ς`.

/// The simple upper case mapping of every letter.
pub(super) fn upper(text: &str) -> String {
    text.chars().map(upper_letter).collect()
}

/// The simple lower case mapping of every letter.
pub(super) fn lower(text: &str) -> String {
    text.chars().map(lower_letter).collect()
}

fn upper_letter(c: char) -> char {
    let mut full = c.to_uppercase();
    match (full.next(), full.next()) {
        (Some(one), None) => one,
        // Of the letters that become several only the Greek ones with an iota below have a capital of their own.
        _ => match c {
            '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
                shifted(c, 8)
            }
            '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => shifted(c, 9),
            _ => c,
        },
    }
}

fn lower_letter(c: char) -> char {
    let mut full = c.to_lowercase();
    match (full.next(), full.next()) {
        (Some(one), None) => one,
        // Only the capital I with a dot becomes several; its simple mapping is the plain letter.
        (Some(first), Some(_)) => first,
        _ => c,
    }
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}
