//! What every store does: one suite, to which the tests hold each implementation, and
//! `bronzegate conform` an account as it is deployed.
//!
//! Each case works in a store of its own: a folder, a prefix of a container. What it leaves there is
//! for its caller to remove; [`clear`] does.

mod cases;

use std::collections::BTreeSet;
use std::fmt::{self, Debug, Display};
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Serialize;

use super::{Blob, Store, StoreError, list_all};

/// A case, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// What it holds a store to, in words.
    pub name: String,
    /// How it ended.
    #[serde(flatten)]
    pub ended: Ended,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "ended", content = "problem")]
pub enum Ended {
    /// The store does it.
    Conforms,
    /// It is said of flat names, and the store has a hierarchical namespace.
    FlatOnly,
    /// It does something else.
    Fails(String),
}

impl Ended {
    /// Whether there is nothing to mend.
    pub fn is_good(&self) -> bool {
        !matches!(self, Self::Fails(_))
    }
}

/// What a store did otherwise than it has to.
#[derive(Debug)]
pub(crate) struct Flaw(String);

impl From<StoreError> for Flaw {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<tokio::task::JoinError> for Flaw {
    fn from(error: tokio::task::JoinError) -> Self {
        Self(format!("a task ended: {error}"))
    }
}

impl Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

type Checked = Result<(), Flaw>;

/// A case: its name as an identifier, whether it is said of flat names alone, and what it does.
type Entry = (
    &'static str,
    bool,
    fn(Arc<dyn Store>) -> BoxFuture<'static, Checked>,
);

/// Runs every case on a store of its own, which `open` makes of the case's name: letters and hyphens.
///
/// # Errors
/// Where a store can't be asked or written to at all; the cases say the rest.
pub async fn run(open: impl Fn(&str) -> Arc<dyn Store>) -> Result<Vec<Case>, StoreError> {
    let hierarchical = hierarchical(&*open("namespace")).await?;
    let mut cases = Vec::new();
    for (name, flat, case) in cases::ALL {
        let ended = if *flat && hierarchical {
            Ended::FlatOnly
        } else {
            let store = open(&name.replace('_', "-"));
            let checked = async {
                store.ready().await?;
                // a second start finds what the first one made
                store.ready().await?;
                case(store).await
            };
            match checked.await {
                Ok(()) => Ended::Conforms,
                Err(flaw) => Ended::Fails(flaw.to_string()),
            }
        };
        cases.push(Case {
            name: name.replace('_', " "),
            ended,
        });
    }
    Ok(cases)
}

/// Whether folders are there by themselves: a hierarchical namespace answers for one as for a blob.
async fn hierarchical(store: &dyn Store) -> Result<bool, StoreError> {
    store.ready().await?;
    store.put("folder/blob", Blob::default()).await?;
    let folder = store.metadata("folder").await?;
    Ok(folder.is_some())
}

/// Removes all that a store holds, and the folders that a hierarchical namespace keeps.
///
/// # Errors
/// Where something could not be removed.
pub async fn clear(store: &dyn Store) -> Result<(), StoreError> {
    let mut folders = BTreeSet::new();
    let listed = list_all(store, "").await?;
    for blob in &listed {
        store.delete(&blob.name).await?;
        let ends = blob.name.match_indices('/').map(|(end, _)| end);
        folders.extend(ends.map(|end| blob.name[..end].to_owned()));
    }
    // the deepest first; a flat namespace has none
    for folder in folders.iter().rev() {
        if store.metadata(folder).await?.is_some() {
            store.delete(folder).await?;
        }
    }
    Ok(())
}

/// A blob with a body and one pair of metadata.
fn blob(body: impl Into<Bytes>, key: &str, value: &str) -> Blob {
    Blob {
        body: body.into(),
        metadata: [(key.to_owned(), value.to_owned())].into(),
    }
}

/// Holds what is against what has to be.
fn same<T: PartialEq + Debug + ?Sized>(what: &str, is: &T, expected: &T) -> Checked {
    if is == expected {
        return Ok(());
    }
    let brief = |value: &T| -> String { format!("{value:?}").chars().take(200).collect() };
    Err(Flaw(format!(
        "{what}: it is {}, and not {}",
        brief(is),
        brief(expected)
    )))
}

/// Holds that something is so.
fn holds(is: bool, flaw: impl FnOnce() -> String) -> Checked {
    if is { Ok(()) } else { Err(Flaw(flaw())) }
}
