//! The table of routes against the document, the examples and the domain.
