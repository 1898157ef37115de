//! The `bronzegate` program.

use std::io::Write;
use std::process::ExitCode;

use bronzegate::settings::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    bronzegate::telemetry::start(tracing::Level::INFO);
    let settings = Settings::read(|name| std::env::var(name).ok(), std::path::Path::new("."));
    let ended = match settings {
        Ok(settings) => bronzegate::serve::run(settings)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}
