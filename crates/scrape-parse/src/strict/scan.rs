//! Looks over the raw bytes of a label set that the parser has accepted, for what the parser tolerates.

/// Something tolerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    TrailingComma,
    MissingComma,
    QuotedName,
    RawLineFeed,
    UnknownEscape,
}

/// The first finding of each kind, with its offset.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Findings([Option<(Finding, usize)>; 5]);

impl Findings {
    fn add(&mut self, finding: Finding, at: usize) {
        if let Some(place) = self.0.get_mut(finding as usize) {
            place.get_or_insert((finding, at));
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Finding, usize)> {
        self.0.iter().copied().flatten()
    }
}

/// What the last token outside quotes was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// `{`, or nothing yet.
    Open,
    Name,
    Equal,
    /// A label value, or a metric name inside the braces.
    Item,
    Comma,
}

/// Scans a key (`name{…}`, `{…}`) or, up to the closing brace, an exemplar.
pub(super) fn scan_labels(text: &[u8], is_key: bool) -> Findings {
    let mut findings = Findings::default();
    let Some(open) = memchr::memchr(b'{', text) else {
        return findings;
    };
    // A quote before the first brace cannot be: keys begin with a plain name or a brace.
    let mut last = Last::Open;
    let mut i = open + 1;
    while let Some(byte) = text.get(i) {
        match byte {
            b'}' => {
                if last == Last::Comma {
                    findings.add(Finding::TrailingComma, i - 1);
                }
                break;
            }
            b',' => last = Last::Comma,
            b'=' => last = Last::Equal,
            b' ' | b'\t' => {}
            b'"' => {
                let is_value = last == Last::Equal;
                if !is_value {
                    findings.add(Finding::QuotedName, i);
                    if last == Last::Item {
                        findings.add(Finding::MissingComma, i);
                    }
                }
                let inside = i + 1;
                let mut end = inside;
                while let Some(byte) = text.get(end) {
                    match byte {
                        b'"' => break,
                        b'\\' => end += 2,
                        _ => end += 1,
                    }
                }
                let content = text.get(inside..end).unwrap_or_default();
                if let Some(at) = memchr::memchr(b'\n', content) {
                    findings.add(Finding::RawLineFeed, inside + at);
                }
                if let Some(at) = unknown_escape(content, true) {
                    findings.add(Finding::UnknownEscape, inside + at);
                }
                i = end;
                // A quoted name followed by `=` becomes a label name when the `=` comes.
                last = Last::Item;
            }
            _ => {
                if last == Last::Item {
                    findings.add(Finding::MissingComma, i);
                }
                last = Last::Name;
            }
        }
        i += 1;
    }
    debug_assert!(
        !is_key || i < text.len(),
        "the parser has found the closing brace"
    );
    findings
}

/// The first escape that is not `\\`, `\n` or (where quotes are escaped) `\"`.
pub(super) fn unknown_escape(text: &[u8], quote: bool) -> Option<usize> {
    let mut i = 0;
    while let Some(at) = text.get(i..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        let at = i + at;
        match text.get(at + 1) {
            Some(b'\\' | b'n') => {}
            Some(b'"') if quote => {}
            _ => return Some(at),
        }
        i = at + 2;
    }
    None
}
