//! Environment variables in the values of `external_labels`: the one place of the file where they mean
//! something. The grammar is that of Go's `os.Expand`.

/// Replaces `$name` and `${name}`; `$$` is a dollar sign. `missing` hears of every variable that is unset or
/// empty, and of every `${` that names none; both become nothing.
pub(crate) fn expand(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    mut missing: impl FnMut(&str),
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        match variable(rest) {
            // No name follows: the dollar sign is just that.
            Name::None => out.push('$'),
            Name::Bad(len) => {
                missing("");
                rest = &rest[len..];
            }
            Name::Variable("$", len) => {
                out.push('$');
                rest = &rest[len..];
            }
            Name::Variable(name, len) => {
                match lookup(name).filter(|v| !v.is_empty()) {
                    Some(value) => out.push_str(&value),
                    None => missing(name),
                }
                rest = &rest[len..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What follows a dollar sign, and how many bytes of it belong to the reference.
enum Name<'a> {
    None,
    Bad(usize),
    Variable(&'a str, usize),
}

fn variable(text: &str) -> Name<'_> {
    let special = |b: &u8| b.is_ascii_digit() || b"*#$@!?-".contains(b);
    let bytes = text.as_bytes();
    match bytes {
        [] => Name::None,
        [b'{', name, b'}', ..] if special(name) => Name::Variable(&text[1..2], 3),
        [b'{', ..] => match text.find('}') {
            Some(1) => Name::Bad(2),
            Some(end) => Name::Variable(&text[1..end], end + 1),
            None => Name::Bad(1),
        },
        [first, ..] if special(first) => Name::Variable(&text[..1], 1),
        _ => {
            let len = bytes
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                .count();
            match len {
                0 => Name::None,
                len => Name::Variable(&text[..len], len),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, test: Option<&str>) -> (String, Vec<String>) {
        let mut missing = Vec::new();
        let lookup = |name: &str| (name == "TEST").then_some(test?).map(str::to_owned);
        let out = expand(text, &lookup, |name| missing.push(name.to_owned()));
        (out, missing)
    }

    #[test]
    fn case_009_variables_are_replaced_as_go_replaces_them() {
        for (text, want) in [
            ("${TEST}", "v"),
            ("$TEST", "v"),
            ("foo${TEST}bar", "foovbar"),
            ("foo$${TEST}", "foo${TEST}"),
            ("foo$$bar", "foo$bar"),
            ("a$TEST-b$TEST", "av-bv"),
            ("cost: 5$", "cost: 5$"),
            ("$ x", "$ x"),
            ("$é", "$é"),
            ("", ""),
        ] {
            assert_eq!(run(text, Some("v")), (want.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn case_009_what_is_unset_empty_or_malformed_becomes_nothing_and_is_told() {
        for (text, want, missing) in [
            ("${TEST}", "", "TEST"),
            ("x$1y", "xy", "1"),
            ("x${1}y", "xy", "1"),
            ("x${}y", "xy", ""),
            ("x${y", "xy", ""),
        ] {
            let want = (want.to_owned(), vec![missing.to_owned()]);
            assert_eq!(run(text, None), want, "{text}");
            assert_eq!(run(text, Some("")), want, "{text}");
        }
    }
}
