//! Size against time for each level of gzip, on bronze records: `cargo bench --bench levels`.

#![expect(clippy::print_stdout, reason = "its table is what it is for")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bronzegate::decode::{Cardinality, DataType, Naming, Trigger, decode};
use bronzegate::encode::{Compression, encode};
use bronzegate::judge::{Catalog, Limits, judge_batch};
use bronzegate::local::hub::{Hub, Input, posted};
use bronzegate::local::payload::Tries;
use flate2::write::GzEncoder;

const EVENTS: usize = 1_000;

fn main() {
    let input = Input::Generated {
        events: EVENTS,
        seed: 7,
        spoil: 0,
    };
    let hub = Hub::fill(&input, 1).unwrap();
    let tries = Tries {
        before: 0,
        most: -1,
    };
    let id = "f1248305-0000-4000-8000-000000000000";
    let body = posted(("orders", 0), 0, &hub.partitions[0], id, tries);
    let trigger = Trigger::declared("events", Cardinality::Many, DataType::Binary);
    let batch = decode(&body, &trigger, &Naming::default(), "i")
        .unwrap()
        .batch;
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let catalog = Arc::new(Catalog::load(&schemas).unwrap());
    let judged = judge_batch(&catalog, Limits::default(), batch);
    let records = encode(&judged, 0..EVENTS, Compression::None).bronze;
    println!("{EVENTS} bronze records, {} bytes\n", records.len());
    println!("| level | bytes | share | MB/s |\n|---|---|---|---|");
    for level in 1..=9 {
        let mut runs: Vec<(f64, usize)> = (0..15)
            .map(|_| {
                let start = Instant::now();
                let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::new(level));
                gzip.write_all(&records).unwrap();
                let size = gzip.finish().unwrap().len();
                (start.elapsed().as_secs_f64(), size)
            })
            .collect();
        runs.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (seconds, size) = runs[runs.len() / 2];
        println!(
            "| {level} | {size} | {:.1} % | {:.0} |",
            100.0 * size as f64 / records.len() as f64,
            records.len() as f64 / seconds / 1e6
        );
    }
}
