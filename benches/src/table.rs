//! One table at the end of a bench: every path over every body, beside a floor and what others publish, all
//! measured in the same minutes of the same machine. Criterion's lines say how sure a figure is; this says what
//! it is worth.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::alloc::allocations;

/// Turns of every path; the median of them is shown.
const TURNS: usize = 9;
/// The least time a path gets in a turn.
const TURN: Duration = Duration::from_millis(25);

/// One way to read a body.
pub struct Path<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Whose it is: ratios are to the floor and to the fastest published one.
    pub whose: Whose,
    /// Bytes of the body it reads.
    pub n_bytes: usize,
    /// Reads the body once and answers the samples it saw.
    pub run: Box<dyn FnMut() -> usize + 'a>,
}

/// Whose code a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Less than parsing; nothing can be faster.
    Floor,
    /// This project's.
    Ours,
    /// A published crate.
    Published,
}

struct Row {
    body: String,
    path: String,
    whose: Whose,
    nanos: f64,
    megabytes_per_second: f64,
    allocations: f64,
    samples: f64,
}

/// Gathers rows body by body.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Measures the paths over one body of `n_samples`, in turns, so that a busy machine slows all of them alike.
    ///
    /// # Panics
    /// One of our paths, or the floor, sees another number of samples.
    pub fn measure(&mut self, body: &str, n_samples: usize, mut paths: Vec<Path<'_>>) {
        let mut times: Vec<Vec<f64>> = vec![Vec::new(); paths.len()];
        let mut counted = Vec::new();
        for path in &mut paths {
            // The first run fills scratch memory and is not counted.
            (path.run)();
            let before = allocations();
            let samples = (path.run)();
            let n_allocations = allocations() - before;
            assert!(
                path.whose == Whose::Published || samples == n_samples,
                "{body} {}: {samples} samples of {n_samples}",
                path.name
            );
            counted.push((samples, n_allocations));
        }
        for _ in 0..TURNS {
            for (path, times) in paths.iter_mut().zip(&mut times) {
                let start = Instant::now();
                let mut runs = 0;
                while runs == 0 || start.elapsed() < TURN {
                    black_box((path.run)());
                    runs += 1;
                }
                times.push(start.elapsed().as_nanos() as f64 / f64::from(runs));
            }
        }
        for ((path, mut times), (samples, n_allocations)) in
            paths.into_iter().zip(times).zip(counted)
        {
            times.sort_by(f64::total_cmp);
            let nanos = times[TURNS / 2];
            self.rows.push(Row {
                body: body.to_owned(),
                path: path.name.to_owned(),
                whose: path.whose,
                nanos: nanos / n_samples as f64,
                megabytes_per_second: path.n_bytes as f64 * 1e3 / nanos,
                allocations: n_allocations as f64 / n_samples as f64,
                samples: samples as f64 / n_samples as f64,
            });
        }
    }

    /// The fastest row of a body among those of `whose`; published ones count if they saw every sample.
    fn best(&self, body: &str, whose: Whose) -> Option<f64> {
        let rows = self.rows.iter();
        rows.filter(|r| r.body == body && r.whose == whose && r.samples == 1.0)
            .map(|r| r.megabytes_per_second)
            .max_by(f64::total_cmp)
    }

    /// Prints all rows.
    pub fn print(&self) {
        println!(
            "\n{:<22} {:<26} {:>8} {:>10} {:>13} {:>9} {:>12}",
            "body", "path", "MB/s", "ns/sample", "allocs/sample", "of floor", "x published"
        );
        let mut last = "";
        for row in &self.rows {
            let ratio = |whose| {
                let best = self.best(&row.body, whose)?;
                Some(row.megabytes_per_second / best)
            };
            let floor = ratio(Whose::Floor).map_or_else(|| "-".to_owned(), |r| format!("{r:.2}"));
            let published =
                ratio(Whose::Published).map_or_else(|| "-".to_owned(), |r| format!("{r:.1}"));
            let missed = if row.samples == 1.0 {
                String::new()
            } else {
                format!("  saw {:.1} % of the samples", row.samples * 100.0)
            };
            println!(
                "{:<22} {:<26} {:>8.0} {:>10.1} {:>13.2} {floor:>9} {published:>12}{missed}",
                if last == row.body { "" } else { &row.body },
                row.path,
                row.megabytes_per_second,
                row.nanos,
                row.allocations,
            );
            last = &row.body;
        }
    }
}

/// Whether the whole bench runs: a filter or a mode of criterion's wants its own lines only.
pub fn wanted() -> bool {
    std::env::args().skip(1).all(|arg| arg == "--bench")
}
