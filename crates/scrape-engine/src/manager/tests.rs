//! The manager on paused time: when it takes over what, and what it does about jobs that come and go.

mod dropped_apply;
mod failure_log;
mod jobs;
mod model;
mod soak;
mod timing;
