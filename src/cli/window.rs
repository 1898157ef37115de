//! Which part of a lake a command works on.

use clap::Args;

use super::moment::moment;
use crate::event::{EnqueuedTime, Stream};

#[derive(Args)]
pub(super) struct WindowArguments {
    /// Only this stream, as in `shop/orders`
    #[arg(long, value_name = "NAMESPACE/HUB", value_parser = stream)]
    pub(super) stream: Option<Stream>,
    /// Only what the hub took at this time or later: `2026-11-20`, `2026-11-20T07:30:00Z`, or how
    /// long ago, as in `24h` and `7d`; an audit takes whole hours, and Kafka topics whole
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(super) since: Option<EnqueuedTime>,
    /// Only what the hub took before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(super) until: Option<EnqueuedTime>,
}

pub(super) fn stream(text: &str) -> Result<Stream, String> {
    match text.split('/').collect::<Vec<_>>()[..] {
        [namespace, hub] if !namespace.is_empty() && !hub.is_empty() => Ok(Stream::new(text)),
        _ => {
            Err("write it as in shop/orders or shop/orders@2, as the folders are named".to_owned())
        }
    }
}
