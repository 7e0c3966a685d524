//! The program's own metrics. Prometheus's names include summaries with quantiles over a sliding window, and
//! dashboards rely on them, so this is a small registry of our own: handles that cost one atomic operation,
//! families with labels checked at compile time, collectors that are asked when somebody looks, and two
//! renderings (text 0.0.4 and OpenMetrics).
//!
//! Nothing here reads a clock of its own: summaries age by the [`Clock`] given to [`Registry::new`].

mod desc;
mod family;
mod gather;
mod histogram;
mod number;
mod quantile;
mod render;
mod summary;

pub use desc::{Desc, Kind, RegistryError};
pub use family::{CounterFamily, Family, GaugeFamily, HistogramFamily, Metric, SummaryFamily};
pub use gather::{Collected, MetricFamily, Series, SeriesValue};
pub use histogram::{Histogram, HistogramOptions};
pub use number::{Counter, Gauge};
pub use quantile::Objective;
pub use render::{Exposition, render};
pub use summary::{Summary, SummaryOptions};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Clock;

/// All metrics of a process. A clone is another handle to the same registry.
#[derive(Clone)]
pub struct Registry {
    clock: Arc<dyn Clock>,
    sources: Arc<Mutex<Sources>>,
}

#[derive(Default)]
struct Sources {
    families: BTreeMap<Arc<str>, Arc<dyn family::Source>>,
    collectors: Vec<Arc<Collector>>,
}

/// Asked for current values whenever the registry is gathered.
type Collector = dyn Fn(&mut Collected) + Send + Sync;

impl Registry {
    /// An empty registry whose summaries age by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            sources: Arc::default(),
        }
    }

    /// A counter without variable labels, present from now on with value 0.
    ///
    /// # Errors
    /// See [`RegistryError`]; so for all methods that register.
    pub fn counter(&self, desc: Desc) -> Result<Counter, RegistryError> {
        Ok(self.counter_family(desc, [])?.with([]))
    }

    /// A gauge without variable labels, present from now on with value 0.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub fn gauge(&self, desc: Desc) -> Result<Gauge, RegistryError> {
        Ok(self.gauge_family(desc, [])?.with([]))
    }

    /// A histogram without variable labels. `buckets` are the inclusive upper bounds, ascending; `+Inf` is
    /// implied.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub fn histogram(&self, desc: Desc, buckets: &[f64]) -> Result<Histogram, RegistryError> {
        Ok(self.histogram_family(desc, [], buckets)?.with([]))
    }

    /// A summary without variable labels, over the last ten minutes.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub fn summary(&self, desc: Desc, objectives: &[Objective]) -> Result<Summary, RegistryError> {
        Ok(self.summary_family(desc, [], objectives)?.with([]))
    }

    /// Counters that differ in the values of `labels`.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub fn counter_family<const N: usize>(
        &self,
        desc: Desc,
        labels: [&str; N],
    ) -> Result<CounterFamily<N>, RegistryError> {
        self.add(Family::try_new(desc, labels, ())?)
    }

    /// Gauges that differ in the values of `labels`.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub fn gauge_family<const N: usize>(
        &self,
        desc: Desc,
        labels: [&str; N],
    ) -> Result<GaugeFamily<N>, RegistryError> {
        self.add(Family::try_new(desc, labels, ())?)
    }

    /// Histograms that differ in the values of `labels`.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub fn histogram_family<const N: usize>(
        &self,
        desc: Desc,
        labels: [&str; N],
        buckets: &[f64],
    ) -> Result<HistogramFamily<N>, RegistryError> {
        let options = HistogramOptions::try_new(&desc.name, buckets)?;
        self.add(Family::try_new(desc, labels, options)?)
    }

    /// Summaries that differ in the values of `labels`, over the last ten minutes.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub fn summary_family<const N: usize>(
        &self,
        desc: Desc,
        labels: [&str; N],
        objectives: &[Objective],
    ) -> Result<SummaryFamily<N>, RegistryError> {
        let options = SummaryOptions::try_new(&desc.name, objectives, Arc::clone(&self.clock))?;
        self.add(Family::try_new(desc, labels, options)?)
    }

    /// Adds a callback that is asked for values whenever the registry is gathered. It must be quick and must
    /// not register anything.
    pub fn collector(&self, collect: impl Fn(&mut Collected) + Send + Sync + 'static) {
        self.lock().collectors.push(Arc::new(collect));
    }

    /// Removes a family by name. Handles stay usable but are no longer shown.
    pub fn unregister(&self, name: &str) -> bool {
        self.lock().families.remove(name).is_some()
    }

    /// Current values, sorted by name, series sorted by labels, no series twice.
    ///
    /// Where a collector offers a name of another kind or with labels that are already present, the first
    /// one stays, so that the result is always a valid exposition.
    pub fn gather(&self) -> Vec<MetricFamily> {
        let (families, collectors) = {
            let sources = self.lock();
            (
                sources.families.values().cloned().collect::<Vec<_>>(),
                sources.collectors.clone(),
            )
        };
        // Callbacks run without the lock: they may be slow, or register.
        let mut out = Collected::default();
        for family in families {
            family.collect(&mut out);
        }
        for collect in collectors {
            collect(&mut out);
        }
        out.finish()
    }

    /// Current values as text in the given format.
    pub fn render(&self, format: Exposition) -> String {
        render(&self.gather(), format)
    }

    fn add<M: Metric, const N: usize>(
        &self,
        family: Family<M, N>,
    ) -> Result<Family<M, N>, RegistryError> {
        let name = family.name();
        let mut sources = self.lock();
        if sources.families.contains_key(&name) {
            return Err(RegistryError::Duplicate {
                name: name.to_string(),
            });
        }
        sources.families.insert(name, family.source());
        Ok(family)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Sources> {
        // A panic in another thread leaves the map as it was before or after one insertion: both are sound.
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sources = self.lock();
        f.debug_struct("Registry")
            .field("families", &sources.families.len())
            .field("collectors", &sources.collectors.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
