//! Each target keeps a connection, hence a file descriptor; the usual soft limit of 1024 is too few for a
//! thousand targets. Raised to what the administrator allows, as every Go program does by itself.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard one; says so when it cannot.
pub(crate) fn raise_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = match (current, maximum) {
        // No limit at all.
        (None, _) => return,
        (Some(now), Some(max)) if now >= max => return,
        _ => Rlimit {
            current: maximum,
            maximum,
        },
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => tracing::debug!(from = ?current, to = ?maximum, "raised the limit of open files"),
        Err(error) => {
            tracing::warn!(limit = ?current, %error, "cannot raise the limit of open files")
        }
    }
}
