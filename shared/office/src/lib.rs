//! The application: load, decide, turn facts into sets. HTTP, handlers and import all call it.

pub mod catalogue_files;
