//! One scrape: fetch, pass the body on block by block, write the report, remember the outcome.

use super::ScrapeLoop;
use crate::failure::ScrapeFailure;
use crate::fetch::{FetchFailure, FetchRequest, Fetched};
use crate::reason::FailureReason;
use crate::target::Outcome;
use scrape_core::cache::ScrapeCache;
use scrape_core::pass::{PassStats, Scrape};
use scrape_core::report::Report;
use scrape_http::Reason;
use scrape_parse::Format;
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// How long after the deadline a fetcher that ignores it is cut off.
const OVERRUN: Duration = Duration::from_secs(1);

/// Scrapes once, with samples at `t_ms`. Cancel-safe: when dropped, nothing was written and the cache is as
/// before.
pub(super) async fn run(l: &ScrapeLoop, cache: &mut ScrapeCache, t_ms: i64, start: Instant) {
    let pass = l.generation.pass(&l.target);
    let response = match l.pool.forced_failure() {
        Some(forced) => Err(forced),
        None => request(l, start).await.map_err(ScrapeFailure::from),
    };
    let storage = &*l.engine.appendable;
    let now_ms = l.engine.clock.now_ms();
    let mut scrape = Scrape::begin(
        cache,
        &pass,
        l.target.public_labels(),
        storage,
        t_ms,
        now_ms,
    );
    let (result, fetched) = match response {
        Err(failure) => {
            l.target.metadata().with(&mut scrape, Scrape::fetch_failed);
            (Err(failure), false)
        }
        Ok(response) => read_body(l, &mut scrape, response, start).await,
    };
    let duration = start.elapsed();
    let report = Report {
        up: result.is_ok(),
        duration_seconds: duration.as_secs_f64(),
        timeout_seconds: l.target.timeout().as_secs_f64(),
        body_bytes: match &result {
            Err(f) if f.reason == FailureReason::Fetch(Reason::BodySizeLimit) => -1,
            _ if fetched => i64::try_from(scrape.stats().body_bytes).unwrap_or(i64::MAX),
            _ => 0,
        },
    };
    let failure = result.err();
    conclude(l, failure.as_ref(), t_ms, duration);
    let (stats, written) = scrape.report(&report);
    l.target.metadata().publish_size();
    count(l, failure.as_ref(), &stats);
    if let Err(error) = written {
        l.pool.metrics.failed(FailureReason::Storage);
        tracing::error!(scrape_job = %l.pool.job, target = l.target.url(), %error, "scrape could not be written");
    }
    if pass.extra_metrics {
        l.engine
            .metrics
            .scrape_duration
            .observe(start.elapsed().as_secs_f64());
    }
}

async fn request(l: &ScrapeLoop, start: Instant) -> Result<Fetched, FetchFailure> {
    let timeout = l.target.timeout();
    let deadline = start + timeout;
    let request = FetchRequest {
        url: l.target.url(),
        unix_socket: l.target.unix_socket(),
        timeout,
        deadline,
    };
    in_time(
        l.generation.fetcher.fetch(request),
        deadline,
        Reason::TimeoutHeaders,
    )
    .await
}

/// Feeds the body to the pass. Says how it went, and whether the whole body arrived.
async fn read_body(
    l: &ScrapeLoop,
    scrape: &mut Scrape<'_>,
    mut response: Fetched,
    start: Instant,
) -> (Result<(), ScrapeFailure>, bool) {
    let deadline = start + l.target.timeout();
    let content_type = response.content_type.as_deref().unwrap_or_default();
    let format = Format::from_content_type_with(
        content_type,
        l.generation.config.fallback_scrape_protocol,
        l.generation.openmetrics2,
    );
    scrape.start_body(format.map(|(format, _fell_back)| format));
    loop {
        match in_time(response.body.next_block(), deadline, Reason::TimeoutBody).await {
            Ok(Some(block)) => l.target.metadata().with(scrape, |s| s.feed(block)),
            Ok(None) => {
                let result = l.target.metadata().with(scrape, Scrape::end_of_body);
                return (result.map_err(ScrapeFailure::from), true);
            }
            Err(failure) => {
                l.target.metadata().with(scrape, Scrape::fetch_failed);
                return (Err(failure.into()), false);
            }
        }
    }
}

/// The fetcher enforces the deadline and knows best which phase was slow; this is for one that does not.
async fn in_time<T>(
    work: impl Future<Output = Result<T, FetchFailure>>,
    deadline: Instant,
    reason: Reason,
) -> Result<T, FetchFailure> {
    match tokio::time::timeout_at(deadline + OVERRUN, work).await {
        Ok(result) => result,
        Err(_) => Err(FetchFailure::new(reason, "scrape timeout exceeded")),
    }
}

/// Makes the outcome visible: target state, one log line if it changed, the failure log.
fn conclude(l: &ScrapeLoop, failure: Option<&ScrapeFailure>, t_ms: i64, duration: Duration) {
    let change = l.target.conclude(Outcome {
        failure: failure.cloned(),
        scraped_at_ms: t_ms,
        duration,
    });
    change.log(&l.pool.job, l.target.url());
    let Some(failure) = failure else { return };
    l.pool.metrics.failed(failure.reason);
    tracing::debug!(scrape_job = %l.pool.job, target = l.target.url(), reason = %failure.reason, error = %failure.message, "scrape failed");
    l.pool
        .log_failure(l.engine.clock.now_ns(), l.target.url(), failure);
}

fn count(l: &ScrapeLoop, failure: Option<&ScrapeFailure>, stats: &PassStats) {
    let m = &l.engine.metrics;
    match failure.map(|f| f.reason) {
        Some(FailureReason::Fetch(Reason::BodySizeLimit)) => m.exceeded_body_size_limit.inc(),
        Some(FailureReason::SampleLimit) => m.exceeded_sample_limit.inc(),
        Some(FailureReason::BucketLimit) => m.exceeded_bucket_limit.inc(),
        Some(FailureReason::LabelLimit) => m.exceeded_label_limits.inc(),
        _ => {}
    }
    m.duplicate_timestamp.add(stats.duplicates);
    m.out_of_order.add(stats.out_of_order);
    m.out_of_bounds.add(stats.out_of_bounds);
    m.exemplar_out_of_order.add(stats.exemplars_out_of_order);
    if stats.flush_forced {
        m.cache_flush_forced.inc();
    }
    let refused = [
        (
            stats.duplicates,
            "samples with different value but same timestamp",
        ),
        (stats.out_of_order, "out-of-order samples"),
        (
            stats.out_of_bounds,
            "samples too old or too far in the future",
        ),
        (stats.exemplars_out_of_order, "out-of-order exemplars"),
    ];
    for (n, what) in refused.into_iter().filter(|(n, _)| *n > 0) {
        tracing::warn!(scrape_job = %l.pool.job, target = l.target.url(), count = n, "dropped {what}");
    }
}
