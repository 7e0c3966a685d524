//! Composite values: what they become, and what is wrong with them.

use super::*;
use crate::ErrorClass::*;
use crate::event::{Event, HistogramValue, Step};
use crate::histogram::{FloatHistogram, Histogram, ResetHint, Span};
use crate::{Parser, ParserOptions};

const CLASSIC: &str =
    "# TYPE h histogram\nh{a=\"b\"} {count:3,sum:1.5,bucket:[0.5:1,1e6:2,+Inf:3]}";
const BOTH: &str = "# TYPE h histogram\nh {count:2,sum:1.2e2,schema:0,zero_threshold:1e-4,zero_count:0,\
    positive_spans:[1:2],positive_buckets:[1,1],bucket:[0.5:1,1:2,+Inf:2]}";

/// The one native histogram of a body.
fn histogram(lines: &str, options: ParserOptions) -> (Option<Histogram>, Option<FloatHistogram>) {
    ok_with(lines, options);
    let body = format!("{lines}\n# EOF\n");
    let mut parser = Parser::new(options);
    let mut cursor = parser.feed(body.as_bytes(), true);
    loop {
        match cursor.next().expect("accepted") {
            Step::Event(Event::Histogram(h)) => {
                return match h.value {
                    HistogramValue::Int(h) => (Some(h.clone()), None),
                    HistogramValue::Float(h) => (None, Some(h.clone())),
                };
            }
            Step::Event(_) => {}
            Step::NeedMore | Step::Eof => panic!("no histogram: {body}"),
        }
    }
}

fn int(lines: &str) -> Histogram {
    histogram(lines, native()).0.expect("integer flavour")
}

fn float(lines: &str) -> FloatHistogram {
    histogram(lines, native()).1.expect("float flavour")
}

#[test]
fn om2_20_a_classic_histogram_becomes_its_series() {
    let wanted = [
        "h_count{a=\"b\"} 3",
        "h_sum{a=\"b\"} 1.5",
        "h_bucket{a=\"b\",le=\"0.5\"} 1",
        "h_bucket{a=\"b\",le=\"1e+06\"} 2",
        "h_bucket{a=\"b\",le=\"+Inf\"} 3",
    ];
    assert_eq!(brief(CLASSIC), wanted);
    // Native histograms make no difference to it.
    assert_eq!(brief_with(CLASSIC, native()), wanted);
    assert_eq!(
        brief("# TYPE h histogram\nh {count:1,sum:2,bucket:[-Inf:0,-1:0,+Inf:1]} 5")[2..],
        [
            "h_bucket{le=\"-Inf\"} 0 @5000",
            "h_bucket{le=\"-1.0\"} 0 @5000",
            "h_bucket{le=\"+Inf\"} 1 @5000"
        ]
    );
}

#[test]
fn om2_21_a_gauge_histogram_has_names_of_its_own() {
    assert_eq!(
        brief(
            "# TYPE \"g.h\" gaugehistogram\n{\"g.h\"} {gcount:-1.5,gsum:-2,bucket:[1:-1,+Inf:-1.5]}"
        ),
        [
            "g.h_gcount -1.5",
            "g.h_gsum -2",
            "g.h_bucket{le=\"1.0\"} -1",
            "g.h_bucket{le=\"+Inf\"} -1.5"
        ]
    );
    refused(
        "# TYPE h gaugehistogram\nh {count:1,sum:1,bucket:[+Inf:1]}",
        Composite,
    );
    refused(
        "# TYPE h histogram\nh {gcount:1,gsum:1,bucket:[+Inf:1]}",
        Composite,
    );
}

#[test]
fn om2_22_a_summary_becomes_its_series() {
    assert_eq!(
        brief("# TYPE s summary\ns{a=\"b\"} {count:17,sum:3.5,quantile:[0.50:1,0.99:NaN,1:2]}"),
        [
            "s_count{a=\"b\"} 17",
            "s_sum{a=\"b\"} 3.5",
            "s{a=\"b\",quantile=\"0.5\"} 1",
            "s{a=\"b\",quantile=\"0.99\"} NaN",
            "s{a=\"b\",quantile=\"1.0\"} 2"
        ]
    );
    assert_eq!(
        brief("# TYPE s summary\ns {count:0,sum:0,quantile:[]}"),
        ["s_count 0", "s_sum 0"]
    );
    let both = ParserOptions {
        nhcb: true,
        ..native()
    };
    assert_eq!(
        brief_with("# TYPE s summary\ns {count:0,sum:0,quantile:[]}", both).len(),
        2
    );
}

#[test]
fn om2_23_time_and_start_go_with_every_series() {
    let events = ok("# TYPE h histogram\nh {count:1,sum:1,bucket:[+Inf:1]} 5 st@2");
    assert_eq!(events.len(), 4);
    for event in &events[1..] {
        assert!(
            matches!(
                event,
                Owned::Series {
                    timestamp: Some(5000),
                    start: 2000,
                    ..
                }
            ),
            "{event:?}"
        );
    }
}

#[test]
fn om2_24_native_buckets_become_an_integer_histogram() {
    let h = int(
        "# TYPE h histogram\nh {count:12,sum:5.5,schema:2,zero_threshold:0.001,zero_count:2,\
         negative_spans:[-1:1],negative_buckets:[3],positive_spans:[0:3,2:1],positive_buckets:[1,2,1,3]}",
    );
    let span = |offset, length| Span { offset, length };
    assert_eq!(
        h,
        Histogram {
            reset_hint: ResetHint::Unknown,
            schema: 2,
            zero_threshold: 0.001,
            zero_count: 2,
            count: 12,
            sum: 5.5,
            positive_spans: vec![span(0, 3), span(2, 1)],
            positive_buckets: vec![1, 1, -1, 2],
            negative_spans: vec![span(-1, 1)],
            negative_buckets: vec![3],
            custom_values: Vec::new(),
        }
    );
    let gauge =
        int("# TYPE h gaugehistogram\nh {gcount:0,gsum:0,schema:0,zero_threshold:0,zero_count:0}");
    assert_eq!(gauge.reset_hint, ResetHint::Gauge);
    assert!(gauge.positive_spans.is_empty());
}

#[test]
fn om2_25_one_fraction_makes_it_a_float_histogram() {
    let h = float(
        "# TYPE h gaugehistogram\nh {gcount:0.01,gsum:2.0,schema:0,zero_threshold:1e-4,zero_count:0.0,\
         positive_spans:[1:2],positive_buckets:[0.005,0.005]}",
    );
    assert_eq!(
        (h.count, h.zero_count, h.reset_hint),
        (0.01, 0.0, ResetHint::Gauge)
    );
    assert_eq!(h.positive_buckets, [0.005, 0.005]);
    let with = |count: &str, zero: &str, bucket: &str| {
        format!(
            "# TYPE h histogram\nh {{count:{count},sum:NaN,schema:0,zero_threshold:0,zero_count:{zero},\
             positive_spans:[0:1],positive_buckets:[{bucket}]}}"
        )
    };
    // Whole numbers may be written as floats, except in buckets.
    assert_eq!(int(&with("2.0", "1e0", "1")).count, 2);
    assert_eq!(int(&with("18446744073709551615", "0", "1")).count, u64::MAX);
    for (count, zero, bucket) in [
        ("2", "1", "1.0"),
        ("2", "1", "1e0"),
        ("2", "0.5", "1"),
        ("1.5", "0", "1"),
        ("+Inf", "0", "1"),
        ("18446744073709551616", "0", "1"),
        ("2", "0", "9223372036854775808"),
    ] {
        float(&with(count, zero, bucket));
    }
}

#[test]
fn om2_26_empty_native_buckets_are_left_out() {
    let h = int(
        "# TYPE h histogram\nh {count:3,sum:5.5,schema:0,zero_threshold:0,zero_count:0,\
         negative_spans:[0:2],negative_buckets:[0,0],positive_spans:[2:2,0:1,3:0,1:2],positive_buckets:[1,0,1,0,1]}",
    );
    let span = |offset, length| Span { offset, length };
    assert_eq!(h.positive_spans, [span(2, 1), span(1, 1), span(5, 1)]);
    assert_eq!(h.positive_buckets, [1, 0, 0]);
    assert!(h.negative_spans.is_empty() && h.negative_buckets.is_empty());
}

#[test]
fn om2_27_native_histograms_are_checked_as_storage_checks_them() {
    let with = |count: &str, spans: &str, buckets: &str| {
        format!(
            "# TYPE h histogram\nh {{count:{count},sum:1,schema:0,zero_threshold:0,zero_count:0,\
             positive_spans:[{spans}],positive_buckets:[{buckets}]}}\n# EOF\n"
        )
    };
    for (count, spans, buckets, class) in [
        ("2", "0:2", "2", Spans),
        ("2", "0:2", "", Spans),
        ("2", "", "2", Spans),
        ("2", "0:1,-1:1", "1,1", Spans),
        ("2", "0:-1", "2", Spans),
        ("2", "2147483647:2", "1,1", Spans),
        ("2", "2147483648:2", "1,1", Spans),
        ("3", "0:2", "1,1", Composite),
        ("2", "0:2", "3,-1", Composite),
        ("-2", "0:2", "1,1", Composite),
        ("1.5", "0:2", "-1,1", Composite),
        ("2", "0:x", "1,1", Float),
        ("2", "0.5:1", "1,1", Float),
        ("2", "0", "1", Composite),
        ("2", "0:2", "1,x", Float),
    ] {
        let body = with(count, spans, buckets);
        let (found, _) = refusal_with(body.as_bytes(), native());
        assert_eq!(found, class, "{body}");
    }
    let (error, at) = refusal_with(with("3", "0:2", "1,1").as_bytes(), native());
    assert_eq!((error, at), (Composite, 21), "the value is at fault");
    // Shown as a classic histogram, its buckets are not looked at.
    let body = with("3", "0:2", "1,1");
    assert_eq!(parse(body.as_bytes(), options()).1, Ok(()));
}

#[test]
fn om2_28_native_and_classic_buckets_in_one_value() {
    let keep = |options: ParserOptions| ParserOptions {
        keep_classic: true,
        ..options
    };
    let nhcb = |options: ParserOptions| ParserOptions {
        nhcb: true,
        ..options
    };
    let classic = [
        "h_count 2",
        "h_sum 120",
        "h_bucket{le=\"0.5\"} 1",
        "h_bucket{le=\"1.0\"} 2",
        "h_bucket{le=\"+Inf\"} 2",
    ];
    assert_eq!(brief_with(BOTH, options()), classic);
    assert_eq!(brief_with(BOTH, keep(options())), classic);
    assert_eq!(brief_with(BOTH, native()), ["h histogram"]);
    let mut all = vec!["h histogram"];
    all.extend(classic);
    assert_eq!(brief_with(BOTH, keep(native())), all);
    // Conversion concerns what is shown as a classic histogram.
    assert_eq!(histogram(BOTH, nhcb(native())).0.expect("native").schema, 0);
    assert_eq!(brief_with(BOTH, nhcb(options())), ["h histogram"]);
    let mut converted_last = classic.to_vec();
    converted_last.push("h histogram");
    assert_eq!(brief_with(BOTH, keep(nhcb(options()))), converted_last);
    // Native buckets alone, shown as a classic histogram.
    let alone = "# TYPE h histogram\nh {count:2,sum:3,schema:0,zero_threshold:1,zero_count:2}";
    assert_eq!(
        brief_with(alone, options()),
        ["h_count 2", "h_sum 3", "h_bucket{le=\"+Inf\"} 2"]
    );
    assert_eq!(brief_with(alone, keep(native())), ["h histogram"]);
}

#[test]
fn om2_29_classic_buckets_are_converted() {
    let nhcb = ParserOptions {
        nhcb: true,
        ..options()
    };
    let lines =
        "# TYPE h histogram\nh{a=\"b\"} {count:1000,sum:5,bucket:[0.5:50,1:950,+Inf:1000]} 3";
    let h = histogram(lines, nhcb).0.expect("integer flavour");
    assert_eq!(
        (h.custom_values, h.positive_buckets),
        (vec![0.5, 1.0], vec![50, 850, -850])
    );
    let lines = "# TYPE h gaugehistogram\nh {gcount:1000,gsum:5,bucket:[0.5:50,1:950.5,+Inf:1000]}";
    let h = histogram(lines, nhcb).1.expect("float flavour");
    assert_eq!(h.positive_buckets, [50.0, 900.5, 49.5]);
    assert_eq!(h.reset_hint, ResetHint::Gauge);
    for value in [
        "{count:2,sum:1,bucket:[+Inf:3]}",
        "{count:3,sum:1,bucket:[1:5,+Inf:3]}",
    ] {
        let body = format!("# TYPE h histogram\nh {value}\n# EOF\n");
        assert_eq!(refusal_with(body.as_bytes(), nhcb), (Nhcb, 21), "{value}");
    }
}

#[test]
fn om2_30_exemplars_go_with_their_bucket() {
    let tail =
        " # {t=\"a\"} 0.5 1 # {t=\"b\"} 7 2 # {t=\"c\"} NaN 3 # {t=\"d\"} 0.7 4 # {t=\"e\"} -1 5";
    let of = |event: &Owned| {
        let names = exemplars(event).into_iter().map(|(labels, ..)| labels);
        names.collect::<Vec<_>>().join(" ")
    };
    let events = ok(&format!("{BOTH}{tail}"));
    let found: Vec<String> = events[1..].iter().map(of).collect();
    assert_eq!(found, ["", "", "t=a t=e", "t=d", "t=b t=c"]);
    let events = ok_with(&format!("{BOTH}{tail}"), native());
    assert_eq!(of(&events[1]), "t=a t=b t=c t=d t=e");
    let nhcb = ParserOptions {
        nhcb: true,
        ..options()
    };
    let events = ok_with(&format!("{BOTH}{tail}"), nhcb);
    assert_eq!(of(&events[1]), "t=a t=b t=c t=d t=e");
    let lines = "# TYPE s summary\ns {count:0,sum:0,quantile:[0.5:1]}";
    let events = ok(&format!("{lines} # {{t=\"a\"}} 1 1"));
    assert_eq!(
        events[1..].iter().map(of).collect::<Vec<_>>(),
        ["t=a", "", ""]
    );
}

#[test]
fn om2_31_fields_come_in_any_order_but_once_and_complete() {
    let lines = "# TYPE h histogram\nh {bucket:[+Inf:1],sum:2,count:1}";
    assert_eq!(
        brief(lines),
        ["h_count 1", "h_sum 2", "h_bucket{le=\"+Inf\"} 1"]
    );
    for (value, at) in [
        ("{}", 22),
        ("{count:1}", 21),
        ("{count:1,sum:1}", 21),
        ("{count:1,bucket:[+Inf:1]}", 21),
        ("{count:1,sum:1,bucket:[+Inf:1],count:1}", 52),
        ("{count:1,sum:1,quantile:[]}", 36),
        ("{count:1,sum:1,foo:1}", 36),
        ("{count:1,sum:1,buckets:[+Inf:1]}", 36),
        ("{count:1,sum:1,schema:0,zero_threshold:0}", 21),
        ("{count:1,sum:1,schema:0,zero_count:0}", 21),
        ("{count:1,sum:1,zero_count:0,bucket:[+Inf:1]}", 21),
        ("{count:1,sum:1,positive_spans:[],bucket:[+Inf:1]}", 21),
        ("{count:1,sum:1,bucket:[+Inf:1],}", 52),
        ("{count:1,,sum:1,bucket:[+Inf:1]}", 30),
        ("{count:1;sum:1,bucket:[+Inf:1]}", 28),
        ("{count:1, sum:1,bucket:[+Inf:1]}", 30),
        ("{ count:1,sum:1,bucket:[+Inf:1]}", 22),
        ("{count:1,sum:1,bucket:[+Inf:1]", 51),
        ("{count", 22),
    ] {
        let lines = format!("# TYPE h histogram\nh {value}");
        let found = refusal(&lines);
        let class = if value.contains(';') {
            Float
        } else {
            Composite
        };
        assert_eq!(found, (class, at), "{value}");
    }
    refused(
        "# TYPE h histogram\nh {count:1,sum:1,bucket:[+Inf:1]}x",
        Trail,
    );
    refused("# TYPE s summary\ns {count:1,sum:1}", Composite);
    refused(
        "# TYPE s summary\ns {count:1,sum:1,bucket:[+Inf:1]}",
        Composite,
    );
}

#[test]
fn om2_32_classic_buckets_ascend_to_infinity() {
    for (buckets, class) in [
        ("[]", Composite),
        ("[1:1]", Composite),
        ("[1:1,1:1,+Inf:1]", Composite),
        ("[2:1,1:1,+Inf:1]", Composite),
        ("[+Inf:1,1:1]", Composite),
        ("[+Inf:1,+Inf:1]", Composite),
        ("[NaN:1,+Inf:1]", Composite),
        ("[1:-1,+Inf:1]", Composite),
        ("[1:1,,+Inf:1]", Float),
        ("[1,+Inf:1]", Composite),
        ("[1:1;+Inf:1]", Float),
        ("[x:1,+Inf:1]", Float),
        ("[1:,+Inf:1]", Float),
        ("+Inf:1", Composite),
        ("[+Inf:1", Composite),
        ("[+Inf:1e400]", Float),
    ] {
        refused(
            &format!("# TYPE h histogram\nh {{count:1,sum:1,bucket:{buckets}}}"),
            class,
        );
    }
    // Counts that go down are for those who convert them to say.
    assert_eq!(
        brief("# TYPE h histogram\nh {count:1,sum:1,bucket:[1:5,+Inf:1]}").len(),
        4
    );
}

#[test]
fn om2_33_quantiles_ascend_from_0_to_1() {
    for (quantiles, class) in [
        ("[-0.1:1]", Composite),
        ("[1.1:1]", Composite),
        ("[NaN:1]", Composite),
        ("[0.5:1,0.5:1]", Composite),
        ("[0.5:1,0.1:1]", Composite),
        ("[0.5]", Composite),
        ("[0.5:]", Float),
    ] {
        refused(
            &format!("# TYPE s summary\ns {{count:1,sum:1,quantile:{quantiles}}}"),
            class,
        );
    }
}

#[test]
fn om2_34_schemas_and_zero_thresholds_have_their_range() {
    let value = |schema: &str, threshold: &str, zero: &str| {
        format!(
            "# TYPE h histogram\nh {{count:0,sum:0,schema:{schema},zero_threshold:{threshold},zero_count:{zero}}}"
        )
    };
    for schema in ["-4", "8", "+3", "00"] {
        ok_with(&value(schema, "0", "0"), native());
    }
    for (schema, threshold, class) in [
        ("-5", "0", Composite),
        ("9", "0", Composite),
        ("-53", "0", Composite),
        ("1.0", "0", Float),
        ("99999999999999999999", "0", Float),
        ("", "0", Float),
        ("0", "-1", Composite),
        ("0", "NaN", Composite),
        ("0", "+Inf", Composite),
    ] {
        refused(&value(schema, threshold, "0"), class);
    }
    let negative = value("0", "0", "-1") + "\n# EOF\n";
    assert_eq!(refusal_with(negative.as_bytes(), native()).0, Composite);
}

#[test]
fn om2_35_labels_that_the_series_get_are_refused() {
    let value = "{count:1,sum:1,bucket:[+Inf:1]}";
    assert_eq!(
        refusal(&format!("# TYPE h histogram\nh{{le=\"1\"}} {value}")),
        (LabelName, 21)
    );
    assert_eq!(
        refusal(&format!("# TYPE h histogram\nh{{\"le\"=\"1\"}} {value}")),
        (LabelName, 22)
    );
    ok(&format!("# TYPE h histogram\nh{{quantile=\"1\"}} {value}"));
    ok("# TYPE h histogram\nh{le=\"1\"} {count:0,sum:1,schema:0,zero_threshold:0,zero_count:0}");
    refused(
        "# TYPE s summary\ns{quantile=\"1\"} {count:1,sum:1,quantile:[]}",
        LabelName,
    );
}

#[test]
fn om2_36_the_example_of_the_draft() {
    let body = "# TYPE acme_http_router_request_seconds summary\n\
        # UNIT acme_http_router_request_seconds seconds\n\
        # HELP acme_http_router_request_seconds Latency.\n\
        acme_http_router_request_seconds{path=\"/api/v1\",method=\"GET\"} {count:807283,sum:9036.32,quantile:[0.95:2,0.99:20]} st@1605281325.0\n\
        # TYPE go_goroutines gauge\n\
        go_goroutines 69\n\
        # TYPE process_cpu_seconds_total counter\n\
        process_cpu_seconds_total 4.20072246e+06\n\
        # TYPE acme_http_request_seconds histogram\n\
        acme_http_request_seconds{path=\"/api/v1\",method=\"GET\"} {count:2,sum:1.2e2,schema:0,zero_threshold:1e-4,zero_count:0,positive_spans:[1:2],positive_buckets:[1,1],bucket:[0.5:1,1:2,+Inf:2]} st@1605301325.0\n\
        # TYPE acme_http_request_seconds:rate5m gaugehistogram\n\
        acme_http_request_seconds:rate5m{path=\"/api/v1\",method=\"GET\"} {gcount:0.01,gsum:2.0,schema:0,zero_threshold:1e-4,zero_count:0.0,positive_spans:[1:2],positive_buckets:[0.005,0.005]}\n\
        # TYPE \"foodb.read.errors\" counter\n\
        {\"foodb.read.errors\",\"service.name\"=\"my_service\"} 3482";
    assert_eq!(brief_with(body, native()).len(), 4 + 1 + 1 + 1 + 1 + 1);
    assert_eq!(brief(body).len(), 4 + 1 + 1 + 5 + 3 + 1);
}
