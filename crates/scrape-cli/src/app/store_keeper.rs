//! The thread that looks after the store: brings commits to the medium, drops what is too old. It blocks on
//! the disk, so it is no task of the runtime.

use scrape_storage::Store;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the store is asked whether something is due.
const TICK: Duration = Duration::from_millis(250);

pub(crate) struct StoreKeeper {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl StoreKeeper {
    pub(crate) fn start(store: Store) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                let mut last_error = None;
                while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    let error = store.maintain().err().map(|e| e.to_string());
                    if error != last_error {
                        match &error {
                            Some(e) => tracing::error!(
                                error = e,
                                "maintaining the store failed; it is tried again"
                            ),
                            None => tracing::info!("maintaining the store works again"),
                        }
                        last_error = error;
                    }
                }
            })?;
        Ok(Self { stop, thread })
    }

    /// Ends the thread; returns when it has ended.
    pub(crate) fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the store's maintenance ended by a panic");
        }
    }
}
