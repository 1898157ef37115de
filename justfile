# Every recipe is a step of CI; `just ci` runs them all.

# What there is
default:
    @just --list

# The main job on embedded defaults
local *arguments:
    cargo run --release -- local {{arguments}}

# All of CI, the quick steps first
ci: fmt typos deny infra clippy doc test lakehouse-test bench-check

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
lakehouse-test *arguments:
    cargo build --locked --all-features
    lakehouse/run --test -q {{arguments}}

# The tables of a lake: prints gold, and plots the sales by day
lakehouse *arguments:
    lakehouse/run {{arguments}}

# More schedules of the landing's simulation: just simulate 0 1000000
simulate first count:
    SIMULATION={{first}}+{{count}} cargo test --release --locked --test simulation -- --nocapture

# A longer run of the fuzz targets on stable Rust: COUNT mutations of each, or FIRST+COUNT
fuzz count="1000000":
    FUZZ={{count}} cargo test --release --locked --test fuzz -- --nocapture

# The zip that is deployed: target/package/bronzegate.zip
package *arguments:
    infra/package {{arguments}}

# The benchmarks of benches/README.md
bench *arguments:
    cargo bench --locked {{arguments}}

# Instructions of decoding, judging and encoding, against benches/baseline.json: --write measures that anew
bench-check *arguments:
    benches/check {{arguments}}
