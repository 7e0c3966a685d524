//! Public corpora, if they are at hand: `$SCRAPE_CORPORA`, or `../shared/corpora` beside the workspace.

use std::fs;
use std::path::{Path, PathBuf};

use super::check_with;
use crate::reference::{Item, agreement};
use crate::{Format, ParserOptions};

/// The folder of a corpus; `None`, with a note, where there is none.
fn corpus(name: &str) -> Option<PathBuf> {
    let base = std::env::var_os("SCRAPE_CORPORA").map_or_else(
        || {
            let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            [
                workspace.join("../shared/corpora"),
                workspace.join("../../shared/corpora"),
            ]
            .into_iter()
            .find(|p| p.is_dir())
            .unwrap_or_default()
        },
        PathBuf::from,
    );
    let folder = base.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no corpus `{name}`; set SCRAPE_CORPORA to the folder that holds it");
    None
}

#[test]
fn s01_the_openmetrics_corpus_leniently() {
    let Some(folder) = corpus("openmetrics") else {
        return;
    };
    let (mut accepted, mut rejected, mut valid) = (0, 0, 0);
    for entry in fs::read_dir(folder).expect("a folder") {
        let case = entry.expect("an entry").path();
        let Ok(test) = fs::read_to_string(case.join("test.json")) else {
            continue;
        };
        let body = fs::read(case.join("metrics")).expect("a body");
        let refusal = check_with(&body, ParserOptions::new(Format::OpenMetrics)).1;
        let should_parse = test
            .replace(char::is_whitespace, "")
            .contains("\"shouldParse\":true");
        valid += usize::from(should_parse);
        assert!(
            !should_parse || refusal.is_none(),
            "{} is valid but {refusal:?}",
            case.display()
        );
        if refusal.is_none() {
            accepted += 1;
        } else {
            rejected += 1;
        }
        let st = ParserOptions {
            start_timestamps: true,
            ..ParserOptions::new(Format::OpenMetrics)
        };
        check_with(&body, st);
        check_with(
            &body,
            ParserOptions {
                st_anywhere: true,
                ..st
            },
        );
        check_with(&body, ParserOptions::new(Format::Text));
    }
    assert_eq!((valid, accepted, rejected), (44, 124, 87));
}

#[test]
fn exposition_samples_in_lockstep() {
    let Some(folder) = corpus("exposition") else {
        return;
    };
    for (file, format, samples) in [
        ("alltypes.237mfs.prom.txt", Format::Text, 1857),
        ("alltypes.5mfs.om.txt", Format::OpenMetrics, 0),
        ("1histogram.om.txt", Format::OpenMetrics, 0),
    ] {
        let body = fs::read(folder.join(file)).expect("a body");
        let (items, refusal) = check_with(&body, ParserOptions::new(format));
        assert_eq!(refusal, None, "{file}");
        let n = items
            .iter()
            .filter(|i| matches!(i, Item::Sample(_)))
            .count();
        assert!(
            n > 0 && (samples == 0 || n == samples),
            "{file} has {n} samples"
        );
        if format == Format::OpenMetrics {
            let options = ParserOptions {
                start_timestamps: true,
                ..ParserOptions::new(format)
            };
            let (items, _) = check_with(&body, options);
            let has_created = String::from_utf8_lossy(&body).contains("_created");
            let with_start = items
                .iter()
                .any(|i| matches!(i, Item::Sample(s) if s.start_timestamp != 0));
            assert_eq!(with_start, has_created, "{file}");
        }
    }
}

#[test]
fn seeds_of_the_fuzzers() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (target, formats) in [
        ("text", &[Format::Text][..]),
        ("openmetrics", &[Format::OpenMetrics]),
        ("pieces_vs_whole", &[Format::Text, Format::OpenMetrics]),
        ("fast_vs_reference", &[Format::Text, Format::OpenMetrics]),
    ] {
        let mut n = 0;
        for seed in fs::read_dir(corpus.join(target)).expect("a folder of seeds") {
            let data = fs::read(seed.expect("an entry").path()).expect("a seed");
            for &format in formats {
                let (options, body) = agreement::options(format, &data);
                check_with(body, options);
                n += 1;
            }
        }
        assert!(n > 0, "{target} has seeds");
    }
}
