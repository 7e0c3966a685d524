use crate::world::World;
use scrape_core::cache::ScrapeCache;
use scrape_core::pass::end_of_run;
use scrape_parse::Format;
use scrape_storage::StoreOptions;
use std::time::Duration;

#[test]
fn case_077_with_an_out_of_order_window_a_restarted_target_has_no_markers_between_its_samples() {
    let w = World::new(StoreOptions {
        out_of_order_window: Duration::from_secs(3600),
        ..StoreOptions::default()
    });
    let (mut old, mut new) = (ScrapeCache::new(), ScrapeCache::new());
    w.scrape(&mut old, Format::Text, b"m 1\n", 1000);
    w.scrape(&mut old, Format::Text, b"m 1\n", 2000);
    // The target comes back in a new loop before the old one writes its last words.
    w.scrape(&mut new, Format::Text, b"m 2\n", 4000);
    end_of_run(&mut old, &w.cfg, &w.target, &w.store, 3000).expect("refusals are ignored");
    w.scrape(&mut new, Format::Text, b"m 2\n", 5000);
    let (one, two) = (1f64.to_bits(), 2f64.to_bits());
    assert_eq!(
        w.bits("m"),
        [(1000, one), (2000, one), (4000, two), (5000, two)]
    );
    assert_eq!(w.bits("up").len(), 4);
    // The window is open: a sample that says itself when it was taken gets in.
    let stats = w.scrape(&mut new, Format::Text, b"m 1 3000\n", 6000);
    assert_eq!(stats.out_of_order, 0);
    assert!(w.bits("m").contains(&(3000, one)));
}
