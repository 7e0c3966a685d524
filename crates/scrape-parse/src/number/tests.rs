//! Numbers against the standard library, and the cases of the formats' texts.

use super::*;
use proptest::prelude::*;

fn number(text: &str) -> Option<f64> {
    match parse_number(text.as_bytes()) {
        Parsed::Number(v) => Some(v),
        _ => None,
    }
}

#[test]
fn the_grammar_is_the_written_one() {
    for (text, value) in [
        ("0", 0.0),
        ("1", 1.0),
        ("+0", 0.0),
        ("5.", 5.0),
        (".5e-1", 0.05),
        ("1e3", 1000.0),
        ("1E+3", 1000.0),
        ("-iNfInItY", f64::NEG_INFINITY),
        ("+Inf", f64::INFINITY),
        ("inf", f64::INFINITY),
        ("1e-400", 0.0),
        ("00000000000000000000000001", 1.0),
        ("0.1", 0.1),
        ("123456789012345678", 123456789012345678.0),
        ("9007199254740993", 9007199254740993.0),
        ("1e23", 1e23),
        ("1.7976931348623157e308", f64::MAX),
    ] {
        assert_eq!(
            number(text).map(f64::to_bits),
            Some(value.to_bits()),
            "{text}"
        );
    }
    assert_eq!(number("-0").map(f64::to_bits), Some((-0.0f64).to_bits()));
    assert_eq!(number("nAn").map(f64::to_bits), Some(0x7ff8_0000_0000_0001));
    for text in [
        "", "+", "-", ".", "e", "1e", "1e+", "infi", "1f", "0x10", "0x1p3", "1_0", "+nan", "-NaN",
        "1 ", "--1", "1..2", "1e5.5", "infinit", "naninf",
    ] {
        assert_eq!(parse_number(text.as_bytes()), Parsed::Malformed, "{text}");
    }
    for text in [
        "1e400",
        "-1e309",
        "179769313486231590000000000000000000000e271",
        "1e99999",
    ] {
        assert_eq!(parse_number(text.as_bytes()), Parsed::OutOfRange, "{text}");
    }
}

#[test]
fn go_floats_know_hexadecimal_and_underscores() {
    for (text, value) in [
        ("0x1p-2", 0.25),
        ("0X1P+4", 16.0),
        ("0x.8p1", 1.0),
        ("0x1.p0", 1.0),
        ("-0x1p0", -1.0),
        ("0x_1_0p0", 16.0),
        ("1_23.50_0_0e+1_2", 1.235e14),
        ("0x1p-1074", 5e-324),
        ("0x1p-1075", 0.0),
        ("0x1.8p-1075", 5e-324),
        ("0x1.fffffffffffff8p0", 2.0),
        ("0x1.fffffffffffff7p0", 1.9999999999999998),
        ("0x1p99999999999999999999", f64::NAN),
        ("0x0p5", 0.0),
        ("0x123456789abcdef01p0", 20988295479420645121.0),
        ("1", 1.0),
        ("+Inf", f64::INFINITY),
        ("0x0.0000000000000000000000001p100", 1.0),
    ] {
        let parsed = parse_go_float(text.as_bytes());
        if value.is_nan() {
            assert_eq!(parsed, None, "{text}");
        } else {
            assert_eq!(
                parsed.map(f64::to_bits),
                Some(value.to_bits()),
                "{text}: {parsed:?}"
            );
        }
    }
    for text in [
        "",
        "_1",
        "1_",
        "1__0",
        "0x",
        "0x1",
        "0xp1",
        "0x1p",
        "0x1p+",
        "1_e5",
        "1e_5",
        "1._5",
        "0x1p0_",
        "1e400",
        "0x1p1024",
        "0x1.gp0",
        "0b1",
        "+nan",
        "0x1.0.0p0",
    ] {
        assert_eq!(parse_go_float(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn om_text_of_a_float() {
    for (value, text) in [
        (0.0, "0.0"),
        (-0.0, "0.0"),
        (1.0, "1.0"),
        (-1.0, "-1.0"),
        (100_000.0, "100000.0"),
        (1e6, "1e+06"),
        (1_234_567.0, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (f64::NAN, "NaN"),
        (0.5, "0.5"),
        (999_999.5, "999999.5"),
        (1.5e-5, "1.5e-05"),
        (1e21, "1e+21"),
        (1e-7, "1e-07"),
        (1e100, "1e+100"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (-0.00123, "-0.00123"),
        (10.0, "10.0"),
        (123.456, "123.456"),
    ] {
        assert_eq!(OmFloat::new(value).as_str(), text);
    }
}

/// The text between 0.0001 and a million by the standard library, which prints the shortest digits too.
fn without_exponent(value: f64) -> String {
    let text = value.to_string();
    if text.contains('.') {
        text
    } else {
        text + ".0"
    }
}

#[test]
fn om_text_of_bucket_bounds() {
    // Around every power of ten, in steps of every size, with the floats beside each value.
    for digits in 0..12 {
        let unit = 10f64.powi(digits - 6);
        for n in 1..=1000 {
            for value in [f64::from(n) * unit, f64::from(n) / 1e6, f64::from(n) / 3.0] {
                for value in [value.next_down(), value, value.next_up()] {
                    if (0.0001..1e6).contains(&value) {
                        assert_eq!(OmFloat::new(value).as_str(), without_exponent(value));
                    }
                }
            }
        }
    }
    for value in [
        0.0001,
        0.000100000001,
        999999.999999,
        999999.9999995,
        0.1 + 0.2,
    ] {
        assert_eq!(OmFloat::new(value).as_str(), without_exponent(value));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn short_decimals_print_as_they_are(millionths in 100u64..1_000_000_000_000, places in 0u32..7) {
        let step = 10u64.pow(places);
        let value = (millionths / step * step) as f64 / 1e6;
        prop_assume!(value >= 0.0001);
        let text = OmFloat::new(value);
        prop_assert_eq!(text.as_str(), without_exponent(value));
    }

    #[test]
    fn decimals_agree_with_the_standard_library(text in "[+-]?[0-9]{0,22}(\\.[0-9]{0,22})?(e[+-]?[0-9]{1,3})?") {
        let ours = parse_number(text.as_bytes());
        match text.parse::<f64>() {
            Ok(v) if v.is_finite() => prop_assert_eq!(ours, Parsed::Number(v)),
            Ok(_) => prop_assert_eq!(ours, Parsed::OutOfRange),
            Err(_) => prop_assert_eq!(ours, Parsed::Malformed),
        }
    }

    #[test]
    fn a_float_survives_its_text(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let om = OmFloat::new(value);
        prop_assert_eq!(om.as_str().parse::<f64>().ok(), Some(value));
        prop_assert!(om.as_str().contains(['.', 'e']));
        prop_assert_eq!(parse_go_float(om.as_bytes()), Some(value));
    }

    #[test]
    fn short_numbers_are_canonical_as_they_stand(text in "[0-9]{0,8}(\\.[0-9]{0,17})?") {
        let long = parse_go_float(text.as_bytes()).map(OmFloat::new);
        let canonical = OmFloat::canonical(text.as_bytes());
        prop_assert_eq!(canonical.as_ref().map(OmFloat::as_str), long.as_ref().map(OmFloat::as_str));
    }

    #[test]
    fn scanning_stops_where_the_number_does(value in any::<i32>(), rest in "[ \n{x]") {
        let text = format!("{value}{rest}");
        prop_assert_eq!(scan_number(text.as_bytes()), Some((f64::from(value), text.len() - 1)));
    }
}
