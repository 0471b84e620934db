//! The front door: HTTP, and commands from the broker.
