//! The store port: the Desk (a unit of work), shared queries, and the suite every store must pass.
