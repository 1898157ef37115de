//! A section's blobs, hour by hour: accepted and rejected side by side, and no more than an hour
//! held. Of a topic it is a partition at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Section;
use crate::event::Stream;
use crate::landing::Kind;
use crate::store::{Listed, Store, StoreError};

/// What stands in an hour's folders; of a topic, in those of a partition's million offsets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hour {
    /// Under `bronze/`, in the order of the names.
    pub bronze: Vec<Listed>,
    /// Under `rejections/`.
    pub rejections: Vec<Listed>,
}

/// Reads the hours of a section, one after another. What stands in the section's folder itself
/// comes as an hour of its own.
pub struct Hours {
    bronze: Pages,
    rejections: Pages,
}

impl Hours {
    /// The hours of a stream's section.
    pub fn of(store: &Arc<dyn Store>, stream: &Stream, section: &Section) -> Self {
        let pages = |kind: Kind| Pages {
            store: Arc::clone(store),
            prefix: format!("{}/{stream}/{}/", kind.folder(), section.folder()),
            listed: VecDeque::new(),
            next: Next::First,
        };
        Self {
            bronze: pages(Kind::Bronze),
            rejections: pages(Kind::Rejections),
        }
    }

    /// The hours of a stream's section that have rejections, without what is under `bronze/`.
    pub fn of_rejections(store: &Arc<dyn Store>, stream: &Stream, section: &Section) -> Self {
        let mut hours = Self::of(store, stream, section);
        hours.bronze.next = Next::End;
        hours
    }

    /// The next hour; `None` at the section's end.
    ///
    /// # Errors
    /// Where the store can't be asked.
    pub async fn next(&mut self) -> Result<Option<Hour>, StoreError> {
        // a commit comes before its rejections, so they are looked at in this order
        let (bronze, rejections) = (self.bronze.peek().await?, self.rejections.peek().await?);
        let Some(hour) = [bronze, rejections].into_iter().flatten().min() else {
            return Ok(None);
        };
        Ok(Some(Hour {
            bronze: self.bronze.take(&hour).await?,
            rejections: self.rejections.take(&hour).await?,
        }))
    }
}

struct Pages {
    store: Arc<dyn Store>,
    prefix: String,
    listed: VecDeque<Listed>,
    next: Next,
}

enum Next {
    First,
    Page(String),
    End,
}

impl Pages {
    /// The folder below the section's in which the next blob stands, or its own name.
    async fn peek(&mut self) -> Result<Option<String>, StoreError> {
        while self.listed.is_empty() {
            let from = match std::mem::replace(&mut self.next, Next::End) {
                Next::First => None,
                Next::Page(from) => Some(from),
                Next::End => return Ok(None),
            };
            let page = self.store.list(&self.prefix, from).await?;
            self.listed.extend(page.blobs);
            self.next = page.next.map_or(Next::End, Next::Page);
        }
        let child = |listed: &Listed| {
            let rest = listed.name.get(self.prefix.len()..).unwrap_or_default();
            match rest.find('/') {
                Some(end) => rest[..=end].to_owned(),
                None => rest.to_owned(),
            }
        };
        Ok(self.listed.front().map(child))
    }

    async fn take(&mut self, hour: &str) -> Result<Vec<Listed>, StoreError> {
        let mut taken = Vec::new();
        while self.peek().await?.as_deref() == Some(hour) {
            taken.extend(self.listed.pop_front());
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Blob, MemoryStore};

    #[tokio::test]
    async fn the_hours_of_both_folders_come_together() {
        let store = MemoryStore::new();
        let put = async |name: String| store.put(&name, Blob::default()).await.unwrap();
        for n in 0..9 {
            put(format!("bronze/ns/hub/date=2026-11-20/hour=07/{n}")).await;
            put(format!("bronze/ns/hub/date=2026-11-20/hour=09/{n}")).await;
        }
        put("rejections/ns/hub/date=2026-11-20/hour=08/x".to_owned()).await;
        put("rejections/ns/hub/date=2026-11-20/hour=09/x".to_owned()).await;
        put("bronze/ns/hub/date=2026-11-20/stray".to_owned()).await;
        put("bronze/ns/hub/date=2026-11-20/hour=07/deep/stray".to_owned()).await;
        put("bronze/ns/hub/date=2026-11-21/hour=00/x".to_owned()).await;
        let store: Arc<dyn Store> = Arc::new(store);
        let section = Section::parse("date=2026-11-20").unwrap();
        let mut hours = Hours::of(&store, &Stream::new("ns/hub"), &section);
        let mut seen = Vec::new();
        while let Some(hour) = hours.next().await.unwrap() {
            seen.push((hour.bronze.len(), hour.rejections.len()));
        }
        assert_eq!(seen, [(10, 0), (0, 1), (9, 1), (1, 0)]);
    }
}
