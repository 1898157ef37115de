//! A local folder.
