//! What is peculiar to the folder: what killed writers and other programs leave in it.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use bronzegate::store::{Cause, Creation, FolderStore, Metadata, Store, list_all};

use super::blob;

/// What stands beside a body, as a writer that was killed before the last step leaves it.
fn leave_about(root: &Path, name: &str, inode: u64, like: &Path, metadata: &str) {
    let text = fs::read_to_string(like).unwrap();
    let (head, _) = text.split_once("\"metadata\"").unwrap();
    let path = root.join(format!(".{name}.{inode:x}.about"));
    fs::write(path, format!("{head}\"metadata\":{metadata}}}")).unwrap();
}

fn abouts(folder: &Path) -> Vec<std::path::PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "about"))
        .collect()
}

#[tokio::test]
async fn losers_leave_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    let store = FolderStore::new(root.path().to_owned());
    store.ready().await.unwrap();
    let tries = (0..20).map(|n| store.create("x", blob("same", "n", &n.to_string()).clone()));
    futures::future::join_all(tries).await;
    store.put("x", blob("other", "n", "put")).await.unwrap();
    assert_eq!(abouts(root.path()).len(), 1);
    store.delete("x").await.unwrap();
    let left: Vec<_> = fs::read_dir(root.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "only .tmp: {left:?}");
    assert_eq!(fs::read_dir(root.path().join(".tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_a_killed_writer_left_is_harmless() {
    let root = tempfile::tempdir().unwrap();
    let store = FolderStore::new(root.path().to_owned());
    store.ready().await.unwrap();
    let old = root.path().join(".tmp/old");
    let new = root.path().join(".tmp/new");
    File::create(&old)
        .unwrap()
        .set_modified(SystemTime::now() - Duration::from_hours(1))
        .unwrap();
    fs::write(&new, "a write of another process").unwrap();
    store.ready().await.unwrap();
    assert!(!old.exists(), "stale");
    assert!(new.exists(), "perhaps still being written");

    // the metadata of a body of the same bytes that never came to the name
    let whole = blob("same", "n", "winner");
    store.create("x", whole.clone()).await.unwrap();
    let like = abouts(root.path()).pop().unwrap();
    for inode in [1, u64::MAX] {
        leave_about(root.path(), "x", inode, &like, "{\"n\":\"loser\"}");
    }
    assert_eq!(store.read("x").await.unwrap(), Some(whole.clone()));
    assert_eq!(
        store.metadata("x").await.unwrap(),
        Some(whole.metadata.clone())
    );
    let listed = list_all(&store, "").await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].metadata, whole.metadata);
    assert_eq!(
        store.create("x", blob("same", "n", "late")).await.unwrap(),
        Creation::Taken
    );
    assert_eq!(store.read("x").await.unwrap(), Some(whole));
}

#[tokio::test]
async fn metadata_before_its_body_is_no_blob() {
    let root = tempfile::tempdir().unwrap();
    let store = FolderStore::new(root.path().to_owned());
    store.ready().await.unwrap();
    store.create("x", blob("body", "n", "1")).await.unwrap();
    fs::remove_file(root.path().join("x")).unwrap();
    assert_eq!(abouts(root.path()).len(), 1);
    assert_eq!(store.read("x").await.unwrap(), None);
    assert!(list_all(&store, "").await.unwrap().is_empty());
    let again = blob("other", "n", "2");
    assert_eq!(
        store.create("x", again.clone()).await.unwrap(),
        Creation::Created
    );
    assert_eq!(store.read("x").await.unwrap(), Some(again));
}

#[tokio::test]
async fn a_foreign_file_is_a_blob_without_metadata() {
    let root = tempfile::tempdir().unwrap();
    let store = FolderStore::new(root.path().to_owned());
    store.ready().await.unwrap();
    fs::write(root.path().join("theirs"), "x").unwrap();
    assert_eq!(
        store.metadata("theirs").await.unwrap(),
        Some(Metadata::default())
    );
    assert_eq!(
        store.create("theirs", blob("y", "n", "1")).await.unwrap(),
        Creation::Taken
    );
    let read = store.read("theirs").await.unwrap().unwrap();
    assert_eq!((&read.body[..], read.metadata.len()), (&b"x"[..], 0));
    // also where it was written over one of ours, or moved there
    store.create("ours", blob("ours", "n", "1")).await.unwrap();
    fs::write(root.path().join("ours"), "longer").unwrap();
    assert_eq!(
        store.metadata("ours").await.unwrap(),
        Some(Metadata::default())
    );
    fs::write(root.path().join("theirs"), "xyz").unwrap();
    fs::rename(root.path().join("theirs"), root.path().join("ours")).unwrap();
    assert_eq!(
        store.metadata("ours").await.unwrap(),
        Some(Metadata::default())
    );
}

#[tokio::test]
async fn a_copied_lake_keeps_its_metadata() {
    let root = tempfile::tempdir().unwrap();
    let store = FolderStore::new(root.path().to_owned());
    store.ready().await.unwrap();
    let whole = blob("copied", "n", "1");
    store.create("x", whole.clone()).await.unwrap();
    let like = abouts(root.path()).pop().unwrap();
    // a copy has another inode number; the old file stays, so that its number is not used again
    let path = root.path().join("x");
    fs::copy(&path, root.path().join("copy")).unwrap();
    let _held = File::open(&path).unwrap();
    fs::rename(root.path().join("copy"), &path).unwrap();
    assert_eq!(store.read("x").await.unwrap(), Some(whole.clone()));

    // metadata of another body is not taken for its own
    let other = fs::read_to_string(&like)
        .unwrap()
        .replace("\"sha256\":\"", "\"sha256\":\"0");
    fs::write(root.path().join(".x.1.about"), other).unwrap();
    assert_eq!(store.read("x").await.unwrap(), Some(whole));

    // nor is there a guess between two that fit
    leave_about(root.path(), "x", 2, &like, "{\"n\":\"2\"}");
    let inode = fs::metadata(&path).unwrap().ino();
    assert!(![1, 2].contains(&inode));
    let error = store.metadata("x").await.unwrap_err();
    assert_eq!(error.cause, Cause::Unexpected);
    assert!(error.detail.contains("2 files of metadata fit"), "{error}");
}

#[tokio::test]
async fn pages_join_on() {
    let root = tempfile::tempdir().unwrap();
    let store = FolderStore::new(root.path().to_owned());
    store.ready().await.unwrap();
    let names: Vec<String> = (0..2500)
        .map(|n| format!("p/{:02}/{:04}", n / 100, n))
        .collect();
    for name in &names {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let (mut listed, mut from, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let page = store.list("p/", from).await.unwrap();
        sizes.push(page.blobs.len());
        listed.extend(page.blobs.into_iter().map(|line| line.name));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(listed, names);
    assert_eq!(sizes, [1000, 1000, 500]);
}

#[tokio::test]
async fn a_place_that_cannot_be_used_says_why() {
    let root = tempfile::tempdir().unwrap();
    let missing = FolderStore::new(root.path().join("none"));
    let error = missing.create("x", blob("", "a", "1")).await.unwrap_err();
    assert_eq!(error.cause, Cause::Missing, "{error}");
    let error = missing.list("", None).await.unwrap_err();
    assert_eq!(error.cause, Cause::Missing, "{error}");

    let closed = root.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(closed.join("probe"), "").is_ok() {
        // the superuser may do all things
        return;
    }
    let error = FolderStore::new(closed.join("lake"))
        .ready()
        .await
        .unwrap_err();
    assert_eq!(error.cause, Cause::Forbidden, "{error}");
}
