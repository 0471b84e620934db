//! The stories, contracts and faults that prove the process.
