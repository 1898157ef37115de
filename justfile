# Every recipe is a step of CI; `just ci` runs them all.

# What there is
default:
    @just --list

# The main job on embedded defaults
local *arguments:
    cargo run --release -- local {{arguments}}

# All of CI, the quick steps first
ci: fmt typos deny infra clippy doc test monitor lakehouse-test bench-check

# The formatting
fmt:
    cargo fmt --check

# Spelling
typos:
    typos

# Licences, bans and sources of the dependencies (advisories need a database from the network)
deny:
    cargo deny --all-features check bans licenses sources
    # what is deployed has one TLS stack
    ! cargo tree --locked --no-default-features --edges normal | grep -E 'openssl v|openssl-sys|native-tls|amqp'

# The infrastructure: Terraform, Bicep, both against one another, workflows; installs what it needs
infra *arguments:
    tests/infra/check {{arguments}}

# The queries, alerts and figures of infra/monitor, run on what the real handler exports
monitor *arguments: handler
    tests/infra/check --handler {{arguments}}

# Measures what landing costs, and writes it into docs/cost.md; EVENTS=1000000 is the default
cost:
    cargo build --release --locked
    tests/infra/measure
    tests/infra/check --write

# Lints, as Cargo.toml has them
clippy:
    cargo clippy --locked --all-targets --all-features -- -D warnings
    cargo clippy --locked --all-targets --no-default-features -- -D warnings

# The documentation builds without a warning
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --all-features --no-deps --document-private-items

# All tests, with a short run of every fuzz target; installs and starts Azurite by itself
test:
    cargo test --locked --all-features

# The lakehouse's tests: the real handler, Spark and Delta; installs them by itself
lakehouse-test *arguments: handler
    lakehouse/run --test -q {{arguments}}

# The tables of a lake: prints gold, and plots the sales by day
lakehouse *arguments:
    lakehouse/run {{arguments}}

# The handler of target/debug, as the tests have it: features alike, so that nothing is built twice
[private]
handler:
    cargo test --quiet --locked --all-features --no-run --test memory

# More schedules of the landing's simulation: just simulate 0 1000000
simulate first count:
    SIMULATION={{first}}+{{count}} cargo test --release --locked --test simulation -- --nocapture

# A longer run of the fuzz targets on stable Rust: COUNT mutations of each, or FIRST+COUNT
fuzz count="1000000":
    FUZZ={{count}} cargo test --release --locked --test fuzz -- --nocapture

# The zip that is deployed: target/package/bronzegate.zip
package *arguments:
    infra/package {{arguments}}

# After a deployment: sends events with planted faults, and holds lake, store and telemetry against them
smoke *arguments:
    cargo build --release --locked --features event-hubs
    infra/smoke {{arguments}}

# The benchmarks of benches/README.md
bench *arguments:
    cargo bench --locked {{arguments}}

# The same job by others, beside it, into docs/speed.md: builds them, some minutes at the first time
peers *arguments:
    benches/peers/run {{arguments}}

# The handler's process by stores, partitions and delays of the store, into docs/speed.md
bench-process *arguments:
    cargo bench --quiet --locked --no-default-features --bench measure -- process {{arguments}}
    python3 benches/measure/report.py

# Instructions of decoding, judging and encoding, against benches/baseline.json: --write measures that anew
bench-check *arguments:
    benches/check {{arguments}}
