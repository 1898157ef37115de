//! The `bronzegate` program: all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    bronzegate::cli::run()
}
