use std::time::Duration;

use super::*;

fn ms(text: &str) -> u64 {
    PromDuration::parse(text).expect(text).as_millis()
}

#[test]
fn case_006_durations_follow_the_prometheus_grammar() {
    for (text, want) in [
        ("0", 0),
        ("0s", 0),
        ("1h30m", 5_400_000),
        ("1d", 86_400_000),
        (
            "1y2w3d4h5m6s7ms",
            31_536_000_000 + 14 * 86_400_000 + 3 * 86_400_000 + 4 * 3_600_000 + 306_007,
        ),
        ("15s", 15_000),
        ("007ms", 7),
    ] {
        assert_eq!(ms(text), want, "{text}");
    }
    for (text, part) in [
        ("", "empty duration"),
        ("30m1h", "\"h\" must come before"),
        ("1m1m", "only once"),
        ("1.5h", "expected a digit at byte 1"),
        ("-5s", "expected a digit at byte 0"),
        ("+5s", "expected a digit at byte 0"),
        ("15", "unit missing"),
        ("1h5", "unit missing"),
        ("1 h", "expected a digit at byte 1"),
        ("10 ", "expected a digit at byte 2"),
        ("1hour", "unknown unit \"hour\""),
        ("5µs", "unknown unit \"µs\""),
        ("s", "expected a digit at byte 0"),
        ("293y", "longer than 292 years"),
        ("99999999999999999999s", "longer than 292 years"),
        ("0x1s", "unknown unit \"x\""),
    ] {
        let error = PromDuration::parse(text).expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn case_006_durations_print_as_prometheus_prints_them() {
    for (n, want) in [
        (0, "0s"),
        (1, "1ms"),
        (1500, "1s500ms"),
        (60_000, "1m"),
        (90 * 86_400_000, "90d"),
        (14 * 86_400_000, "2w"),
        (365 * 86_400_000, "1y"),
        (366 * 86_400_000, "366d"),
        (2 * 365 * 86_400_000, "2y"),
        (86_400_000 + 1, "1d1ms"),
        (5_400_000, "1h30m"),
    ] {
        assert_eq!(PromDuration::from_millis(n).to_string(), want);
    }
}

#[test]
fn durations_survive_a_round_trip_at_every_scale() {
    let mut n = 1_u64;
    while n < i64::MAX as u64 / 1_000_000 {
        for m in [n - 1, n, n + 1] {
            assert_eq!(ms(&PromDuration::from_millis(m).to_string()), m);
        }
        n = n.saturating_mul(3);
    }
    assert_eq!(ms("292y"), 292 * 31_536_000_000);
}

#[test]
fn case_005_sizes_follow_the_prometheus_grammar() {
    for (text, want) in [
        ("0", 0),
        ("+0", 0),
        ("0B", 0),
        ("1MB", 1_048_576),
        ("1MiB", 1_048_576),
        ("+1KB", 1024),
        ("1.5KiB", 1536),
        ("1.0001KiB", 1024),
        (".5MB", 524_288),
        ("1MiB512KiB3B", 1_048_576 + 524_288 + 3),
        ("1B1KB", 1025),
        ("7EiB", 7 << 60),
    ] {
        assert_eq!(
            ByteSize::parse(text).map(ByteSize::as_bytes),
            Ok(want),
            "{text}"
        );
    }
    for (text, part) in [
        ("", "empty size"),
        ("100", "unit missing"),
        ("1kB", "unknown unit \"kB\""),
        ("1Kb", "unknown unit \"Kb\""),
        ("1MB512KiB", "mixes units"),
        ("1MiB512KB", "mixes units"),
        ("-1MB", "is negative"),
        ("-0", "is negative"),
        ("MB", "expected a number at byte 0"),
        ("1.2.3MB", "expected a number at byte 0"),
        (".MB", "expected a number at byte 0"),
        ("+", "expected a number at byte 1"),
        ("1 MB", "unknown unit \" MB\""),
        ("8EB", "larger than 2^63-1"),
        ("1é", "unknown unit"),
    ] {
        let error = ByteSize::parse(text).expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn sizes_print_largest_unit_first_and_read_back() {
    for (n, want) in [
        (0, "0B"),
        (1, "1B"),
        (1024, "1KiB"),
        (1_572_864, "1MiB512KiB"),
        (1_048_577, "1MiB1B"),
        (7 << 60, "7EiB"),
    ] {
        let size = ByteSize::from_bytes(n);
        assert_eq!(size.to_string(), want);
        assert_eq!(ByteSize::parse(want), Ok(size));
    }
}

#[test]
fn scalars_come_from_yaml_strings_and_go_back() {
    let d: PromDuration = serde_yaml::from_str("1h30m").expect("duration");
    assert_eq!(d.as_millis(), 5_400_000);
    assert_eq!(
        serde_yaml::from_str::<PromDuration>("0").expect("zero"),
        PromDuration::ZERO
    );
    assert!(
        serde_yaml::from_str::<PromDuration>("15")
            .expect_err("no unit")
            .to_string()
            .contains("unit missing")
    );
    assert!(serde_yaml::from_str::<PromDuration>("[1s]").is_err());
    let s: ByteSize = serde_yaml::from_str("'15MB'").expect("size");
    assert_eq!(s.as_bytes(), 15 << 20);
    assert_eq!(serde_yaml::to_string(&d).expect("yaml").trim(), "1h30m");
    assert_eq!(serde_yaml::to_string(&s).expect("yaml").trim(), "15MiB");
}

#[test]
fn go_durations_print_as_go_prints_them() {
    for (ns, want) in [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (1_500_000, "1.5ms"),
        (500_000_000, "500ms"),
        (1_500_000_000, "1.5s"),
        (15_000_000_000, "15s"),
        (60_000_000_000, "1m0s"),
        (90_000_000_000, "1m30s"),
        (3_600_000_000_000, "1h0m0s"),
        (90_000_001_000_000, "25h0m0.001s"),
        (i64::MAX as u64, "2562047h47m16.854775807s"),
    ] {
        assert_eq!(go_duration_text(Duration::from_nanos(ns)), want);
    }
}

#[test]
fn seconds_print_as_the_shortest_decimal() {
    for (n, want) in [
        (10_000, "10"),
        (1_500, "1.5"),
        (25, "0.025"),
        (1, "0.001"),
        (0, "0"),
    ] {
        assert_eq!(seconds_text(Duration::from_millis(n)), want);
    }
}

#[test]
fn floats_print_as_go_prints_them() {
    for (value, want) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-1.0, "-1"),
        (10.0, "10"),
        (999_999.0, "999999"),
        (1e6, "1e+06"),
        (-1e6, "-1e+06"),
        (123_456_789.0, "1.23456789e+08"),
        (1_638_400.0, "1.6384e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (0.000_123, "0.000123"),
        (-0.000_123, "-0.000123"),
        (0.1, "0.1"),
        (1.5, "1.5"),
        (123_456.7, "123456.7"),
        (12_345_678.9, "1.23456789e+07"),
        (1e21, "1e+21"),
        (1e100, "1e+100"),
        (f64::MAX, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
    ] {
        assert_eq!(go_float_text(value), want);
        if value.is_finite() {
            assert_eq!(want.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
        }
    }
    for (value, want) in [
        (1.0, "1.0"),
        (0.1, "0.1"),
        (1e6, "1e+06"),
        (f64::INFINITY, "+Inf"),
        (-0.0, "0.0"),
    ] {
        assert_eq!(openmetrics_float_text(value), want);
    }
}
