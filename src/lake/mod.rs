//! What stands in a lake, read back: its streams and sections, an hour's blobs, a blob's records.

mod hours;
mod record;
mod survey;

pub use hours::{Hour, Hours};
pub use record::{Damage, Record, each_line};
pub use survey::{Section, Survey, survey};
