//! Durations as Go prints them. Label values of self-metrics (`interval="1m0s"`) and a request header carry
//! them, so dashboards written for Prometheus depend on the exact text.

use std::fmt::Write;
use std::time::Duration;

/// A duration as Go's `Duration.String` prints it: `500ms`, `1.5s`, `15s`, `1m0s`, `1h0m0s`.
pub fn go_duration_text(d: Duration) -> String {
    let ns = d.as_nanos();
    let mut out = String::new();
    // Below a second Go picks the unit that leaves digits before the point.
    match ns {
        0 => out.push_str("0s"),
        1..1_000 => push_decimal(&mut out, ns, 0, "ns"),
        1_000..1_000_000 => push_decimal(&mut out, ns, 3, "µs"),
        1_000_000..1_000_000_000 => push_decimal(&mut out, ns, 6, "ms"),
        _ => {
            let minutes = ns / 60_000_000_000;
            if minutes >= 60 {
                push(&mut out, format_args!("{}h", minutes / 60));
            }
            if minutes > 0 {
                push(&mut out, format_args!("{}m", minutes % 60));
            }
            push_decimal(&mut out, ns % 60_000_000_000, 9, "s");
        }
    }
    out
}

/// Seconds as the shortest decimal that reads back as the same float, never in exponent form: `10`, `1.5`,
/// `0.025`. The value of `X-Prometheus-Scrape-Timeout-Seconds`.
pub fn seconds_text(d: Duration) -> String {
    d.as_secs_f64().to_string()
}

/// `value / 10^places` without trailing zeros, then the unit.
fn push_decimal(out: &mut String, value: u128, places: u32, unit: &str) {
    let scale = 10_u128.pow(places);
    push(out, format_args!("{}", value / scale));
    let fraction = value % scale;
    if fraction != 0 {
        let digits = format!("{fraction:0width$}", width = places as usize);
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
    out.push_str(unit);
}

fn push(out: &mut String, args: std::fmt::Arguments<'_>) {
    out.write_fmt(args)
        .expect("writing to a string cannot fail");
}
