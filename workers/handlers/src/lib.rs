//! The workers: one file each.
