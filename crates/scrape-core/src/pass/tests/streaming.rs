//! Blocks of any size give the same result, and memory is bounded by a line.

use super::*;
use scrape_parse::Format;

fn body() -> String {
    let mut body = String::from("# HELP m some help\n# TYPE m gauge\n");
    for i in 0..50 {
        body.push_str(&format!(
            "m{{i=\"{i}\",text=\"}} # \\\" {{\"}} {}.5\n",
            i * 3
        ));
    }
    body
}

#[test]
fn any_block_size_stores_the_same() {
    let mut whole = Bench::new();
    whole.scrape(body());
    whole.scrape(body().replace(".5", ".25"));
    let expected = whole.all();
    for block in [1, 2, 3, 7, 64, 1000] {
        let mut b = Bench::new();
        b.block = block;
        assert!(b.scrape(body()).result.is_ok(), "block {block}");
        b.scrape(body().replace(".5", ".25"));
        assert_eq!(b.all(), expected, "block {block}");
    }
}

#[test]
fn a_cut_openmetrics_body_fails_at_its_end() {
    for block in [1, 5, 1000] {
        let mut b = Bench::new();
        b.format = Format::OpenMetrics;
        b.block = block;
        let done = b.scrape("# TYPE a gauge\na 1\n");
        assert_eq!(done.result.unwrap_err().reason(), "parse");
    }
}

#[test]
fn a_line_without_end_is_refused_before_it_fills_memory() {
    let mut b = Bench::with(|c| c.max_line_bytes = 10_000);
    b.block = 1000;
    let done = b.scrape(format!("a{{b=\"{}", "x".repeat(1_000_000)));
    assert!(done.result.is_err());
    assert_eq!(done.stats.body_bytes, 1_000_005);
}

#[test]
fn after_the_first_error_the_rest_of_the_body_is_only_counted() {
    let mut b = Bench::new();
    b.block = 4;
    let done = b.scrape("a 1\n???\nb 2\nc 3\n");
    assert_eq!(done.counts(), (1, 1, 1));
    assert_eq!(done.stats.body_bytes, 16);
    assert_eq!(done.result.unwrap_err().position(), Some((2, 1)));
}

#[test]
fn k02_a_rotated_order_needs_no_decoding() {
    let mut b = Bench::new();
    let lines: Vec<String> = (0..10).map(|i| format!("m{{i=\"{i}\"}} {i}")).collect();
    let join = |l: &[String]| l.join("\n") + "\n";
    b.scrape(join(&lines));
    let mut rotated = lines.clone();
    rotated.rotate_left(1);
    let done = b.scrape(join(&rotated));
    assert_eq!(done.counts(), (10, 10, 0));
    assert_eq!(b.cache.len(), 10);
}
