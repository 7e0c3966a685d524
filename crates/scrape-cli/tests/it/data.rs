//! What is in a data directory.

use scrape_storage::{DumpValue, dump};
use std::collections::BTreeSet;
use std::path::Path;

/// A float: series, Unix milliseconds, bits of the value.
pub(crate) type Sample = (String, i64, u64);

/// Every float; damage fails the test.
pub(crate) fn samples(dir: &Path) -> BTreeSet<Sample> {
    read(dir, true)
}

/// Every float that can be read of a directory whose writer was killed.
pub(crate) fn readable_samples(dir: &Path) -> BTreeSet<Sample> {
    read(dir, false)
}

fn read(dir: &Path, whole: bool) -> BTreeSet<Sample> {
    let mut out = BTreeSet::new();
    for sample in dump(dir).expect("a data directory") {
        match sample {
            Ok(s) => {
                if let DumpValue::Float(v) = s.value {
                    out.insert((s.labels.to_string(), s.t, v.to_bits()));
                }
            }
            Err(e) => assert!(!whole, "{e}"),
        }
    }
    out
}

/// Time and value of the samples of one metric of one job, by time.
pub(crate) fn values(dir: &Path, metric: &str, job: &str) -> Vec<(i64, f64)> {
    let job = format!("job=\"{job}\"");
    let name = format!("__name__=\"{metric}\"");
    let mut out: Vec<_> = samples(dir)
        .into_iter()
        .filter(|(series, ..)| series.contains(&name) && series.contains(&job))
        .map(|(_, t, bits)| (t, f64::from_bits(bits)))
        .collect();
    out.sort_by_key(|(t, _)| *t);
    out
}

/// A configuration with one job per address, scraped every second.
pub(crate) fn config(jobs: &[(&str, std::net::SocketAddr)]) -> String {
    let mut out =
        String::from("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n");
    for (job, address) in jobs {
        out.push_str(&job_of(job, *address));
    }
    out
}

/// One job of a configuration.
pub(crate) fn job_of(job: &str, address: std::net::SocketAddr) -> String {
    format!("- job_name: {job}\n  static_configs: [{{targets: ['{address}']}}]\n")
}
