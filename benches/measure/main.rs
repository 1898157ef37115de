//! The whole process under load, alone and beside its peers: `just bench-process`, `just peers`.
//!
//! - [`work`]: what is posted, and what has to become of it
//! - [`server`]: a process under load, started and watched
//! - [`load`]: the posting
//! - [`lake`]: what was written, held against what was posted
//! - [`slow`]: a store that is slow
//! - [`process`]: bronzegate by stores, partitions and delays
//! - [`peers`]: the same job by others
//! - [`kafka`]: records of a real broker, by bronzegate and by Bento
//! - [`results`]: where figures are kept

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![expect(clippy::print_stdout, reason = "it says how far it is")]

#[path = "../../tests/support/azurite.rs"]
mod azurite;
#[path = "../../tests/kafka/broker.rs"]
mod broker;
#[path = "../../tests/support/installed.rs"]
mod installed;
mod kafka;
mod lake;
mod load;
mod peers;
mod process;
mod results;
mod server;
mod slow;
mod work;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use work::root;

/// Measures the handler's process, alone and beside its peers.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    what: Option<What>,
    /// What `cargo bench` says to each benchmark.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum What {
    /// The same job by each peer that is built, with its verdicts checked.
    Peers {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        amount: Amount,
    },
    /// Records of a real broker, by the Kafka function and by Bento.
    Kafka {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        amount: Amount,
    },
    /// The handler by stores, partitions and delays of the store.
    Process {
        #[command(flatten)]
        common: Common,
        /// Events of a cell.
        #[arg(long, default_value_t = 200_000)]
        events: usize,
        /// Only cells whose name contains this.
        #[arg(long, default_value = "")]
        only: String,
    },
}

/// What all take.
#[derive(Args)]
pub struct Common {
    /// The handler.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_bronzegate"))]
    program: PathBuf,
    /// Where figures are kept, a file for each run.
    #[arg(long, default_value_os_t = root().join("target/measured"))]
    results: PathBuf,
    /// Leaves out what has figures there already.
    #[arg(long)]
    resume: bool,
}

/// Of whom, and how much.
#[derive(Args)]
struct Amount {
    /// Only these, by name.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Events of each.
    #[arg(long, default_value_t = 200_000)]
    events: usize,
    /// Partitions at once.
    #[arg(long, default_value_t = 8)]
    partitions: usize,
    /// Events of a request.
    #[arg(long, default_value_t = 1_000)]
    batch: usize,
}

impl Amount {
    fn size(&self) -> work::Size {
        work::Size {
            events: self.events,
            partitions: self.partitions,
            batch: self.batch,
        }
    }
}

fn main() {
    // one thread: the processors are for what is measured
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match Cli::parse().what {
        // with all other benchmarks: this one is asked for by name
        None => println!("measure: `just peers` and `just bench-process` run it"),
        Some(What::Peers { common, amount }) => {
            runtime.block_on(peers::run(&common, &amount.only, amount.size()));
        }
        Some(What::Kafka { common, amount }) => {
            runtime.block_on(kafka::run(&common, &amount.only, amount.size()));
        }
        Some(What::Process {
            common,
            events,
            only,
        }) => runtime.block_on(process::run(&common, events, &only)),
    }
}
