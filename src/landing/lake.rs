//! The lake's marker: what all its blobs have in common, settled by whoever comes first.
//!
//! Names end in `.json.gz` or `.json`, and a commit is safe only while two processes can't choose
//! differently. So the choice stands in the lake, and a process with another setting stops here.

use super::LandingError;
use crate::encode::Compression;
use crate::store::{Blob, Creation, Store, StoreError};

/// The marker's name. Readers of a lake skip names that begin with `_`.
pub const MARKER: &str = "_bronzegate.json";

/// Makes sure that the store can be used and that its lake is such a one.
pub(super) async fn open(store: &dyn Store, compression: Compression) -> Result<(), LandingError> {
    store.ready().await?;
    let marker = format!("{{\"format\":1,\"compression\":\"{compression}\"}}\n");
    let blob = Blob {
        body: marker.clone().into(),
        ..Blob::default()
    };
    if store.create(MARKER, blob).await? == Creation::Created {
        return Ok(());
    }
    let there = read(store).await?;
    if there == marker {
        return Ok(());
    }
    Err(LandingError::OtherLake {
        problem: format!(
            "{MARKER} of this lake says {}, and the settings say {}: set BRONZE_COMPRESSION as the \
             lake has it, or give LANDING_URL another place",
            there.trim(),
            marker.trim()
        ),
    })
}

async fn read(store: &dyn Store) -> Result<String, StoreError> {
    let blob = store.read(MARKER).await?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&blob.body).into_owned())
}
