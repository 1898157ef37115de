//! Listing a folder tree in the order of the names' bytes.

use std::fs;
use std::io;
use std::path::Path;

use super::super::{Level, Listed, Page};
use super::{about, is_absence, sync};

/// Blobs of one page.
const PAGE: usize = 1000;

/// A page of the files under `root` whose names begin with `prefix`, from the name `from` on.
/// Hidden files and folders are not listed, nor are links and names that are not UTF-8.
pub(super) fn page(root: &Path, prefix: &str, from: Option<&str>) -> io::Result<Page> {
    fs::metadata(root)?;
    let mut walk = Walk {
        root,
        prefix,
        from: from.unwrap_or_default(),
        page: Page::default(),
    };
    walk.folder("")?;
    Ok(walk.page)
}

/// What stands directly in a folder.
pub(super) fn level(root: &Path, folder: &str) -> io::Result<Level> {
    fs::metadata(root)?;
    let walk = Walk {
        root,
        prefix: folder,
        from: "",
        page: Page::default(),
    };
    let mut level = Level::default();
    for name in walk.children(folder)? {
        if name.ends_with('/') {
            level.folders.push(name);
        } else {
            level.blobs.push(name);
        }
    }
    Ok(level)
}

struct Walk<'a> {
    root: &'a Path,
    prefix: &'a str,
    from: &'a str,
    page: Page,
}

impl Walk<'_> {
    /// Takes the blobs of a folder, whose name ends with a `/` or is empty, and syncs it, so that
    /// what was seen stays.
    fn folder(&mut self, folder: &str) -> io::Result<()> {
        for name in self.children(folder)? {
            if self.page.next.is_some() {
                break;
            }
            if name.ends_with('/') {
                self.folder(&name)?;
            } else if let Some((file, about)) = about::of(&self.root.join(&name))? {
                if self.page.blobs.len() == PAGE {
                    self.page.next = Some(name);
                    break;
                }
                let found = file.metadata()?;
                self.page.blobs.push(Listed {
                    name,
                    size: found.len(),
                    modified: found.modified()?,
                    metadata: about.metadata,
                });
            }
        }
        match sync(&self.root.join(folder)) {
            Err(error) if is_absence(&error) => Ok(()),
            synced => synced,
        }
    }

    /// The names in a folder that can lead to a blob of the page, in order; a folder's ends with a
    /// `/`, which is how its files' names compare with its neighbours'.
    fn children(&self, folder: &str) -> io::Result<Vec<String>> {
        let path = self.root.join(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            let file_name = entry.file_name();
            let Some(part) = file_name.to_str().filter(|part| !part.starts_with('.')) else {
                continue;
            };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let name = format!("{folder}{part}/");
                let matches = name.starts_with(self.prefix) || self.prefix.starts_with(&name);
                let passed = name.as_str() < self.from && !self.from.starts_with(&name);
                if matches && !passed {
                    names.push(name);
                }
            } else if kind.is_file() {
                let name = format!("{folder}{part}");
                if name.starts_with(self.prefix) && name.as_str() >= self.from {
                    names.push(name);
                }
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}
