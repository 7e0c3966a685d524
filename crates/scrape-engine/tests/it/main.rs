//! The engine over real sockets: what it asks for, and what it makes of answers. Timing is tested elsewhere on
//! paused time; here everything waits for events.

mod http;
mod server;
