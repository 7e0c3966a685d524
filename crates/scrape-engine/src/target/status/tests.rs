use super::*;
use crate::reason::FailureReason;

fn outcome(failure: Option<(FailureReason, &str)>) -> Outcome {
    let failure = failure.map(|(reason, message)| ScrapeFailure::new(reason, message));
    Outcome {
        failure,
        scraped_at_ms: 1,
        duration: Duration::from_secs(1),
    }
}

#[test]
fn only_changes_of_health_or_reason_are_changes() {
    use FailureReason::{Parse, SampleLimit};
    let mut status = Status::default();
    let mut changes = Vec::new();
    for failure in [
        None,
        None,
        Some((Parse, "line 1")),
        Some((Parse, "line 2")),
        Some((SampleLimit, "too many")),
        None,
    ] {
        let change = status.conclude(outcome(failure));
        changes.push(match change {
            Change::Same => "same".to_owned(),
            Change::Changed { from, to, failure } => {
                format!("{from} {to} {}", failure.map_or("-", |f| f.reason.as_str()))
            }
        });
    }
    let expected = [
        "unknown up -",
        "same",
        "up down parse",
        "same",
        "down down sample_limit",
        "down up -",
    ];
    assert_eq!(changes, expected);
    assert_eq!(
        (status.health, status.failure, status.scraped_at_ms),
        (Health::Up, None, Some(1))
    );
}

#[test]
fn the_newest_text_is_kept_even_if_nothing_changed() {
    let mut status = Status::default();
    status.conclude(outcome(Some((FailureReason::Parse, "line 1"))));
    status.conclude(outcome(Some((FailureReason::Parse, "line 2"))));
    assert_eq!(&*status.failure.expect("a failure").message, "line 2");
}
