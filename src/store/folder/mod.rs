//! A local folder, as durable as the word says.
//!
//! A blob's body is a plain file under its name, so that every reader of files reads the lake. Its
//! metadata stands beside it in `.<file name>.<inode of the body>.about`, and what is not whole
//! yet in `.tmp` below the root.
//!
//! **One atomic step.** A writer first writes its body to a file of its own in `.tmp`, then the
//! metadata file, which bears that file's inode number, and only then links the body to the name
//! (create: `link(2)` fails where the name is taken) or moves it there (put: `rename(2)`). The
//! inode comes to the name with the body, so the step that makes the body appear also chooses the
//! metadata: what losers and killed writers left beside it bears other numbers and is inert, also
//! where their bodies are the same to the byte. While a file lives, its number is its own: a writer
//! holds its body, hence a metadata file of the same number is a dead file's and may be replaced,
//! and whoever removes one holds the body it belongs to.
//!
//! **Copies.** In a copied or restored lake the bodies have other numbers. There the size and
//! SHA-256 of the body, which the metadata file holds too, say which one belongs to it.
//!
//! **Durable.** File and folder are synced before an answer, and the metadata before the body
//! appears. That also holds for what others wrote: "taken", a listing and a read sync the folder
//! first, since their callers build on what they see.

mod about;
mod walk;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;

use self::about::About;
use super::{Blob, Cause, Creation, Level, Metadata, Page, Store, StoreError, name};

/// Where bodies are written before they have a name.
const TEMPORARY: &str = ".tmp";

/// No write takes this long; what is older in [`TEMPORARY`] is a killed process's.
const STALE: Duration = Duration::from_mins(10);

/// Folders that are remembered as durable before all is forgotten.
const REMEMBERED: usize = 4096;

/// Blobs under a folder of the local file system.
///
/// It rests on what POSIX says of `link`, `rename` and inode numbers; ext4, xfs, btrfs, APFS and
/// tmpfs keep to it. Clones share it.
#[derive(Debug, Clone)]
pub struct FolderStore {
    folder: Arc<Folder>,
}

impl FolderStore {
    /// A store below `root`, which [`Store::ready`] makes.
    pub fn new(root: PathBuf) -> Self {
        Self {
            folder: Arc::new(Folder {
                root,
                durable: Mutex::default(),
            }),
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        action: &'static str,
        name: &str,
        work: impl FnOnce(&Folder) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let folder = Arc::clone(&self.folder);
        match tokio::task::spawn_blocking(move || work(&folder)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(StoreError {
                action,
                name: name.to_owned(),
                cause: cause(&error),
                detail: error.to_string(),
                source: Some(error.into()),
            }),
            Err(error) => Err(StoreError::new(
                action,
                name,
                Cause::Unexpected,
                error.to_string(),
            )),
        }
    }
}

#[async_trait]
impl Store for FolderStore {
    async fn ready(&self) -> Result<(), StoreError> {
        let root = self.folder.root.display().to_string();
        self.run("prepare", &root, Folder::ready).await
    }

    async fn create(&self, name: &str, blob: Blob) -> Result<Creation, StoreError> {
        name::check("create", name)?;
        let at = name.to_owned();
        self.run("create", name, move |folder| folder.create(&at, &blob))
            .await
    }

    async fn put(&self, name: &str, blob: Blob) -> Result<(), StoreError> {
        name::check("put", name)?;
        let at = name.to_owned();
        self.run("put", name, move |folder| folder.put(&at, &blob))
            .await
    }

    async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        name::check("read", name)?;
        let at = name.to_owned();
        self.run("read", name, move |folder| folder.read(&at)).await
    }

    async fn metadata(&self, name: &str) -> Result<Option<Metadata>, StoreError> {
        name::check("metadata", name)?;
        let at = name.to_owned();
        self.run("read the metadata of", name, move |folder| {
            folder.metadata(&at)
        })
        .await
    }

    async fn list(&self, prefix: &str, from: Option<String>) -> Result<Page, StoreError> {
        let under = prefix.to_owned();
        self.run("list", prefix, move |folder| {
            walk::page(&folder.root, &under, from.as_deref())
        })
        .await
    }

    async fn level(&self, folder: &str, _from: Option<String>) -> Result<Level, StoreError> {
        let within = folder.to_owned();
        self.run("list", folder, move |store| {
            walk::level(&store.root, &within)
        })
        .await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        name::check("delete", name)?;
        let at = name.to_owned();
        self.run("delete", name, move |folder| folder.delete(&at))
            .await
    }
}

/// What [`FolderStore`] does, in blocking calls.
#[derive(Debug)]
struct Folder {
    root: PathBuf,
    /// Folders whose entries above them were synced by this process.
    durable: Mutex<HashSet<PathBuf>>,
}

impl Folder {
    fn ready(&self) -> io::Result<()> {
        let temporary = self.root.join(TEMPORARY);
        fs::create_dir_all(&temporary)?;
        sync(&self.root)?;
        if let Some(parent) = self.root.canonicalize()?.parent() {
            // somebody else's folder need not be readable; the root stood or was made in it
            sync(parent).or_else(|error| match error.kind() {
                io::ErrorKind::PermissionDenied => Ok(()),
                _ => Err(error),
            })?;
        }
        for entry in fs::read_dir(&temporary)? {
            let entry = entry?;
            let age = match entry.metadata() {
                Ok(found) => found.modified()?.elapsed().unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if age > STALE {
                remove(&entry.path())?;
            }
        }
        self.temporary(b"").map(drop)
    }

    fn create(&self, name: &str, blob: &Blob) -> io::Result<Creation> {
        let path = self.root.join(name);
        if path.try_exists()? {
            return self.taken(&path);
        }
        let body = self.temporary(&blob.body)?;
        self.make_parents(&path)?;
        let about = self.write_about(&path, &body, blob)?;
        match fs::hard_link(&body.path, &path) {
            Ok(()) => {
                sync_parent(&path)?;
                Ok(Creation::Created)
            }
            // our own body is still held, so the number in the metadata's name is ours
            Err(error) => {
                remove(&about)?;
                if error.kind() == io::ErrorKind::AlreadyExists {
                    return self.taken(&path);
                }
                Err(error)
            }
        }
    }

    /// The winner may have been killed before it synced, and the caller builds on what it made.
    fn taken(&self, path: &Path) -> io::Result<Creation> {
        self.make_parents(path)?;
        sync_parent(path)?;
        Ok(Creation::Taken)
    }

    fn put(&self, name: &str, blob: &Blob) -> io::Result<()> {
        let path = self.root.join(name);
        let body = self.temporary(&blob.body)?;
        self.make_parents(&path)?;
        let about = self.write_about(&path, &body, blob)?;
        let before = open(&path)?;
        if let Err(error) = fs::rename(&body.path, &path) {
            remove(&about)?;
            return Err(error);
        }
        sync_parent(&path)?;
        // held, so its number is not another's yet
        if let Some((_held, inode)) = before {
            remove(&about::path(&path, inode))?;
        }
        Ok(())
    }

    fn read(&self, name: &str) -> io::Result<Option<Blob>> {
        let path = self.root.join(name);
        let Some((mut file, about)) = about::of(&path)? else {
            return Ok(None);
        };
        sync_parent(&path)?;
        let mut body = Vec::new();
        file.read_to_end(&mut body)?;
        Ok(Some(Blob {
            body: Bytes::from(body),
            metadata: about.metadata,
        }))
    }

    fn metadata(&self, name: &str) -> io::Result<Option<Metadata>> {
        let path = self.root.join(name);
        let Some((_, about)) = about::of(&path)? else {
            return Ok(None);
        };
        sync_parent(&path)?;
        Ok(Some(about.metadata))
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        let path = self.root.join(name);
        let before = open(&path)?;
        if let Some((_held, inode)) = before {
            remove(&path)?;
            remove(&about::path(&path, inode))?;
        }
        match sync_parent(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            synced => synced,
        }
    }

    /// Writes a file of our own and syncs it.
    fn temporary(&self, bytes: &[u8]) -> io::Result<Temporary> {
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let path = self.root.join(TEMPORARY).join(format!(
            "{:x}-{:x}-{:x}",
            since.as_nanos(),
            std::process::id(),
            WRITES.fetch_add(1, Ordering::Relaxed),
        ));
        let file = File::create_new(&path)?;
        let mut temporary = Temporary { path, file };
        temporary.file.write_all(bytes)?;
        temporary.file.sync_all()?;
        Ok(temporary)
    }

    /// Writes the metadata that the body will have at `path`, durably.
    fn write_about(&self, path: &Path, body: &Temporary, blob: &Blob) -> io::Result<PathBuf> {
        let about = about::path(path, body.file.metadata()?.ino());
        let written = self.temporary(&About::new(blob).to_bytes()?)?;
        fs::rename(&written.path, &about)?;
        sync_parent(path)?;
        Ok(about)
    }

    /// Makes the folders above `path`, and sees to it that each is durable: also those that were
    /// there, since whoever made them may have been killed before it synced.
    fn make_parents(&self, path: &Path) -> io::Result<()> {
        let Some(parent) = path.parent() else {
            return Ok(());
        };
        // every change of the set is a single call, so a panic elsewhere leaves it whole
        let durable = || self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if durable().contains(parent) && parent.exists() {
            return Ok(());
        }
        fs::create_dir_all(parent)?;
        for folder in parent.ancestors() {
            if !folder.starts_with(&self.root) {
                break;
            }
            sync(folder)?;
        }
        let mut durable = durable();
        if durable.len() >= REMEMBERED {
            durable.clear();
        }
        durable.insert(parent.to_owned());
        Ok(())
    }
}

/// A file without a name yet; its temporary one goes with it.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // what stays is swept when it is stale
        let _ = fs::remove_file(&self.path);
    }
}

/// Opens a regular file and says its inode number; `None` where there is none.
fn open(path: &Path) -> io::Result<Option<(File, u64)>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let found = file.metadata()?;
    Ok(found.is_file().then(|| (file, found.ino())))
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if !is_absence(&error) => Err(error),
        _ => Ok(()),
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn cause(error: &io::Error) -> Cause {
    /// `EIO`, `ENFILE` and `EMFILE`, the same on Linux and macOS; they have no kind of their own.
    const PASSING: [i32; 3] = [5, 23, 24];
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Cause::Full,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Cause::Forbidden,
        io::ErrorKind::NotFound => Cause::Missing,
        io::ErrorKind::TimedOut
        | io::ErrorKind::Interrupted
        | io::ErrorKind::ResourceBusy
        | io::ErrorKind::OutOfMemory
        | io::ErrorKind::StaleNetworkFileHandle => Cause::Unavailable,
        _ => match error.raw_os_error() {
            Some(code) if PASSING.contains(&code) => Cause::Unavailable,
            _ => Cause::Unexpected,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Cause, cause};
    use std::io;

    #[test]
    fn the_systems_errors_have_their_causes() {
        for (code, expected) in [
            (28, Cause::Full),        // ENOSPC
            (13, Cause::Forbidden),   // EACCES
            (1, Cause::Forbidden),    // EPERM
            (30, Cause::Forbidden),   // EROFS
            (2, Cause::Missing),      // ENOENT
            (5, Cause::Unavailable),  // EIO
            (24, Cause::Unavailable), // EMFILE
            (20, Cause::Unexpected),  // ENOTDIR
        ] {
            assert_eq!(
                cause(&io::Error::from_raw_os_error(code)),
                expected,
                "{code}"
            );
        }
    }
}
