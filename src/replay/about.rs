//! What a replay's blobs say of themselves: their metadata.

use super::lines::Lines;
use crate::store::Metadata;

/// The version of this metadata, under the key `bronzegate`.
const VERSION: &str = "1";

/// Which lines of a rejection blob a replay landed. Its bronze blob and its resolution blob say
/// the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The lines.
    pub lines: Lines,
    /// The digest of the rejection blob, as its own metadata has it under `outbox`.
    pub rejections: String,
    /// The digest of the schema catalog.
    pub catalog: String,
}

impl Replayed {
    /// As it is kept beside the blob. The keys are `bronzegate` (the version, `1`), `lines`
    /// (`1-4,7`), `accepted` (how many), `replays` (the rejection blob's digest), `catalog`.
    pub fn to_metadata(&self) -> Metadata {
        Metadata::from([
            ("bronzegate".to_owned(), VERSION.to_owned()),
            ("lines".to_owned(), self.lines.to_string()),
            ("accepted".to_owned(), self.lines.len().to_string()),
            ("replays".to_owned(), self.rejections.clone()),
            ("catalog".to_owned(), self.catalog.clone()),
        ])
    }

    /// Reads a blob's metadata; `None` where it is not ours.
    pub fn from_metadata(metadata: &Metadata) -> Option<Self> {
        if metadata.get("bronzegate")? != VERSION {
            return None;
        }
        let lines: Lines = metadata.get("lines")?.parse().ok()?;
        let counted = metadata.get("accepted")?.parse() == Ok(lines.len());
        (counted && !lines.is_empty()).then_some(Self {
            lines,
            rejections: metadata.get("replays")?.clone(),
            catalog: metadata.get("catalog")?.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_as_it_is_written_and_nothing_else_is() {
        let replayed = Replayed {
            lines: Lines::that_fit([1, 2, 9]),
            rejections: "ab".to_owned(),
            catalog: "cd".to_owned(),
        };
        let metadata = replayed.to_metadata();
        assert_eq!(Replayed::from_metadata(&metadata), Some(replayed));
        for key in metadata.keys() {
            let mut without = metadata.clone();
            without.remove(key);
            assert_eq!(Replayed::from_metadata(&without), None, "without {key}");
        }
        let mut other = metadata;
        other.insert("accepted".to_owned(), "4".to_owned());
        assert_eq!(Replayed::from_metadata(&other), None);
    }
}
