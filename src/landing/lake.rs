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
    let marker = marker(compression);
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

fn marker(compression: Compression) -> String {
    format!("{{\"format\":1,\"compression\":\"{compression}\"}}\n")
}

/// What the marker says: how the lake's blobs are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// It is a lake of this format.
    Lake(Compression),
    /// The marker says something that this program does not know.
    Unknown,
    /// There is no marker, hence no lake.
    Nothing,
}

/// Reads the lake's marker.
///
/// # Errors
/// Where the store can't be asked.
pub async fn marked(store: &dyn Store) -> Result<Marked, StoreError> {
    let Some(blob) = store.read(MARKER).await? else {
        return Ok(Marked::Nothing);
    };
    let known = [Compression::Gzip, Compression::None];
    let said = known
        .into_iter()
        .find(|it| marker(*it).as_bytes() == blob.body);
    Ok(said.map_or(Marked::Unknown, Marked::Lake))
}

async fn read(store: &dyn Store) -> Result<String, StoreError> {
    let blob = store.read(MARKER).await?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&blob.body).into_owned())
}
