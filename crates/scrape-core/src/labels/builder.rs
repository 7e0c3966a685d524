//! Builds label sets. One builder is reused for many sets, so that decoding a series allocates only its
//! final form.

use super::{Labels, METRIC_NAME, encoding};

/// Sets up to this size are searched from one end to the other.
const LINEAR_UP_TO: usize = 32;

/// A label set under construction: set and delete in any order, then [`LabelsBuilder::labels`].
///
/// Setting a label to the empty string deletes it. Kept sorted; sets are small, so insertion is a shift.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelsBuilder {
    /// Text of names and values; entries point into it. Deleted text stays until `clear`.
    text: String,
    /// (name start, name len, value start, value len), ascending by name.
    entries: Vec<Entry>,
    scratch: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    name: (u32, u32),
    value: (u32, u32),
}

impl LabelsBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.entries.clear();
    }

    /// Starts again from a label set.
    pub fn reset(&mut self, base: &Labels) {
        self.clear();
        for (n, v) in base.iter() {
            let name = self.push_text(n);
            let value = self.push_text(v);
            self.entries.push(Entry { name, value });
        }
    }

    /// Sets a label; an empty value deletes it.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        match (self.find(name), value.is_empty()) {
            (Ok(i), true) => {
                self.entries.remove(i);
            }
            (Err(_), true) => {}
            (Ok(i), false) => {
                let value = self.push_text(value);
                self.entries[i].value = value;
            }
            (Err(i), false) => {
                let name = self.push_text(name);
                let value = self.push_text(value);
                self.entries.insert(i, Entry { name, value });
            }
        }
        self
    }

    /// Deletes a label.
    pub fn del(&mut self, name: &str) -> &mut Self {
        if let Ok(i) = self.find(name) {
            self.entries.remove(i);
        }
        self
    }

    /// The value of a label, if present.
    pub fn get(&self, name: &str) -> Option<&str> {
        if self.entries.len() > LINEAR_UP_TO {
            return self
                .find(name)
                .ok()
                .map(|i| self.str(self.entries[i].value));
        }
        // Most names already differ in length, so looking at each is cheaper than halving.
        let text = self.text.as_bytes();
        self.entries
            .iter()
            .find(|e| {
                let (start, len) = (e.name.0 as usize, e.name.1 as usize);
                len == name.len() && text[start..start + len] == *name.as_bytes()
            })
            .map(|e| self.str(e.value))
    }

    /// The value of a label, or the empty string.
    pub fn value(&self, name: &str) -> &str {
        self.get(name).unwrap_or("")
    }

    /// The metric name, if any.
    pub fn name(&self) -> Option<&str> {
        self.get(METRIC_NAME)
    }

    /// The pairs, ascending by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + '_ {
        self.entries
            .iter()
            .map(|e| (self.str(e.name), self.str(e.value)))
    }

    /// Keeps only the labels for which `keep(name, value)` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) {
        let text = std::mem::take(&mut self.text);
        let at = |(start, len): (u32, u32)| &text[start as usize..(start + len) as usize];
        self.entries.retain(|e| keep(at(e.name), at(e.value)));
        self.text = text;
    }

    /// Number of labels.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The finished set; the builder keeps its state.
    pub fn labels(&mut self) -> Labels {
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        for (n, v) in self.iter() {
            encoding::put_str(&mut out, n);
            encoding::put_str(&mut out, v);
        }
        let labels = Labels::from_encoded(out.as_slice().into());
        self.scratch = out;
        labels
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|e| self.str(e.name).cmp(name))
    }

    fn str(&self, (start, len): (u32, u32)) -> &str {
        &self.text[start as usize..(start + len) as usize]
    }

    fn push_text(&mut self, s: &str) -> (u32, u32) {
        let span = |n: usize| u32::try_from(n).expect("label text below 4 GiB");
        let start = span(self.text.len());
        self.text.push_str(s);
        // The end must fit too, so that start + len never overflows.
        let end = span(self.text.len());
        (start, end - start)
    }
}
