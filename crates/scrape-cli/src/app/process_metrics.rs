//! The `process_*` metrics that every Prometheus client exposes, read from `/proc`, and the build's own.

use scrape_core::Clock;
use scrape_core::ports::clock::SystemClock;
use scrape_core::registry::{Collected, Registry};

/// Shows them in the registry.
pub(crate) fn register(registry: &Registry) {
    let start = SystemClock.now_ns() as f64 / 1e9;
    registry.collector(move |out| {
        out.gauge(
            "prometheus_build_info",
            "A metric with a constant '1' value labeled by version and implementation.",
            &[
                ("implementation", "scrape-cli"),
                ("version", env!("CARGO_PKG_VERSION")),
            ],
            1.0,
        );
        out.gauge(
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            &[],
            start,
        );
        collect(out);
    });
}

/// What cannot be read is left out: there is nothing else to say on a system without `/proc`.
fn collect(out: &mut Collected) {
    if let Some((cpu, virtual_bytes, resident_bytes)) = stat() {
        out.counter(
            "process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds.",
            &[],
            cpu,
        );
        out.gauge(
            "process_virtual_memory_bytes",
            "Virtual memory size in bytes.",
            &[],
            virtual_bytes,
        );
        out.gauge(
            "process_resident_memory_bytes",
            "Resident memory size in bytes.",
            &[],
            resident_bytes,
        );
    }
    if let Ok(fds) = std::fs::read_dir("/proc/self/fd") {
        out.gauge(
            "process_open_fds",
            "Number of open file descriptors.",
            &[],
            fds.count() as f64,
        );
    }
    if let Some(max) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        out.gauge(
            "process_max_fds",
            "Maximum number of open file descriptors.",
            &[],
            max as f64,
        );
    }
}

fn stat() -> Option<(f64, f64, f64)> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The command name may hold anything; what follows its closing parenthesis is plain.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |i: usize| fields.get(i)?.parse::<f64>().ok();
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let page = rustix::param::page_size() as f64;
    Some((
        (number(11)? + number(12)?) / ticks,
        number(20)?,
        number(21)? * page,
    ))
}
