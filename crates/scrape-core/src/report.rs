//! The series that describe a scrape itself: `up`, `scrape_duration_seconds` and their companions, written
//! after the samples of the scrape, in the same transaction, at the same timestamp.

use crate::cache::{REPORT_SERIES, ScrapeCache};
use crate::labels::{Labels, METRIC_NAME};
use crate::ports::append::{AppendError, AppendOpts, Appender, SeriesRef, Value};
use crate::sample::{MetadataRef, stale_nan};
use scrape_parse::MetricType;

/// What the scrape loop measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// Whether the scrape succeeded.
    pub up: bool,
    /// Seconds from the start of the scrape to the report.
    pub duration_seconds: f64,
    /// The target's scrape timeout in seconds.
    pub timeout_seconds: f64,
    /// Decompressed bytes; -1 when the body limit was exceeded, 0 for other failed fetches.
    pub body_bytes: i64,
}

/// The values of the report series, in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Values {
    pub(crate) report: Report,
    pub(crate) total: u64,
    pub(crate) added: u64,
    pub(crate) series_added: u64,
    pub(crate) sample_limit: u64,
}

struct Series {
    name: &'static str,
    unit: &'static str,
    help: &'static str,
}

const SERIES: [Series; REPORT_SERIES] = [
    Series {
        name: "up",
        unit: "targets",
        help: "Whether the last scrape of the target succeeded.",
    },
    Series {
        name: "scrape_duration_seconds",
        unit: "seconds",
        help: "Duration of the last scrape.",
    },
    Series {
        name: "scrape_samples_scraped",
        unit: "samples",
        help: "Samples that the target exposed.",
    },
    Series {
        name: "scrape_samples_post_metric_relabeling",
        unit: "samples",
        help: "Samples left after metric relabeling.",
    },
    Series {
        name: "scrape_series_added",
        unit: "series",
        help: "Series that the last scrape added, approximately.",
    },
    Series {
        name: "scrape_timeout_seconds",
        unit: "seconds",
        help: "Configured timeout of the scrape.",
    },
    Series {
        name: "scrape_sample_limit",
        unit: "samples",
        help: "Configured sample limit, 0 for none.",
    },
    Series {
        name: "scrape_body_size_bytes",
        unit: "bytes",
        help: "Decompressed size of the last body.",
    },
];
/// The series that every target has; the rest are the extra ones.
const ALWAYS: usize = 5;

impl Values {
    fn get(&self, i: usize) -> f64 {
        match i {
            0 => f64::from(u8::from(self.report.up)),
            1 => self.report.duration_seconds,
            2 => self.total as f64,
            3 => self.added as f64,
            4 => self.series_added as f64,
            5 => self.report.timeout_seconds,
            6 => self.sample_limit as f64,
            _ => self.report.body_bytes as f64,
        }
    }
}

/// Appends the report series; out-of-order and duplicate refusals are ignored.
pub(crate) fn append(
    cache: &mut ScrapeCache,
    app: &mut dyn Appender,
    target: &Labels,
    t: i64,
    values: &Values,
    extra: bool,
    metadata: bool,
) -> Result<(), AppendError> {
    let n = if extra { REPORT_SERIES } else { ALWAYS };
    for i in 0..n {
        append_one(cache, app, target, t, i, values.get(i), metadata, false)?;
    }
    Ok(())
}

/// Ends the report series; returns how many there were.
pub(crate) fn append_stale(
    cache: &mut ScrapeCache,
    app: &mut dyn Appender,
    target: &Labels,
    t: i64,
    extra: bool,
) -> Result<(), AppendError> {
    let n = if extra { REPORT_SERIES } else { ALWAYS };
    for i in 0..n {
        append_one(cache, app, target, t, i, stale_nan(), false, true)?;
    }
    Ok(())
}

#[expect(
    clippy::too_many_arguments,
    reason = "one private helper behind two calls"
)]
fn append_one(
    cache: &mut ScrapeCache,
    app: &mut dyn Appender,
    target: &Labels,
    t: i64,
    i: usize,
    value: f64,
    metadata: bool,
    reject_out_of_order: bool,
) -> Result<(), AppendError> {
    let known = cache.report_refs[i];
    let mut opts = AppendOpts {
        reject_out_of_order,
        ..AppendOpts::default()
    };
    let mut result = Err(AppendError::NotFound);
    if known.is_known() {
        result = app.append(known, &Labels::empty(), 0, t, Value::Float(value), &opts);
    }
    if result == Err(AppendError::NotFound) {
        let s = &SERIES[i];
        let mut b = target.to_builder();
        b.set(METRIC_NAME, s.name);
        if metadata {
            opts.metadata = Some(MetadataRef {
                kind: MetricType::Gauge,
                unit: s.unit,
                help: s.help,
            });
        }
        result = app.append(
            SeriesRef::UNKNOWN,
            &b.labels(),
            0,
            t,
            Value::Float(value),
            &opts,
        );
    }
    match result {
        Ok(done) => {
            cache.report_refs[i] = done.series;
            Ok(())
        }
        Err(AppendError::OutOfOrder | AppendError::Duplicate) => Ok(()),
        Err(e) => Err(e),
    }
}
