//! The loop that turns "something changed" into maps, at the throttle's pace.

use std::sync::Arc;

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::output::Sink;
use super::throttle::Throttle;

pub(super) async fn run(
    shared: Arc<Shared>,
    mut throttle: Throttle,
    mut sink: Sink,
    cancel: CancellationToken,
) {
    while wait_for_change(&shared, &cancel).await {
        let wait = throttle.wait(Instant::now());
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sleep(wait), if !wait.is_zero() => {}
            () = std::future::ready(()), if wait.is_zero() => {}
        }
        let sets = {
            let mut state = shared.state();
            state.expire(Instant::now());
            state.target_sets()
        };
        let metrics = &shared.options.metrics;
        metrics.built(&sets, shared.options.clock.now_ns());
        metrics.sent(sink.put(sets));
        throttle.sent(Instant::now());
    }
}

/// Until something changed or held rows expire; `false` when it is time to stop.
async fn wait_for_change(shared: &Shared, cancel: &CancellationToken) -> bool {
    loop {
        // Every change of the deadline comes with a notification, so one look per wait is enough.
        let deadline = shared.state().next_deadline();
        let expiry = async {
            match deadline {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = cancel.cancelled() => return false,
            () = shared.trigger.notified() => return true,
            () = expiry => {
                if shared.state().expire(Instant::now()) {
                    return true;
                }
            }
        }
    }
}
