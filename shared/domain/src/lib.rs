//! The office's words and rules: pure, no I/O, no clock.
