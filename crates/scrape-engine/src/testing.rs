//! What the tests of this crate share: a wall clock that follows the runtime's paused clock, scripted
//! targets, and a rig that puts a manager's parts together.

mod rig;
mod script;

pub(crate) use rig::{PausedClock, Rig, config, group, job, sets};
pub(crate) use script::{Reply, Script};
