//! What several tests need.

pub mod azurite;
pub mod service;
