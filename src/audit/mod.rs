//! Audit: reads a lake, and proves that every event in it is accounted for.

mod finding;
mod report;

pub use finding::{Finding, FindingKind};
pub use report::{
    Bucket, Counts, Example, ExampleError, GapReport, LifeReport, OutboxReport, PartitionReport,
    RangeReport, ReasonReport, Report, StreamReport,
};
