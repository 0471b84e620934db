//! What travels: one struct per message, its name and version, and the table of queues.
