//! Load: partitions beside one another, each with one request after another, as the host posts them.

use std::time::{Duration, Instant};

use bronzegate::local::call::Call;
use futures::future::try_join_all;
use serde_json::{Value, json};

use super::server::Server;
use super::work::Work;

/// What a run took.
pub struct Run {
    /// Events that were answered 200.
    pub events: usize,
    /// From the first request to the last answer.
    pub took: Duration,
    /// Processor time of the server.
    pub cpu: Duration,
    /// The most memory that the server held.
    pub peak: u64,
    /// Of each invocation, in ascending order.
    pub latencies: Vec<Duration>,
}

/// Posts all of it. Where one is not answered 200 the run is worth nothing, and this panics.
pub async fn feed(server: &Server, work: &mut Work) -> Run {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = Call::to(server.url(), client);
    let (watch, cpu, start) = (server.watch(), server.cpu(), Instant::now());
    let partitions = work.partitions.iter_mut().map(|posts| {
        let call = call.clone();
        async move {
            let mut latencies = Vec::with_capacity(posts.len());
            for post in posts.drain(..) {
                let start = Instant::now();
                call.post(post.body, &post.id).await?;
                latencies.push(start.elapsed());
            }
            Ok::<_, String>(latencies)
        }
    });
    let latencies = try_join_all(partitions).await;
    let took = start.elapsed();
    let mut latencies = latencies
        .unwrap_or_else(|answer| panic!("not answered 200: {answer}"))
        .concat();
    latencies.sort_unstable();
    Run {
        events: work.events(),
        took,
        cpu: server.cpu().saturating_sub(cpu),
        peak: watch.peak(),
        latencies,
    }
}

impl Run {
    /// The figures. A quantile that so few invocations can't show is left out.
    pub fn figures(&self) -> Value {
        let (events, took) = (self.events as f64, self.took.as_secs_f64());
        let cpu = self.cpu.as_secs_f64();
        let enough = |least: usize, share: f64| {
            (self.latencies.len() >= least).then(|| self.quantile(share))
        };
        // for the plot: every hundredth, and what is beyond
        let curve = (0..=99).map(|it| f64::from(it) / 100.0);
        let curve = curve.chain([0.995, 0.999, 1.0]);
        let curve: Vec<_> = curve.map(|it| json!([it, self.quantile(it)])).collect();
        json!({
            "events": self.events,
            "invocations": self.latencies.len(),
            "seconds": took,
            "events_a_second": events / took,
            "cpu_seconds": cpu,
            "cpu_seconds_a_million": cpu / events * 1e6,
            "events_a_cpu_second": events / cpu.max(1e-2),
            "peak_bytes": self.peak,
            "p50_ms": self.quantile(0.5),
            "p99_ms": enough(100, 0.99),
            "p999_ms": enough(1_000, 0.999),
            "max_ms": self.quantile(1.0),
            "latency_curve": curve,
        })
    }

    /// Milliseconds within which this share was answered.
    fn quantile(&self, share: f64) -> f64 {
        let last = self.latencies.len() - 1;
        let at = (share * self.latencies.len() as f64).ceil() as usize;
        self.latencies[at.saturating_sub(1).min(last)].as_secs_f64() * 1e3
    }
}
