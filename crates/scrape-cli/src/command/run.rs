//! `scrape-cli run`: start, say what was started, work until told to stop, drain.

use crate::app::App;
use crate::app::lifecycle::Signals;
use crate::app::settings::Settings;
use crate::args::RunArgs;
use crate::{exit, logging};
use anyhow::Context;

/// Runs until a signal or a request ends it.
pub(crate) fn main(args: RunArgs, ignored_flags: &[String]) -> anyhow::Result<u8> {
    logging::init(args.log_level, args.log_format)?;
    for flag in ignored_flags {
        tracing::warn!(flag, "this flag has no meaning here and is ignored");
    }
    let settings = Settings::resolve(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("scrape")
        .build()
        .context("starting the runtime")?;
    let result = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let app = tokio::select! {
            app = App::start(settings) => app?,
            // Whatever of the log was being read is as it was.
            reason = signals.stop() => {
                tracing::info!(reason, "stopped while starting");
                return Ok(());
            }
        };
        app.run(signals).await
    });
    // Nothing of value is left running; a blocked name lookup must not hold up the exit.
    runtime.shutdown_background();
    result.map(|()| exit::OK)
}
