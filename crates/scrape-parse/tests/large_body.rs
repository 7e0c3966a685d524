//! A body of any length in constant memory and linear steps: what is parsed is forgotten, and no piece is read
//! twice. `SCRAPE_PARSE_BIG_BODY_MB` sets the length; unset, it is 64 MB, and 8 MB without optimisation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use scrape_parse::{Event, Format, LabelSink, Parser, ParserOptions, Scan, Step};

/// Counts live bytes and their peak, over all threads.
struct Live;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// One measurement at a time.
static MEASURING: Mutex<()> = Mutex::new(());

fn grow(bytes: usize) {
    let now = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(now, Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "a counting allocator needs an unsafe trait")]
// SAFETY: every call goes unchanged to the system allocator; counting touches only atomics.
unsafe impl GlobalAlloc for Live {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        grow(new_size);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Live = Live;

const PIECE: usize = 64 << 10;
const FAMILY: usize = 20;

/// Writes an endless exposition piece by piece.
struct Exposition {
    next: usize,
    overhang: Vec<u8>,
}

impl Exposition {
    /// Appends exactly `PIECE` bytes and answers the number of lines begun.
    fn piece(&mut self, into: &mut Vec<u8>) {
        use std::io::Write;
        while self.overhang.len() < PIECE {
            let (n, out) = (self.next, &mut self.overhang);
            self.next += 1;
            if n.is_multiple_of(FAMILY) {
                let family = n / FAMILY;
                writeln!(out, "# HELP f{family} Text.\n# TYPE f{family} counter").expect("memory");
            }
            let family = n / FAMILY;
            writeln!(out, "f{family}{{path=\"/a/{n}\",code=\"200\"}} {n}").expect("memory");
        }
        into.extend(self.overhang.drain(..PIECE));
    }
}

struct Sum(u64);

impl LabelSink for Sum {
    fn label(&mut self, name: &[u8], value: &[u8]) {
        self.0 += (name.len() + value.len()) as u64;
    }
}

fn length() -> usize {
    let default = if cfg!(debug_assertions) { 8 } else { 64 };
    let megabytes = std::env::var("SCRAPE_PARSE_BIG_BODY_MB").map_or(default, |n| {
        n.parse().expect("SCRAPE_PARSE_BIG_BODY_MB is a number")
    });
    megabytes << 20
}

/// What one pass over a body did.
#[derive(Debug, Default)]
struct Work {
    fed: u64,
    samples: usize,
    last: f64,
    /// Calls on the cursor.
    steps: u64,
    /// Bytes handed to the parser, those handed again included.
    handed: u64,
    peak: usize,
}

/// Parses `bytes` bytes in pieces; `scanned` takes lines by their keys where it can.
fn parse(format: Format, bytes: usize, scanned: bool) -> Work {
    let _alone = MEASURING.lock().unwrap_or_else(|e| e.into_inner());
    let mut exposition = Exposition {
        next: 0,
        overhang: Vec::new(),
    };
    let mut parser = Parser::new(ParserOptions::new(format));
    let mut buffer = Vec::new();
    let (mut work, mut sum) = (Work::default(), Sum(0));
    let start = LIVE.load(Ordering::Relaxed);
    PEAK.store(start, Ordering::Relaxed);
    while work.fed < bytes as u64 {
        exposition.piece(&mut buffer);
        work.fed += PIECE as u64;
        work.handed += buffer.len() as u64;
        let mut cursor = parser.feed(&buffer, false);
        loop {
            work.steps += 1;
            if scanned && let Scan::Key(key) = cursor.scan_key().expect("well-formed") {
                let len = key.len();
                let known = cursor.take_known(len).expect("well-formed");
                (work.samples, work.last) = (work.samples + 1, known.value);
                continue;
            }
            match cursor.next().expect("well-formed") {
                Step::Event(Event::Series(series)) => {
                    (work.samples, work.last) = (work.samples + 1, series.value);
                    series.labels(&mut sum).expect("well-formed");
                }
                Step::Event(_) => {}
                Step::NeedMore => break,
                Step::Eof => panic!("the body goes on"),
            }
        }
        let consumed = cursor.consumed();
        drop(cursor);
        buffer.drain(..consumed);
    }
    work.peak = PEAK.load(Ordering::Relaxed) - start;
    work
}

fn check(format: Format, scanned: bool) {
    let bytes = length();
    let work = parse(format, bytes, scanned);
    // Values count the samples, so none is lost, doubled or out of order.
    assert!(work.samples > bytes / 64, "{work:?}");
    assert_eq!(work.last, (work.samples - 1) as f64, "{work:?}");
    assert!(work.peak < 1 << 20, "memory grows with the body: {work:?}");
    // Every call takes a line or ends a piece; a family has two lines beside its samples, and the last piece
    // may end after those two.
    let lines = work.samples + 2 * (work.samples.div_ceil(FAMILY) + 1);
    let pieces = work.fed / PIECE as u64;
    assert!(work.steps <= lines as u64 + pieces, "{work:?}");
    // Only the line that a piece cuts is handed over twice.
    assert!(work.handed - work.fed <= pieces * 128, "{work:?}");

    let half = parse(format, bytes / 2, scanned);
    assert!(
        half.peak.abs_diff(work.peak) < 64 << 10,
        "{half:?} {work:?}"
    );
}

#[test]
fn text_of_any_length_takes_constant_memory() {
    check(Format::Text, false);
}

#[test]
fn openmetrics_of_any_length_takes_constant_memory() {
    check(Format::OpenMetrics, false);
}

#[test]
fn scanned_keys_of_any_length_take_constant_memory() {
    check(Format::Text, true);
}
