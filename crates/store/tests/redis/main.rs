//! The Redis backend, against real servers that the tests start themselves.

mod conformance;
mod first_start;
mod support;
