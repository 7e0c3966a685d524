//! The text of one file, and where in it something stands.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// A stretch of a file's text, in bytes. Files are far below 4 GiB (see [`crate::limits`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            start: clamp(start),
            end: clamp(end.max(start)),
        }
    }
}

/// The text of one file with its name and an index of its lines.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    text: String,
    /// Byte offset of the start of each line.
    lines: Vec<u32>,
}

/// A place as people count: both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Source {
    pub(crate) fn new(path: impl Into<PathBuf>, text: String) -> Self {
        let mut lines = vec![0];
        lines.extend(
            text.bytes()
                .enumerate()
                .filter(|(_, b)| *b == b'\n')
                .map(|(i, _)| Span::new(i + 1, i + 1).start),
        );
        Self {
            path: path.into(),
            text,
            lines,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The directory against which relative paths in this file resolve; empty for the working directory.
    pub(crate) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The largest character boundary at or below `offset`.
    pub(crate) fn floor(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }

    /// Index from 0 of the line that holds `offset`.
    pub(crate) fn line_index(&self, offset: usize) -> usize {
        let offset = Span::new(offset, offset).start;
        self.lines
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    /// The bytes of a line, without its line break.
    pub(crate) fn line_range(&self, index: usize) -> Range<usize> {
        let start = self
            .lines
            .get(index)
            .map_or(self.text.len(), |l| *l as usize);
        let end = self
            .lines
            .get(index + 1)
            .map_or(self.text.len(), |l| *l as usize);
        let line = &self.text[start..end];
        start..start + line.trim_end_matches(['\n', '\r']).len()
    }

    pub(crate) fn position(&self, offset: usize) -> Position {
        let offset = self.floor(offset);
        let line = self.line_index(offset);
        let start = self.lines[line] as usize;
        Position {
            line: line + 1,
            column: self.text[start..offset].chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let s = Source::new("dir/x.yml", "a: é\r\n  b\n".to_owned());
        let at = |o| {
            let p = s.position(o);
            (p.line, p.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(5), (1, 5), "é is two bytes and one column");
        assert_eq!(at(4), (1, 4), "inside a character rounds down");
        assert_eq!(at(9), (2, 3));
        assert_eq!(at(10_000), (3, 1), "past the end is the end");
        assert_eq!(&s.text()[s.line_range(0)], "a: é");
        assert_eq!(&s.text()[s.line_range(2)], "");
        assert_eq!(s.directory(), Path::new("dir"));
        assert_eq!(
            Source::new("x.yml", String::new()).directory(),
            Path::new("")
        );
    }
}
