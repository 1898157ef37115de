//! The file beside a body that holds its metadata.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::{Blob, Metadata};
use super::open;

const SUFFIX: &str = ".about";

/// What a metadata file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    /// The body's length in bytes.
    pub(super) size: u64,
    /// The body's SHA-256 in hex.
    pub(super) sha256: String,
    /// What the blob says of itself.
    pub(super) metadata: Metadata,
}

impl About {
    pub(super) fn new(blob: &Blob) -> Self {
        Self {
            size: blob.body.len() as u64,
            sha256: hex(&Sha256::digest(&blob.body)),
            metadata: blob.metadata.clone(),
        }
    }

    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }
}

/// Where the metadata of the body with this inode number stands, if `path` is its name.
pub(super) fn path(path: &Path, inode: u64) -> PathBuf {
    path.with_file_name(format!("{}{inode:x}{SUFFIX}", stem(path)))
}

fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.")
}

/// The body at a name, open at its beginning, with what stands beside it; `None` where there is
/// no file.
pub(super) fn of(path: &Path) -> io::Result<Option<(File, About)>> {
    of_while(path, || ())
}

/// [`of`], with what others do between the look at the body and the look at its metadata.
fn of_while(path: &Path, mut meanwhile: impl FnMut()) -> io::Result<Option<(File, About)>> {
    loop {
        let Some((file, inode)) = open(path)? else {
            return Ok(None);
        };
        meanwhile();
        let size = file.metadata()?.len();
        let own = load(&self::path(path, inode))?.filter(|about| about.size == size);
        let about = if let Some(about) = own {
            about
        } else {
            let found = of_a_copy(path, &file, size)?;
            // a body that was replaced or removed meanwhile took its metadata with it
            if open(path)?.is_none_or(|(_, now)| now != inode) {
                continue;
            }
            found
        };
        return Ok(Some((file, about)));
    }
}

/// The metadata of a body whose inode number is not the one that it was written with, and none
/// where the file was never ours.
fn of_a_copy(path: &Path, file: &File, size: u64) -> io::Result<About> {
    let foreign = About {
        size,
        ..About::default()
    };
    let (Some(folder), stem) = (path.parent(), stem(path)) else {
        return Ok(foreign);
    };
    let mut left = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let inode = name
            .to_str()
            .and_then(|name| name.strip_prefix(&stem)?.strip_suffix(SUFFIX));
        if inode.is_some_and(|inode| u64::from_str_radix(inode, 16).is_ok()) {
            left.extend(load(&folder.join(name))?.filter(|about| about.size == size));
        }
    }
    if left.is_empty() {
        return Ok(foreign);
    }
    let digest = digest(file)?;
    left.retain(|about| about.sha256 == digest);
    let Some(first) = left.pop() else {
        return Ok(foreign);
    };
    if left.iter().any(|other| *other != first) {
        return Err(io::Error::other(format!(
            "{} files of metadata fit the body, and which is its own went lost with the copy",
            left.len() + 1
        )));
    }
    Ok(first)
}

/// A metadata file; `None` where there is none, and where what is there can't be read as one: the
/// blob then has no metadata, which its reader will name.
fn load(path: &Path) -> io::Result<Option<About>> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The SHA-256 of a whole file, whose position stays where it is.
fn digest(file: &File) -> io::Result<String> {
    let mut buffer = vec![0; 1 << 16];
    let mut offset = 0;
    let mut hasher = Sha256::new();
    loop {
        match file.read_at(&mut buffer, offset)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => {
                hasher.update(&buffer[..read]);
                offset += read as u64;
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::Mutex;

    use super::super::Folder;
    use super::*;

    fn blob(n: &str) -> Blob {
        Blob {
            body: n.to_owned().into(),
            metadata: [("n".to_owned(), n.to_owned())].into(),
        }
    }

    #[test]
    fn a_body_that_is_replaced_or_removed_meanwhile_is_looked_at_again() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder {
            root: root.path().to_owned(),
            durable: Mutex::default(),
        };
        folder.ready().unwrap();
        folder.put("x", &blob("1")).unwrap();
        let path = root.path().join("x");

        let mut others = Some(blob("2"));
        let found = of_while(&path, || {
            if let Some(blob) = others.take() {
                folder.put("x", &blob).unwrap();
            }
        });
        let (mut file, about) = found.unwrap().unwrap();
        let mut body = String::new();
        file.read_to_string(&mut body).unwrap();
        assert_eq!((body.as_str(), about.metadata["n"].as_str()), ("2", "2"));

        let found = of_while(&path, || folder.delete("x").unwrap());
        assert!(found.unwrap().is_none());
    }
}
