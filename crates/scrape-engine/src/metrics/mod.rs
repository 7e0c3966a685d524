//! What the engine says about itself: upstream's names, types and labels, so that existing dashboards and
//! alerts keep working, and `scrape_cli_target_failures_total`, which says why targets fail.

mod dials;
mod intervals;
mod job;

pub(crate) use intervals::{IntervalMetrics, Intervals};
pub(crate) use job::JobMetrics;
pub(crate) use scrape_core::registry::Counter;

use dials::DialFamilies;
use scrape_core::registry::{
    CounterFamily, Desc, GaugeFamily, Histogram, HistogramFamily, Objective, Registry,
    RegistryError, SummaryFamily,
};
use scrape_http::DialCounters;

/// Buckets of the histograms that stand beside a summary, in seconds.
const SECONDS: [f64; 4] = [0.01, 0.1, 1.0, 10.0];

/// The engine's metrics, registered once per process.
#[derive(Debug)]
pub(crate) struct EngineMetrics {
    pub(crate) pools: Counter,
    pub(crate) pools_failed: Counter,
    pub(crate) pool_reloads: Counter,
    pub(crate) pool_reloads_failed: Counter,
    pub(crate) reload_length: SummaryFamily<1>,
    pub(crate) exceeded_target_limit: Counter,
    pub(crate) exceeded_label_limits: Counter,
    pub(crate) exceeded_body_size_limit: Counter,
    pub(crate) exceeded_sample_limit: Counter,
    pub(crate) exceeded_bucket_limit: Counter,
    pub(crate) duplicate_timestamp: Counter,
    pub(crate) out_of_order: Counter,
    pub(crate) out_of_bounds: Counter,
    pub(crate) exemplar_out_of_order: Counter,
    pub(crate) cache_flush_forced: Counter,
    pub(crate) scrape_duration: Histogram,
    pub(crate) failure_log_dropped: Counter,
    pub(crate) intervals: Intervals,
    jobs: JobFamilies,
}

/// Families with a series per job, deleted with the job.
#[derive(Debug, Clone)]
struct JobFamilies {
    syncs: CounterFamily<1>,
    sync_length: SummaryFamily<1>,
    sync_length_histogram: HistogramFamily<1>,
    sync_failed: CounterFamily<1>,
    targets: GaugeFamily<1>,
    target_limit: GaugeFamily<1>,
    symbols: GaugeFamily<1>,
    failures: CounterFamily<2>,
    dials: DialFamilies,
}

impl EngineMetrics {
    /// Registers all metrics.
    ///
    /// # Errors
    /// When a name is taken, as by a second engine on the same registry.
    pub(crate) fn try_new(r: &Registry) -> Result<Self, RegistryError> {
        let counter = |name: &str, help: &str| r.counter(target_desc(name, help));
        Ok(Self {
            pools: counter("scrape_pools_total", "Attempts to create a scrape pool.")?,
            pools_failed: counter("scrape_pools_failed_total", "Scrape pools that could not be created.")?,
            pool_reloads: counter("scrape_pool_reloads_total", "Attempts to reload a scrape pool.")?,
            pool_reloads_failed: counter("scrape_pool_reloads_failed_total", "Failed reloads of scrape pools.")?,
            reload_length: r.summary_family(
                target_desc("reload_length_seconds", "How long reloading a scrape pool took."),
                ["interval"],
                &Objective::SCRAPE,
            )?,
            exceeded_target_limit: counter(
                "scrape_pool_exceeded_target_limit_total",
                "Syncs and reloads after which a pool had more targets than its limit.",
            )?,
            exceeded_label_limits: counter(
                "scrape_pool_exceeded_label_limits_total",
                "Scrapes refused because a series exceeded a label limit.",
            )?,
            exceeded_body_size_limit: counter(
                "scrapes_exceeded_body_size_limit_total",
                "Scrapes refused because the body exceeded the size limit.",
            )?,
            exceeded_sample_limit: counter(
                "scrapes_exceeded_sample_limit_total",
                "Scrapes refused because they exceeded the sample limit.",
            )?,
            exceeded_bucket_limit: counter(
                "scrapes_exceeded_native_histogram_bucket_limit_total",
                "Scrapes refused because a native histogram exceeded the bucket limit.",
            )?,
            duplicate_timestamp: counter(
                "scrapes_sample_duplicate_timestamp_total",
                "Samples refused because their series has another value at the same time.",
            )?,
            out_of_order: counter(
                "scrapes_sample_out_of_order_total",
                "Samples refused because their series has newer ones.",
            )?,
            out_of_bounds: counter(
                "scrapes_sample_out_of_bounds_total",
                "Samples refused because their time is outside what is accepted.",
            )?,
            exemplar_out_of_order: counter(
                "scrapes_exemplar_out_of_order_total",
                "Exemplars refused because their series has newer ones.",
            )?,
            cache_flush_forced: counter(
                "scrapes_cache_flush_forced_total",
                "Scrape caches flushed because they grew during failing scrapes.",
            )?,
            scrape_duration: r.histogram(
                target_desc(
                    "scrape_duration_seconds",
                    "From the start of a scrape to the end of its commit, in jobs with extra scrape metrics.",
                ),
                &SECONDS,
            )?,
            failure_log_dropped: r.counter(Desc::new(
                "scrape_cli_failure_log_dropped_total",
                "Lines of scrape failure logs dropped because the disk was too slow.",
            ))?,
            intervals: Intervals::try_new(r)?,
            jobs: JobFamilies::try_new(r)?,
        })
    }

    /// The metrics of one job.
    pub(crate) fn job(&self, job: &str) -> JobMetrics {
        JobMetrics::new(self.jobs.clone(), job)
    }

    /// The counters of a job's connections, for a client that is made before the job's pool.
    pub(crate) fn dials(&self, job: &str) -> DialCounters {
        self.jobs.dials.of(job)
    }

    /// Deletes them, with the job.
    pub(crate) fn delete_dials(&self, job: &str) {
        self.jobs.dials.delete(job);
    }
}

impl JobFamilies {
    fn try_new(r: &Registry) -> Result<Self, RegistryError> {
        let label = ["scrape_job"];
        let counter = |name: &str, help: &str| r.counter_family(target_desc(name, help), label);
        let gauge = |name: &str, help: &str| r.gauge_family(target_desc(name, help), label);
        Ok(Self {
            syncs: counter(
                "scrape_pool_sync_total",
                "Syncs of a pool with its target groups.",
            )?,
            sync_length: r.summary_family(
                target_desc("sync_length_seconds", "How long syncing a pool took."),
                label,
                &Objective::SCRAPE,
            )?,
            sync_length_histogram: r.histogram_family(
                target_desc(
                    "sync_length_histogram_seconds",
                    "How long syncing a pool took.",
                ),
                label,
                &SECONDS,
            )?,
            sync_failed: counter(
                "sync_failed_total",
                "Targets that could not be built from what was discovered.",
            )?,
            targets: gauge("scrape_pool_targets", "Unique targets of a pool.")?,
            target_limit: gauge(
                "scrape_pool_target_limit",
                "Most targets a pool may have; 0 for no limit.",
            )?,
            symbols: gauge(
                "scrape_pool_symboltable_items",
                "Distinct label names and values of a pool's targets.",
            )?,
            failures: r.counter_family(
                Desc::new(
                    "scrape_cli_target_failures_total",
                    "Failed scrapes, by cause.",
                ),
                ["scrape_job", "reason"],
            )?,
            dials: DialFamilies::try_new(r)?,
        })
    }
}

fn target_desc(name: &str, help: &str) -> Desc {
    Desc::new(&format!("prometheus_target_{name}"), help)
}

#[cfg(test)]
mod tests;
