//! Series of one name that differ in label values. The number of labels is part of the type, so a missing or
//! surplus value does not compile.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::desc::{Desc, Kind, RegistryError};
use super::gather::{Collected, Series, SeriesValue};
use super::{Counter, Gauge, Histogram, Summary};

/// Counters with `N` variable labels.
pub type CounterFamily<const N: usize> = Family<Counter, N>;
/// Gauges with `N` variable labels.
pub type GaugeFamily<const N: usize> = Family<Gauge, N>;
/// Histograms with `N` variable labels.
pub type HistogramFamily<const N: usize> = Family<Histogram, N>;
/// Summaries with `N` variable labels.
pub type SummaryFamily<const N: usize> = Family<Summary, N>;

/// A kind of metric that a [`Family`] can hold. Implemented by the four kinds of this module only.
pub trait Metric: Sealed + Clone + std::fmt::Debug + Send + Sync + 'static {
    /// The type shown in the exposition.
    const KIND: Kind;
    /// What a new series needs to know.
    type Options: Clone + std::fmt::Debug + Send + Sync + 'static;
    /// A new series.
    fn with_options(options: &Self::Options) -> Self;
    /// Its current value.
    fn read(&self) -> SeriesValue;
}

/// Closes [`Metric`] to other crates.
pub trait Sealed {}

/// Series of one name that differ in the values of `N` labels. A clone is another handle to the same family.
#[derive(Debug, Clone)]
pub struct Family<M: Metric, const N: usize>(Arc<Inner<M, N>>);

#[derive(Debug)]
struct Inner<M: Metric, const N: usize> {
    desc: Desc,
    labels: [Arc<str>; N],
    options: M::Options,
    /// Ascending by label values.
    series: RwLock<Vec<([Arc<str>; N], M)>>,
}

impl<M: Metric, const N: usize> Family<M, N> {
    pub(super) fn try_new(
        desc: Desc,
        labels: [&str; N],
        options: M::Options,
    ) -> Result<Self, RegistryError> {
        desc.check(M::KIND, &labels)?;
        let labels = labels.map(Arc::from);
        Ok(Self(Arc::new(Inner {
            desc,
            labels,
            options,
            series: RwLock::default(),
        })))
    }

    /// The series with these label values, in the order in which the labels were named; created at zero if
    /// new. Keep the handle where it is used often: the lookup takes a lock.
    pub fn with(&self, values: [&str; N]) -> M {
        {
            let series = self.read();
            if let Ok(i) = search(&series, &values) {
                return series[i].1.clone();
            }
        }
        let mut series = self.write();
        match search(&series, &values) {
            // Another thread was faster.
            Ok(i) => series[i].1.clone(),
            Err(i) => {
                let metric = M::with_options(&self.0.options);
                series.insert(i, (values.map(Arc::from), metric.clone()));
                metric
            }
        }
    }

    /// Removes the series with these label values. Handles to it stay usable but are no longer shown.
    pub fn remove(&self, values: [&str; N]) -> bool {
        let mut series = self.write();
        match search(&series, &values) {
            Ok(i) => {
                series.remove(i);
                true
            }
            Err(_) => false,
        }
    }

    /// Removes every series whose variable label `name` has this value, and says how many there were.
    pub fn remove_where(&self, name: &str, value: &str) -> usize {
        let Some(i) = self.0.labels.iter().position(|label| &**label == name) else {
            return 0;
        };
        let mut series = self.write();
        let before = series.len();
        series.retain(|(values, _)| &*values[i] != value);
        before - series.len()
    }

    /// Removes all series.
    pub fn clear(&self) {
        self.write().clear();
    }

    pub(super) fn name(&self) -> Arc<str> {
        Arc::clone(&self.0.desc.name)
    }

    pub(super) fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.0) as Arc<dyn Source>
    }

    // A panic while the lock is held leaves the list as it was before or after one change: both are sound.
    fn read(&self) -> RwLockReadGuard<'_, Vec<([Arc<str>; N], M)>> {
        self.0.series.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<([Arc<str>; N], M)>> {
        self.0
            .series
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn search<M, const N: usize>(
    series: &[([Arc<str>; N], M)],
    values: &[&str; N],
) -> Result<usize, usize> {
    series.binary_search_by(|(have, _)| have.iter().map(|v| &**v).cmp(values.iter().copied()))
}

/// A family of any kind, for the registry's list.
pub(super) trait Source: Send + Sync {
    fn collect(&self, out: &mut Collected);
}

impl<M: Metric, const N: usize> Source for Inner<M, N> {
    fn collect(&self, out: &mut Collected) {
        let series = self
            .series
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        out.family(&self.desc.name, &self.desc.help, M::KIND);
        for (values, metric) in series {
            let variable = self.labels.iter().cloned().zip(values);
            let labels = self.desc.fixed.iter().cloned().chain(variable).collect();
            out.push(
                &self.desc.name,
                M::KIND,
                Series {
                    labels,
                    value: metric.read(),
                },
            );
        }
    }
}
