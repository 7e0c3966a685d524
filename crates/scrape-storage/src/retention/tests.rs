use super::*;

fn segs(max_ts: &[i64]) -> VecDeque<SegmentInfo> {
    (0u32..)
        .zip(max_ts)
        .map(|(number, max_t)| SegmentInfo {
            number,
            bytes: 100,
            max_t: *max_t,
            first_t: *max_t,
        })
        .collect()
}

#[test]
fn only_a_front_of_old_segments_goes() {
    assert_eq!(decide(&segs(&[10, 20, 30]), 5, 0, 0), None);
    assert_eq!(
        decide(&segs(&[10, 20, 30]), 25, 0, 0),
        Some(Drop {
            through: 1,
            min_t: 25
        })
    );
    // A younger one in front keeps what is behind it.
    assert_eq!(
        decide(&segs(&[10, 40, 20, 30]), 25, 0, 0),
        Some(Drop {
            through: 0,
            min_t: 25
        })
    );
    // The one being written stays, however old.
    assert_eq!(decide(&segs(&[10]), 25, 0, 0), None);
}

#[test]
fn the_limit_on_bytes_takes_the_oldest() {
    assert_eq!(
        decide(&segs(&[10, 20, 30, 40]), i64::MIN, 250, 0),
        Some(Drop {
            through: 1,
            min_t: i64::MAX
        })
    );
    assert_eq!(decide(&segs(&[10, 20, 30, 40]), i64::MIN, 400, 0), None);
    assert_eq!(
        decide(&segs(&[10, 20, 30, 40]), i64::MIN, 400, 1),
        Some(Drop {
            through: 0,
            min_t: i64::MAX
        })
    );
    assert_eq!(
        decide(&segs(&[10, 20, 30, 40]), 35, 250, 0),
        Some(Drop {
            through: 2,
            min_t: 35
        })
    );
}
