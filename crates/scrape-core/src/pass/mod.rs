//! One scrape: bytes → events → cache → validation and relabeling → appender → commit or roll back.
//!
//! Why one pass: a known line must cost two memory compares and a push, so lexing, cache and append run in
//! step, line by line, on blocks of the body as they arrive. Nothing holds the body; what is held per scrape
//! is the pending samples and at most one unfinished line.
//!
//! Guarantees:
//! - A failed body (parse error, limit, invalid labels) leaves only stale markers and the report in storage.
//! - A failed fetch leaves the cache as if no byte had arrived, and ends every tracked series once.
//! - Every sample is counted: `total` = dropped by relabeling + `added`; of `added`, the refused are counted
//!   by reason.
//!
//! Life of a pass: [`Scrape::begin`], [`Scrape::start_body`], [`Scrape::feed`] for each block, then
//! [`Scrape::end_of_body`] or [`Scrape::fetch_failed`], then [`Scrape::report`]. Dropping it earlier undoes it.

mod append;
mod config;
mod error;
mod line;
mod mutate;
mod pieces;
mod scratch;
mod synthesis;

pub use config::{MAX_AHEAD_MS, MAX_SCHEMA, PassConfig};
pub use error::{PassError, PassStats};

use crate::cache::ScrapeCache;
use crate::cache::entry::{EntryId, NONE};
use crate::cache::metadata::{MetadataCache, Run};
use crate::labels::Labels;
use crate::ports::append::{
    AppendError, AppendOpts, Appendable, Appender, CommitError, CommitStats, SeriesRef, Value,
};
use crate::report::{self, Report, Values};
use crate::sample::stale_nan;
use scrape_parse::{Format, ParseError, Parser, ParserOptions};
use scratch::Scratch;

/// The samples of this scrape could not be made part of storage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// Storage refused a report sample; everything was rolled back.
    #[error("appending report samples failed: {0}")]
    Append(AppendError),
    /// The commit failed.
    #[error(transparent)]
    Commit(CommitError),
}

/// One scrape in progress.
pub struct Scrape<'c> {
    cache: &'c mut ScrapeCache,
    cfg: &'c PassConfig,
    target: &'c Labels,
    storage: &'c dyn Appendable,
    app: Box<dyn Appender>,
    /// Timestamp of samples without one of their own, Unix milliseconds.
    t: i64,
    /// Later samples are out of bounds.
    latest: i64,
    format: Option<Format>,
    /// Lines may be recognised by what the cache knows of them.
    recognise: bool,
    parser: Option<Parser>,
    /// Bytes of carry below which another attempt to parse it is pointless.
    carry_retry_at: usize,
    stats: PassStats,
    /// Append attempts that count against the sample limit.
    attempts: u64,
    sample_limit_hit: bool,
    bucket_limit_hit: bool,
    failure: Option<PassError>,
    /// The entry of the last line that has one.
    at: EntryId,
    /// Position of the family of the last metadata line.
    family: Option<usize>,
    /// Metadata lines that are being read one by one.
    run: Run,
    /// Known lines of this family need more than their value appended. Kept so that a line costs one look.
    special: bool,
    scratch: Option<Scratch>,
    ended: bool,
}

impl<'c> Scrape<'c> {
    /// Begins a scrape at `t` (the sample timestamp, Unix milliseconds); `now` is the wall clock, from which
    /// the bound on future samples is taken. `target` are the public labels of the target.
    pub fn begin(
        cache: &'c mut ScrapeCache,
        cfg: &'c PassConfig,
        target: &'c Labels,
        storage: &'c dyn Appendable,
        t: i64,
        now: i64,
    ) -> Self {
        cache.distinguish_schemas(cfg.type_and_unit_labels);
        Self {
            cache,
            cfg,
            target,
            storage,
            app: storage.appender(),
            t,
            latest: now.saturating_add(MAX_AHEAD_MS),
            format: None,
            recognise: false,
            parser: None,
            carry_retry_at: 0,
            stats: PassStats::default(),
            attempts: 0,
            sample_limit_hit: false,
            bucket_limit_hit: false,
            failure: None,
            at: NONE,
            family: None,
            run: Run::default(),
            special: cfg.st_synthesis,
            scratch: Some(Scratch::take()),
            ended: false,
        }
    }

    /// The response is there: how to read its body. An error fails the scrape unless the body turns out to
    /// be empty.
    pub fn start_body(&mut self, format: Result<Format, ParseError>) {
        match format {
            Ok(format) => {
                self.format = Some(format);
                self.recognise = self.cache.begin_format(format);
                self.parser = Some(Parser::new(self.parser_options(format)));
            }
            Err(e) => self.failure = Some(PassError::ContentType(e)),
        }
    }

    /// Takes the next block of the body. After a failure the rest is only counted.
    pub fn feed(&mut self, block: &[u8]) {
        self.stats.body_bytes += block.len() as u64;
        if self.failure.is_none() {
            self.parse_block(block);
        }
    }

    /// What has been counted so far.
    pub fn stats(&self) -> &PassStats {
        &self.stats
    }

    /// The metadata of the target's families. A caller that shows metadata while a scrape lasts may keep it
    /// elsewhere between steps, as long as it is back in place whenever [`Self::feed`],
    /// [`Self::end_of_body`] or [`Self::fetch_failed`] runs.
    pub fn metadata_mut(&mut self) -> &mut MetadataCache {
        &mut self.cache.metadata
    }

    /// The body is complete. On failure everything appended is rolled back and only stale markers are left
    /// in the transaction; either way [`Self::report`] comes next.
    pub fn end_of_body(&mut self) -> Result<(), PassError> {
        self.ended = true;
        let empty = self.stats.body_bytes == 0;
        if empty {
            // An empty body is a success of nothing, whatever its content type.
            self.failure = None;
        } else if self.failure.is_none() {
            self.parse_end();
            self.cache.metadata.end_run(&mut self.run);
        }
        self.flush_batch();
        let failure = self.failure.take().or_else(|| self.limit_failure());
        let failure = match failure {
            None => self.append_stale_markers().err().map(PassError::Storage),
            failure => failure,
        };
        match failure {
            None => {
                if empty {
                    self.cache.end_iteration(false);
                } else {
                    self.cache.end_successful_iteration(self.format);
                }
                Ok(())
            }
            Some(e) => {
                self.start_over();
                Err(e)
            }
        }
    }

    /// The fetch failed (or the scrape was refused without one): nothing was seen, so every tracked series
    /// gets its stale marker.
    pub fn fetch_failed(&mut self) {
        self.ended = true;
        let body_bytes = self.stats.body_bytes;
        self.stats = PassStats {
            body_bytes,
            ..PassStats::default()
        };
        self.cache.undo_iteration();
        self.start_over();
    }

    /// Appends the report series and commits.
    pub fn report(mut self, report: &Report) -> (PassStats, Result<CommitStats, ReportError>) {
        debug_assert!(
            self.ended,
            "end_of_body or fetch_failed comes before report"
        );
        let values = Values {
            report: *report,
            total: self.stats.total,
            added: self.stats.added,
            series_added: self.stats.series_added,
            sample_limit: self.cfg.sample_limit,
        };
        let (extra, metadata) = (self.cfg.extra_metrics, self.cfg.append_metadata);
        let appended = report::append(
            self.cache,
            &mut *self.app,
            self.target,
            self.t,
            &values,
            extra,
            metadata,
        );
        let app = self.take_app();
        let result = match appended {
            Ok(()) => app.commit().map_err(ReportError::Commit),
            Err(e) => {
                app.rollback();
                Err(ReportError::Append(e))
            }
        };
        (self.stats, result)
    }

    fn parser_options(&self, format: Format) -> ParserOptions {
        let mut o = ParserOptions::new(format);
        o.native_histograms = self.cfg.native_histograms;
        o.keep_classic = self.cfg.keep_classic;
        o.nhcb = self.cfg.convert_classic_to_nhcb;
        o.start_timestamps = self.cfg.st_zero_ingestion || self.cfg.parse_st;
        o.canonical_nan = true;
        o.limits.line = self.cfg.max_line_bytes;
        o
    }

    fn limit_failure(&self) -> Option<PassError> {
        if self.sample_limit_hit {
            Some(PassError::SampleLimit {
                added: self.stats.added,
                limit: self.cfg.sample_limit,
            })
        } else if self.bucket_limit_hit {
            Some(PassError::BucketLimit {
                limit: self.cfg.bucket_limit,
            })
        } else {
            None
        }
    }

    /// Rolls back and leaves stale markers for what was tracked before and not seen now.
    fn start_over(&mut self) {
        let old = std::mem::replace(&mut self.app, self.storage.appender());
        old.rollback();
        if self.append_stale_markers().is_err() {
            let old = std::mem::replace(&mut self.app, self.storage.appender());
            old.rollback();
        }
        self.stats.flush_forced = self.cache.end_iteration(false);
    }

    fn append_stale_markers(&mut self) -> Result<(), AppendError> {
        let (app, t) = (&mut *self.app, self.t);
        let n = append_stale(self.cache, app, t)?;
        self.stats.stale_markers += n;
        Ok(())
    }

    fn take_app(&mut self) -> Box<dyn Appender> {
        std::mem::replace(&mut self.app, Box::new(Closed))
    }

    fn scratch(&mut self) -> &mut Scratch {
        self.scratch.as_mut().expect("present until drop")
    }
}

impl Drop for Scrape<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // Cancelled midway: as if it had never begun.
            self.cache.undo_iteration();
        }
        if let Some(scratch) = self.scratch.take() {
            scratch.give_back();
        }
    }
}

/// Ends every series that the cache still tracks, and the report series: what is left to write when a target
/// goes away. `t` is the time of the markers. Refusals because newer samples exist are ignored.
pub fn end_of_run(
    cache: &mut ScrapeCache,
    cfg: &PassConfig,
    target: &Labels,
    storage: &dyn Appendable,
    t: i64,
) -> Result<CommitStats, ReportError> {
    let mut app = storage.appender();
    append_stale(cache, &mut *app, t).map_err(ReportError::Append)?;
    cache.end_iteration(false);
    report::append_stale(cache, &mut *app, target, t, cfg.extra_metrics)
        .map_err(ReportError::Append)?;
    app.commit().map_err(ReportError::Commit)
}

fn append_stale(cache: &ScrapeCache, app: &mut dyn Appender, t: i64) -> Result<u64, AppendError> {
    let opts = AppendOpts {
        reject_out_of_order: true,
        ..AppendOpts::default()
    };
    let none = Labels::empty();
    let (mut n, mut failure) = (0, None);
    cache.for_each_stale(|_, e| {
        if failure.is_some() {
            return;
        }
        match app.append(e.series, &none, 0, t, Value::Float(stale_nan()), &opts) {
            Ok(_) => n += 1,
            // A series that storage has forgotten has nothing to end.
            Err(AppendError::OutOfOrder | AppendError::Duplicate | AppendError::NotFound) => {}
            Err(e) => failure = Some(e),
        }
    });
    failure.map_or(Ok(n), Err)
}

/// Stands where the appender was once it has been committed.
struct Closed;

impl Appender for Closed {
    fn append(
        &mut self,
        _: SeriesRef,
        _: &Labels,
        _: i64,
        _: i64,
        _: Value<'_>,
        _: &AppendOpts<'_>,
    ) -> Result<crate::Appended, AppendError> {
        Err(AppendError::Unavailable(
            "the transaction has ended".to_owned(),
        ))
    }

    fn append_st_zero(
        &mut self,
        _: SeriesRef,
        _: &Labels,
        _: i64,
        _: i64,
        _: crate::ZeroKind<'_>,
    ) -> Result<SeriesRef, AppendError> {
        Err(AppendError::Unavailable(
            "the transaction has ended".to_owned(),
        ))
    }

    fn commit(self: Box<Self>) -> Result<CommitStats, CommitError> {
        Ok(CommitStats::default())
    }

    fn rollback(self: Box<Self>) {}
}

#[cfg(test)]
mod tests;
