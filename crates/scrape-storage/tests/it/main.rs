//! The store on a real disk: against real peers, under `kill -9`, and what it allocates.

mod alloc;
mod interop;
mod kill;
mod lock;
