//! The store and the spool on an embedded SQLite file.
