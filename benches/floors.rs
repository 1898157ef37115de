//! Decoding, judging and encoding beside what the machine could do at best, in one table:
//! `cargo bench --bench floors`.
//!
//! Each figure is the least of many runs on one thread, in several rounds over all cases, so that what
//! else the machine does shows little. `-- --once CASE STAGE` runs one stage of one case once, for
//! `benches/check` to count.

#![expect(clippy::print_stdout, reason = "its tables are what it is for")]
#![expect(clippy::print_stderr, reason = "it says how far it is")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

#[path = "support/cases.rs"]
mod cases;

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64_simd::STANDARD;
use bronzegate::encode::{Compression, encode};
use bronzegate::event::Batch;
use bronzegate::judge::{Catalog, Judged, Limits, Verdict, judge_batch};
use bronzegate::terminal::grouped;
use cases::{Case, Shape, catalog};
use flate2::GzBuilder;
use serde::de::IgnoredAny;

/// How long a figure is measured in a round.
const MEASURED: Duration = Duration::from_millis(100);
/// How often all cases are gone through: a machine that is shared is slow for seconds.
const ROUNDS: usize = 5;
/// As `encode` compresses.
const LEVEL: u32 = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--once", case, stage, ..] => once(case, stage),
        _ => table(words.first().filter(|word| !word.starts_with('-')).copied()),
    }
}

/// Runs a stage of a case: `line-175B/1000/2%`.
fn once(case: &str, stage: &str) {
    let parts: Vec<&str> = case.split('/').collect();
    let [shape, events, percent] = parts[..] else {
        panic!("{case}: a case is SHAPE/EVENTS/PERCENT");
    };
    let shape = Shape::ALL.into_iter().find(|it| it.word() == shape);
    let percent: u64 = percent.trim_end_matches('%').parse().unwrap();
    let case = Case::new(shape.unwrap(), events.parse().unwrap(), 100 * percent);
    let ours = Ours::new(catalog(), &case);
    // what is made once, at the first call of all, is not counted
    black_box(ours.whole(Compression::Gzip));
    match stage {
        "decode" => drop(measured(|| case.decoded())),
        "judge" => {
            let batch = case.decoded();
            drop(measured(|| ours.judge(batch)));
        }
        "encode" => drop(measured(|| ours.encode(Compression::None))),
        "gzip" => drop(measured(|| ours.encode(Compression::Gzip))),
        other => panic!("{other}: no such stage"),
    }
}

/// What `benches/check` counts: no more and no less.
#[inline(never)]
fn measured<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

/// Our stages.
struct Ours<'c> {
    case: &'c Case,
    catalog: Arc<Catalog>,
    judged: Judged,
}

impl<'c> Ours<'c> {
    fn new(catalog: Arc<Catalog>, case: &'c Case) -> Self {
        let judged = judge_batch(&catalog, Limits::default(), case.decoded());
        Self {
            case,
            catalog,
            judged,
        }
    }

    fn judge(&self, batch: Batch) -> Judged {
        judge_batch(&self.catalog, Limits::default(), batch)
    }

    fn encode(&self, compression: Compression) -> bronzegate::encode::Encoded {
        encode(&self.judged, 0..self.case.messages.len(), compression)
    }

    /// All three, as an invocation does them: the body is let go when it is decoded.
    fn whole(&self, compression: Compression) -> bronzegate::encode::Encoded {
        let body = self.case.body.clone();
        let batch = cases::decoded(&body);
        drop(body);
        encode(&self.judge(batch), 0..self.case.messages.len(), compression)
    }

    fn rejected(&self) -> usize {
        let rejected = |verdict: &&Verdict| matches!(verdict, Verdict::Rejected(_));
        self.judged.verdicts.iter().filter(rejected).count()
    }
}

fn table(filter: Option<&str>) {
    every_scan_tells_json_from_what_is_none();
    let catalog = catalog();
    let mut cases = Vec::new();
    for shape in Shape::ALL {
        for events in [100, 1_000, 5_000] {
            // how many are refused matters alike whatever the batch
            let shares: &[u64] = if events == 1_000 {
                &[0, 200, 5_000]
            } else {
                &[0]
            };
            cases.extend(shares.iter().map(|spoilt| (shape, events, *spoilt)));
        }
    }
    let cases: Vec<Case> = cases
        .into_iter()
        .map(|(shape, events, spoilt)| Case::new(shape, events, spoilt))
        .filter(|case| filter.is_none_or(|filter| case.name().contains(filter)))
        .collect();
    let ours: Vec<Ours<'_>> = cases
        .iter()
        .map(|case| Ours::new(Arc::clone(&catalog), case))
        .collect();
    let mut figures: Vec<Figures> = vec![[f64::INFINITY; FIGURES]; ours.len()];
    for round in 1..=ROUNDS {
        for (figures, ours) in figures.iter_mut().zip(&ours) {
            for (least, figure) in figures.iter_mut().zip(measure(ours)) {
                *least = least.min(figure);
            }
        }
        eprintln!("round {round} of {ROUNDS}");
    }
    let (mut floors, mut stages, mut costs) = (String::new(), String::new(), String::new());
    for (figures, ours) in figures.into_iter().zip(&ours) {
        let [copy_in, base64, request, scan, copy_out, gzip, post, ..] = figures;
        floors.push_str(&format!(
            "| {} | {copy_in:.0} | {base64:.0} | {request:.0} | {scan:.0} | {copy_out:.0} | {gzip:.0} | {post:.0} |\n",
            ours.case.name(),
        ));
        stages.push_str(&row(ours.case, figures));
        costs.push_str(&cost(ours));
    }
    println!(
        "Floors, ns an event: the least of {ROUNDS} rounds of {} ms each, on one thread.\n\n\
         | case | copy of the request | base64 | scan of the request's JSON | scan of the events' JSON | copy of the records | gzip of the records | loopback POST |\n\
         |---|---|---|---|---|---|---|---|\n{floors}",
        MEASURED.as_millis()
    );
    println!(
        "Ours, ns an event, and as a multiple of its floors.\n\n\
         | case | decode | judge | encode, `none` | all three | of the floors | events/s | encode, `gzip` | all three | of the floors | events/s |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n{stages}"
    );
    println!(
        "Memory of all three, with `gzip`.\n\n\
         | case | refused | bytes of payload an event | allocations an event | peak, of the request's bytes |\n\
         |---|---|---|---|---|\n{costs}"
    );
}

/// The floors, and then our stages, ns an event.
type Figures = [f64; FIGURES];
const FIGURES: usize = 11;

/// One round of a case: each floor by the fastest that was found for it.
fn measure(ours: &Ours<'_>) -> Figures {
    let case = ours.case;
    let events = case.messages.len() as f64;
    let bodies = || case.messages.iter().map(|it| it.body.as_slice());
    let encoded: Vec<String> = bodies().map(|it| STANDARD.encode_to_string(it)).collect();
    let lines = ours.encode(Compression::None);
    let mut records = lines.bronze.to_vec();
    records.extend(lines.rejections.iter().flat_map(|it| it.body.iter()));
    let payload: usize = bodies().map(<[u8]>::len).sum();
    let mut buffer = vec![0; case.body.len().max(records.len())];
    let mut copy = |from: &[u8]| {
        let buffer = &mut buffer[..from.len()];
        least(|| buffer.copy_from_slice(black_box(from)), events)
    };
    let (copy_in, copy_out) = (copy(&case.body), copy(&records));
    let base64 = least(
        || {
            let mut payload = Vec::with_capacity(payload + 16);
            for text in &encoded {
                STANDARD
                    .decode_append(text.as_bytes(), &mut payload)
                    .unwrap();
            }
            payload
        },
        events,
    );
    let fastest = |texts: &dyn Fn(Scan) -> usize| {
        SCANS
            .iter()
            .map(|(_, scan)| least(|| texts(*scan), events))
            .fold(f64::INFINITY, f64::min)
    };
    [
        copy_in,
        base64,
        fastest(&|scan| usize::from(scan(&case.body))),
        fastest(&|scan| bodies().filter(|body| scan(body)).count()),
        copy_out,
        least(
            || {
                let body = Vec::with_capacity(records.len() / 8);
                let mut gzip = GzBuilder::new().write(body, flate2::Compression::new(LEVEL));
                gzip.write_all(&records).unwrap();
                gzip.finish().unwrap()
            },
            events,
        ),
        post(&case.body, events),
        least(|| case.decoded(), events),
        least_with(|| case.decoded(), |batch| ours.judge(batch), events),
        least(|| ours.encode(Compression::None), events),
        least(|| ours.encode(Compression::Gzip), events),
    ]
}

/// Our stages, and as multiples of their floors.
fn row(case: &Case, figures: Figures) -> String {
    let [
        copy_in,
        base64,
        request,
        scan,
        copy_out,
        gzip,
        _,
        stages @ ..,
    ] = figures;
    let [decode, judge, none, packed] = stages;
    let floor = copy_in + base64 + request + scan + copy_out;
    let beside = |ns: f64, floor: f64| format!("{ns:.0} ({:.1}x)", ns / floor);
    let per_second = |ns: f64| format!("{},000", grouped((1e6 / ns) as u64));
    let (all, all_packed) = (decode + judge + none, decode + judge + packed);
    format!(
        "| {} | {} | {} | {} | {all:.0} | **{:.2}x** | {} | {} | {all_packed:.0} | **{:.2}x** | {} |\n",
        case.name(),
        beside(decode, copy_in + base64 + request),
        beside(judge, scan),
        beside(none, copy_out),
        all / floor,
        per_second(all),
        beside(packed, copy_out + gzip),
        all_packed / (floor + gzip),
        per_second(all_packed),
    )
}

/// What all three stages allocate.
fn cost(ours: &Ours<'_>) -> String {
    let case = ours.case;
    let events = case.messages.len() as f64;
    let cost = allocation_counter::measure(|| drop(ours.whole(Compression::Gzip)));
    let payload: usize = case.messages.iter().map(|it| it.body.len()).sum();
    format!(
        "| {} | {} | {:.0} | {:.3} | {:.2} |\n",
        case.name(),
        ours.rejected(),
        payload as f64 / events,
        cost.count_total as f64 / events,
        cost.bytes_max as f64 / case.body.len() as f64,
    )
}

/// Tells a JSON text from what is none.
type Scan = fn(&[u8]) -> bool;

const SCANS: [(&str, Scan); 1] = [("serde_json", |text| {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
})];

fn every_scan_tells_json_from_what_is_none() {
    for (name, scan) in SCANS {
        assert!(scan(br#"{"a":[1.5e3,null,true,"\u00e9"]}"#), "{name}");
        for text in [
            &b""[..],
            b"{\"a\":1,}",
            b"[1 2]",
            b"[01]",
            b"{\"a\"}",
            b"[+1]",
            b"\"\\x\"",
            b"[1]]",
        ] {
            assert!(!scan(text), "{name}: {}", String::from_utf8_lossy(text));
        }
    }
}

/// A POST to a server on loopback that reads the body and throws it away.
fn post(body: &[u8], events: f64) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.set_nodelay(true).unwrap();
    let head = format!(
        "POST /IngestOrders HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let whole = head.len() + body.len();
    let answering = std::thread::spawn(move || {
        let mut buffer = vec![0; 256 * 1024];
        let mut read = 0;
        while let Ok(more @ 1..) = server.read(&mut buffer) {
            read += more;
            if read == whole {
                read = 0;
                server
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    .unwrap();
            }
        }
    });
    let mut answer = [0; 256];
    let time = least(
        || {
            client.write_all(head.as_bytes()).unwrap();
            client.write_all(body).unwrap();
            client.read(&mut answer).unwrap()
        },
        events,
    );
    drop(client);
    answering.join().unwrap();
    time
}

/// The least time of many runs, in ns an event.
fn least<T>(mut work: impl FnMut() -> T, events: f64) -> f64 {
    least_with(|| (), |()| work(), events)
}

/// The same of work on something that is made anew for each run.
fn least_with<I, T>(mut make: impl FnMut() -> I, mut work: impl FnMut(I) -> T, events: f64) -> f64 {
    let (start, mut least) = (Instant::now(), Duration::MAX);
    let mut runs = 0;
    while runs < 5 || start.elapsed() < MEASURED {
        let input = make();
        let before = Instant::now();
        let output = black_box(work(black_box(input)));
        least = least.min(before.elapsed());
        drop(output);
        runs += 1;
    }
    least.as_secs_f64() * 1e9 / events
}
