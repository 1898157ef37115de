//! Which streams a lake has, and which sections of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{EnqueuedTime, Log, Stream};
use crate::landing::{Folder, Kind};
use crate::store::{Store, StoreError, whole_level};

/// A folder right below a stream's: a day of a hub (`date=2026-11-20`), a million offsets of a
/// topic (`offset=47`), or that of events whose coordinates are not known. A hub's are in order of
/// time, the unknown last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Section {
    log: Log,
    folder: String,
}

impl Section {
    /// A section by its folder's name; `None` for one that is not ours.
    pub fn parse(folder: &str) -> Option<Self> {
        let (log, _) = Folder::column(folder)?;
        Some(Self {
            log,
            folder: folder.to_owned(),
        })
    }

    /// The folder's own name.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// What the stream is.
    pub fn log(&self) -> Log {
        self.log
    }

    /// Whether it may have events of these days. A topic's folders say nothing of days, so each may.
    pub fn reaches(&self, since: Option<EnqueuedTime>, until: Option<EnqueuedTime>) -> bool {
        let Some(day) = self.folder.strip_prefix("date=") else {
            return true;
        };
        let date = |time: EnqueuedTime| time.to_string()[..10].to_owned();
        since.is_none_or(|since| *day >= *date(since))
            && until.is_none_or(|until| *day <= *date(until))
    }
}

/// The streams of a lake with their sections, and what stands where none can be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// The sections of each stream.
    pub streams: BTreeMap<Stream, BTreeSet<Section>>,
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
            let sections = survey.streams.entry(stream).or_default();
            for child in level.folders {
                match Section::parse(child[folder.len()..].trim_end_matches('/')) {
                    Some(section) => _ = sections.insert(section),
                    None => survey.foreign.push(child),
                }
            }
            survey.foreign.extend(level.blobs);
        }
    }
    survey.streams.retain(|_, sections| !sections.is_empty());
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
    async fn streams_and_sections_are_found_and_what_is_neither_is_named() {
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
            "bronze/kafka/orders/offset=0/partition=3/x",
            "bronze/kafka/orders/part=0/x",
        ] {
            store.put(name, Blob::default()).await.unwrap();
        }
        let found = survey(&store, None).await.unwrap();
        let streams: Vec<_> = found
            .streams
            .iter()
            .map(|(stream, sections)| {
                let sections: Vec<&str> = sections.iter().map(Section::folder).collect();
                (stream.as_str(), sections.join(" "))
            })
            .collect();
        assert_eq!(
            streams,
            [
                ("kafka/orders", "offset=0".to_owned()),
                ("ns/orders", "date=2026-11-20 date=2026-11-21".to_owned()),
                ("ns/returns@2", "date=2026-11-21".to_owned()),
            ]
        );
        assert_eq!(
            found.foreign,
            [
                "bronze/readme.md",
                "bronze/ns/notes.txt",
                "bronze/ns/Orders/",
                "bronze/kafka/orders/part=0/",
                "bronze/ns/orders/checkpoints/",
            ]
        );
        let one = survey(&store, Some(&Stream::new("ns/returns@2"))).await;
        assert_eq!(one.unwrap().streams.len(), 1);
    }
}
