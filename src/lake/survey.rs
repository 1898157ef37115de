//! Which streams a lake has, and which days of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::Stream;
use crate::landing::Kind;
use crate::store::{Store, StoreError, whole_level};

/// A day's folder: `date=2026-11-20`, or that of events whose time is not known. In order of time,
/// the unknown last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(String);

impl Day {
    const COLUMN: &str = "date=";

    /// A day by its date, as in `2026-11-20`.
    pub fn of(date: &str) -> Self {
        Self(format!("{}{date}", Self::COLUMN))
    }

    /// The folder's own name.
    pub fn folder(&self) -> &str {
        &self.0
    }

    /// The date as it stands in the name.
    pub fn date(&self) -> &str {
        &self.0[Self::COLUMN.len()..]
    }

    fn parse(folder: &str) -> Option<Self> {
        folder
            .starts_with(Self::COLUMN)
            .then(|| Self(folder.to_owned()))
    }
}

/// The streams of a lake with their days, and what stands where none can be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// The days of each stream that have a folder.
    pub streams: BTreeMap<Stream, BTreeSet<Day>>,
    /// Blobs and folders of other names.
    pub foreign: Vec<String>,
}

/// Looks which streams there are, or only for this one.
///
/// # Errors
/// Where the store can't be asked.
pub async fn survey(store: &dyn Store, only: Option<&Stream>) -> Result<Survey, StoreError> {
    let mut survey = Survey::default();
    for kind in [Kind::Bronze, Kind::Rejections] {
        let streams = match only {
            Some(stream) => vec![stream.clone()],
            None => survey.find(store, kind).await?,
        };
        for stream in streams {
            let folder = format!("{}/{stream}/", kind.folder());
            let level = whole_level(store, &folder).await?;
            let days = survey.streams.entry(stream).or_default();
            for child in level.folders {
                match Day::parse(child[folder.len()..].trim_end_matches('/')) {
                    Some(day) => _ = days.insert(day),
                    None => survey.foreign.push(child),
                }
            }
            survey.foreign.extend(level.blobs);
        }
    }
    survey.streams.retain(|_, days| !days.is_empty());
    Ok(survey)
}

impl Survey {
    async fn find(&mut self, store: &dyn Store, kind: Kind) -> Result<Vec<Stream>, StoreError> {
        let top = format!("{}/", kind.folder());
        let mut streams = Vec::new();
        let namespaces = whole_level(store, &top).await?;
        self.foreign.extend(namespaces.blobs);
        for namespace in namespaces.folders {
            let hubs = whole_level(store, &namespace).await?;
            self.foreign.extend(hubs.blobs);
            for hub in hubs.folders {
                let name = hub[top.len()..].trim_end_matches('/');
                let stream = Stream::new(name);
                if stream.as_str() == name {
                    streams.push(stream);
                } else {
                    self.foreign.push(hub);
                }
            }
        }
        Ok(streams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Blob, MemoryStore};

    #[tokio::test]
    async fn streams_and_days_are_found_and_what_is_neither_is_named() {
        let store = MemoryStore::new();
        for name in [
            "bronze/ns/orders/date=2026-11-20/hour=12/x",
            "rejections/ns/orders/date=2026-11-21/hour=00/x",
            "rejections/ns/returns@2/date=2026-11-21/hour=00/x",
            "bronze/readme.md",
            "bronze/ns/notes.txt",
            "bronze/ns/Orders/date=2026-11-20/hour=12/x",
            "bronze/ns/orders/checkpoints/x",
            "silver/ns/orders/date=2026-11-20/x",
        ] {
            store.put(name, Blob::default()).await.unwrap();
        }
        let found = survey(&store, None).await.unwrap();
        let streams: Vec<_> = found
            .streams
            .iter()
            .map(|(stream, days)| {
                let days: Vec<&str> = days.iter().map(Day::date).collect();
                (stream.as_str(), days.join(" "))
            })
            .collect();
        assert_eq!(
            streams,
            [
                ("ns/orders", "2026-11-20 2026-11-21".to_owned()),
                ("ns/returns@2", "2026-11-21".to_owned()),
            ]
        );
        assert_eq!(
            found.foreign,
            [
                "bronze/readme.md",
                "bronze/ns/notes.txt",
                "bronze/ns/Orders/",
                "bronze/ns/orders/checkpoints/",
            ]
        );
        let one = survey(&store, Some(&Stream::new("ns/returns@2"))).await;
        assert_eq!(one.unwrap().streams.len(), 1);
    }
}
