//! What one scraper stored for one scenario, without what must differ between two runs: times become the
//! number of the scrape, or the distance to the farm's base for timestamps that the target gave.

use super::super::dump::Dump;
use super::case::Alignment;
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Values of one series.
#[derive(Default, Debug, PartialEq)]
pub(super) struct Sequence {
    /// Number of the scrape → value.
    pub(super) scraped: BTreeMap<usize, String>,
    /// Milliseconds after the base → value, where the target said when.
    pub(super) dated: BTreeMap<i64, String>,
    /// All values as they follow each other in time.
    pub(super) ordered: Vec<String>,
}

/// Scenario's view: series in short form → values.
#[derive(Default, Debug)]
pub(super) struct View {
    pub(super) series: BTreeMap<String, Sequence>,
    /// Scrapes of the target with the fewest.
    pub(super) scrapes: usize,
}

/// Splits a dump by the `case` label.
pub(super) fn split(dump: &Dump, port: u16, base_ms: i64) -> Result<BTreeMap<String, View>> {
    type Rows<'a> = Vec<(Vec<(String, String)>, &'a Vec<(i64, String)>)>;
    let mut cases: BTreeMap<String, Rows<'_>> = BTreeMap::new();
    for (labels, samples) in dump {
        let labels = parse_labels(labels)?;
        let case = value(&labels, "case").trim_matches('"').to_owned();
        cases.entry(case).or_default().push((labels, samples));
    }
    let mut out = BTreeMap::new();
    for (case, rows) in cases {
        let mut view = View {
            scrapes: usize::MAX,
            ..View::default()
        };
        let mut numbers: HashMap<(&str, i64), usize> = HashMap::new();
        let mut any: HashMap<i64, usize> = HashMap::new();
        for (labels, samples) in &rows {
            if value(labels, "__name__") == "\"up\"" {
                view.scrapes = view.scrapes.min(samples.len());
                for (k, (t, _)) in samples.iter().enumerate() {
                    numbers.insert((value(labels, "instance"), *t), k);
                    any.insert(*t, k);
                }
            }
        }
        if view.scrapes == usize::MAX {
            view.scrapes = 0;
        }
        for (labels, samples) in &rows {
            let duration = value(labels, "__name__") == "\"scrape_duration_seconds\"";
            let sequence = view.series.entry(short(labels, &case, port)).or_default();
            for (t, v) in *samples {
                let v = if duration && v != "NaN" { "some" } else { v };
                let number = numbers
                    .get(&(value(labels, "instance"), *t))
                    .or_else(|| any.get(t));
                sequence.ordered.push(v.to_owned());
                match number {
                    Some(k) => sequence.scraped.insert(*k, v.to_owned()),
                    None => sequence.dated.insert(t - base_ms, v.to_owned()),
                };
            }
        }
        out.insert(case, view);
    }
    Ok(out)
}

fn value<'a>(labels: &'a [(String, String)], name: &str) -> &'a str {
    labels
        .iter()
        .find(|(n, _)| n == name)
        .map_or("", |(_, v)| v.as_str())
}

/// Names and quoted values of a label set as promtool prints it.
fn parse_labels(text: &str) -> Result<Vec<(String, String)>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start_matches('{');
    while let Some((name, tail)) = rest.split_once("=\"") {
        let mut escaped = false;
        let end = tail.char_indices().find(|&(_, c)| {
            let end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            end
        });
        let Some((end, _)) = end else {
            bail!("unreadable label set: {text}");
        };
        // Version 3 quotes the names that are not of the old charset.
        out.push((
            name.trim_matches('"').to_owned(),
            format!("\"{}\"", &tail[..end]),
        ));
        rest = tail[end + 1..].trim_start_matches(", ");
    }
    Ok(out)
}

/// `name{a="b"}` without what is the same for all of a scenario.
fn short(labels: &[(String, String)], case: &str, port: u16) -> String {
    let usual = [
        ("case", format!("\"{case}\"")),
        ("job", format!("\"{case}\"")),
        ("instance", format!("\"127.0.0.1:{port}\"")),
    ];
    let shown: Vec<String> = labels
        .iter()
        .filter(|(n, v)| n != "__name__" && !usual.iter().any(|(un, uv)| un == n && uv == v))
        .map(|(n, v)| format!("{n}={v}"))
        .collect();
    let mut out = value(labels, "__name__").trim_matches('"').to_owned();
    if !shown.is_empty() {
        out.push_str(&format!("{{{}}}", shown.join(",")));
    }
    out.replace(&format!(":{port}"), ":PORT")
}

impl Sequence {
    /// Collapsed: all values, a repeated one once. By scrape: values of the scrapes before `limit`, `-` where there is
    /// none, then the dated values as
    /// `@ms=value`.
    pub(super) fn render(&self, limit: usize, alignment: Alignment) -> String {
        if alignment == Alignment::Collapsed {
            let mut words = self.ordered.clone();
            words.dedup();
            return words.join(" ");
        }
        let last = self.scraped.range(..limit).next_back().map(|(k, _)| *k);
        let mut words: Vec<String> = (0..last.map_or(0, |k| k + 1))
            .map(|k| self.scraped.get(&k).cloned().unwrap_or_else(|| "-".into()))
            .collect();
        words.extend(self.dated.iter().map(|(t, v)| format!("@{t}={v}")));
        words.join(" ")
    }

    /// Whether the first values are these. A word may be `*`; `…` at the end repeats what stands before it to the
    /// last scrape compared.
    pub(super) fn matches(&self, pattern: &str, limit: usize, alignment: Alignment) -> bool {
        let rendered = self.render(limit, alignment);
        let have: Vec<&str> = rendered.split_whitespace().collect();
        let mut want: Vec<&str> = pattern.split_whitespace().collect();
        if want.last() == Some(&"…") {
            want.pop();
            let Some(last) = want.last().copied() else {
                return false;
            };
            while want.len() < have.len().max(limit) {
                want.push(last);
            }
            if have.len() != want.len() {
                return false;
            }
        }
        have.len() >= want.len() && have.iter().zip(&want).all(|(h, w)| *w == "*" || h == w)
    }

    /// The same before `limit`; dated values may be more on one side, as that one scraped longer.
    fn equals(&self, other: &Self, limit: usize) -> bool {
        let dated = self.dated.iter().zip(&other.dated).all(|(a, b)| a == b)
            && self.dated.is_empty() == other.dated.is_empty();
        dated && self.scraped.range(..limit).eq(other.scraped.range(..limit))
    }
}

/// Series in which the two differ: series, ours, theirs.
pub(super) fn differences(
    ours: &View,
    theirs: &View,
    alignment: Alignment,
) -> (usize, Vec<(String, String, String)>) {
    // The last scrape may have been cut off by the end of the run.
    let limit = ours.scrapes.min(theirs.scrapes).saturating_sub(1);
    let none = Sequence::default();
    let names: BTreeSet<&String> = ours.series.keys().chain(theirs.series.keys()).collect();
    let mut out = Vec::new();
    for name in names {
        let a = ours.series.get(name).unwrap_or(&none);
        let b = theirs.series.get(name).unwrap_or(&none);
        let same = match alignment {
            Alignment::Scrape => a.equals(b, limit),
            Alignment::Collapsed => a.render(limit, alignment) == b.render(limit, alignment),
        };
        if !same {
            out.push((
                name.clone(),
                a.render(limit, alignment),
                b.render(limit, alignment),
            ));
        }
    }
    (limit, out)
}
