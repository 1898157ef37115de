//! What every store does.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bronzegate::store::{Blob, Cause, Creation, Metadata, Store, list_all, whole_level};
use bytes::Bytes;
use futures::future::join_all;

use super::blob;

/// Runs every case on a store of its own.
pub async fn run(open: impl Fn(&str) -> Arc<dyn Store>) {
    macro_rules! cases {
        ($($case:ident),* $(,)?) => {$(
            let store = open(&stringify!($case).replace('_', "-"));
            store.ready().await.unwrap();
            // a second start finds what the first one made
            store.ready().await.unwrap();
            $case(store).await;
        )*};
    }
    cases![
        what_is_created_is_taken,
        one_of_many_creators_wins,
        put_replaces_whatever_stood_there,
        body_and_metadata_are_of_one_write,
        what_is_not_there_is_none,
        listing_is_in_order_and_keeps_to_its_prefix,
        many_pages_list_each_blob_once,
        a_level_is_what_stands_directly_in_a_folder,
        what_is_listed_says_when_it_was_written,
        bodies_and_names_come_back_as_they_were,
        odd_metadata_comes_back_as_it_was,
        bad_names_are_refused,
    ];
}

async fn a_level_is_what_stands_directly_in_a_folder(store: Arc<dyn Store>) {
    let names = (0..20).map(|n| format!("top/f{n:02}/deep/{n}"));
    let names = names.chain((0..20).map(|n| format!("top/f{n:02}")));
    let names: Vec<String> = names.chain(["topmost/x".to_owned()]).collect();
    for name in &names {
        store
            .put(name, blob("x", "a", "1"))
            .await
            .unwrap_or_else(|error| {
                // a folder can't bear a file's name where the store is a file system
                assert!(name.matches('/').count() == 1, "{error}");
            });
    }
    let level = whole_level(&*store, "top/").await.unwrap();
    let folders: Vec<String> = (0..20).map(|n| format!("top/f{n:02}/")).collect();
    assert_eq!(level.folders, folders);
    assert!(level.blobs.is_empty() || level.blobs == names[20..40]);
    let deep = whole_level(&*store, "top/f07/deep/").await.unwrap();
    assert_eq!(
        (deep.blobs, deep.folders.len()),
        (vec!["top/f07/deep/7".to_owned()], 0)
    );
    let root = whole_level(&*store, "").await.unwrap();
    assert_eq!(root.folders, ["top/", "topmost/"]);
    let nothing = whole_level(&*store, "no/such/").await.unwrap();
    assert!(nothing.blobs.is_empty() && nothing.folders.is_empty());
}

async fn what_is_listed_says_when_it_was_written(store: Arc<dyn Store>) {
    // clocks of two machines, and whole seconds
    let slack = Duration::from_secs(5);
    let before = SystemTime::now() - slack;
    store.put("a/b", blob("x", "a", "1")).await.unwrap();
    let listed = list_all(&*store, "a/").await.unwrap();
    assert!(listed[0].modified >= before);
    assert!(listed[0].modified <= SystemTime::now() + slack);
}

async fn what_is_created_is_taken(store: Arc<dyn Store>) {
    let first = blob("first", "first", "1");
    assert_eq!(
        store.create("a/b", first.clone()).await.unwrap(),
        Creation::Created
    );
    assert_eq!(
        store.create("a/b", blob("second", "x", "2")).await.unwrap(),
        Creation::Taken
    );
    assert_eq!(store.read("a/b").await.unwrap(), Some(first.clone()));
    store.delete("a/b").await.unwrap();
    store.delete("a/b").await.unwrap();
    assert_eq!(store.read("a/b").await.unwrap(), None);
    let second = blob("second", "x", "2");
    assert_eq!(
        store.create("a/b", second.clone()).await.unwrap(),
        Creation::Created
    );
    assert_eq!(store.read("a/b").await.unwrap(), Some(second));
}

async fn one_of_many_creators_wins(store: Arc<dyn Store>) {
    for (round, same_body) in [false, true, false, true].into_iter().enumerate() {
        let name = format!("race/{round}");
        let blobs: Vec<Blob> = (0..50)
            .map(|writer| {
                let body = if same_body { 0 } else { writer };
                blob(format!("body {body}"), "writer", &writer.to_string())
            })
            .collect();
        let endings = join_all(blobs.iter().map(|blob| {
            let (store, name, blob) = (Arc::clone(&store), name.clone(), blob.clone());
            tokio::spawn(async move { store.create(&name, blob).await.unwrap() })
        }))
        .await;
        let winners: Vec<&Blob> = endings
            .into_iter()
            .zip(&blobs)
            .filter(|(ending, _)| matches!(ending, Ok(Creation::Created)))
            .map(|(_, blob)| blob)
            .collect();
        let [winner] = winners[..] else {
            panic!("{} creators were told that they won", winners.len());
        };
        assert_eq!(store.read(&name).await.unwrap().as_ref(), Some(winner));
        assert_eq!(
            store.metadata(&name).await.unwrap().as_ref(),
            Some(&winner.metadata)
        );
        let listed = list_all(&*store, &name).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].metadata, winner.metadata);
    }
}

async fn put_replaces_whatever_stood_there(store: Arc<dyn Store>) {
    for (body, key, value) in [
        ("one", "a", "1"),
        ("two", "b", "2"),
        ("two", "b", "3"),
        ("", "c", "4"),
    ] {
        let blob = blob(body, key, value);
        store.put("p/q", blob.clone()).await.unwrap();
        assert_eq!(store.read("p/q").await.unwrap(), Some(blob.clone()));
        assert_eq!(store.metadata("p/q").await.unwrap(), Some(blob.metadata));
    }
    assert_eq!(
        store.create("p/q", Blob::default()).await.unwrap(),
        Creation::Taken
    );
    assert_eq!(list_all(&*store, "p/").await.unwrap().len(), 1);
}

async fn body_and_metadata_are_of_one_write(store: Arc<dyn Store>) {
    let writers = (0..3).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 0..20 {
                let value = (writer * 1000 + n).to_string();
                let whole = blob(value.clone(), "n", &value);
                if n % 4 == 3 {
                    store.delete("x").await.unwrap();
                    store.create("x", whole).await.unwrap();
                } else {
                    store.put("x", whole).await.unwrap();
                }
            }
        })
    });
    let writing = tokio::spawn(join_all(writers.collect::<Vec<_>>()));
    let mut written = false;
    while !written {
        // the last look is at what stays
        written = writing.is_finished();
        if let Some(read) = store.read("x").await.unwrap() {
            assert_eq!(read.metadata["n"].as_bytes(), read.body);
        }
        if let Some(metadata) = store.metadata("x").await.unwrap() {
            assert_eq!(metadata.len(), 1);
        }
        for line in list_all(&*store, "x").await.unwrap() {
            assert_eq!(line.metadata["n"].len() as u64, line.size);
        }
        tokio::task::yield_now().await;
    }
    for ending in writing.await.unwrap() {
        ending.unwrap();
    }
    assert!(store.read("x").await.unwrap().is_some());
}

async fn what_is_not_there_is_none(store: Arc<dyn Store>) {
    store.put("dir/file", Blob::default()).await.unwrap();
    for name in ["none", "dir", "dir/none", "dir/file/none", "x/y/z"] {
        assert_eq!(store.read(name).await.unwrap(), None, "{name}");
        assert_eq!(store.metadata(name).await.unwrap(), None, "{name}");
        store.delete(name).await.unwrap();
    }
    assert!(store.read("dir/file").await.unwrap().is_some());
    assert!(list_all(&*store, "none/").await.unwrap().is_empty());
}

async fn listing_is_in_order_and_keeps_to_its_prefix(store: Arc<dyn Store>) {
    // in order: `-` and `.` come before `/`, digits after it
    let names = [
        "_outbox/x",
        "h/1-0",
        "h/1-1",
        "h/11-0",
        "h-1/x",
        "h.1/x",
        "h/1/x",
        "h/1=2/x",
        "h0/x",
    ];
    for name in names {
        store.put(name, blob(name, "name", "n")).await.unwrap();
    }
    let listed = async |prefix: &str| -> Vec<String> {
        let listed = list_all(&*store, prefix).await.unwrap();
        for line in &listed {
            assert_eq!(line.size, line.name.len() as u64);
            assert_eq!(line.metadata, Metadata::from([("name".into(), "n".into())]));
        }
        listed.into_iter().map(|line| line.name).collect()
    };
    let mut sorted = names;
    sorted.sort_unstable();
    assert_eq!(listed("").await, sorted);
    assert_eq!(listed("h/1-").await, ["h/1-0", "h/1-1"]);
    assert_eq!(listed("h/11-").await, ["h/11-0"]);
    assert_eq!(
        listed("h/").await,
        ["h/1-0", "h/1-1", "h/1/x", "h/11-0", "h/1=2/x"]
    );
    assert_eq!(listed("h/1/").await, ["h/1/x"]);
    assert_eq!(listed("h/1=").await, ["h/1=2/x"]);
    assert_eq!(listed("_outbox/").await, ["_outbox/x"]);
    assert!(listed("i").await.is_empty());
    assert!(listed("../").await.is_empty());
}

async fn many_pages_list_each_blob_once(store: Arc<dyn Store>) {
    const BLOBS: usize = 60;
    let names: Vec<String> = (0..BLOBS).map(|n| format!("many/{n:03}/x")).collect();
    for name in &names {
        store.create(name, blob("b", "n", "1")).await.unwrap();
    }
    store.create("more/0", Blob::default()).await.unwrap();
    let listed = list_all(&*store, "many/").await.unwrap();
    let listed: Vec<String> = listed.into_iter().map(|line| line.name).collect();
    assert_eq!(listed, names);
}

async fn bodies_and_names_come_back_as_they_were(store: Arc<dyn Store>) {
    let large: Bytes = (0..5 << 20).map(|n: u32| (n % 251) as u8).collect();
    for (name, body) in [
        ("bronze/ns/hub/date=2026-11-20/hour=07/0-1.json.gz", large),
        ("empty", Bytes::new()),
        ("one part with blanks+plus&and", Bytes::from_static(b"\0\n")),
        ("percent%41/hash#x", Bytes::from_static(b"%")),
        ("umlaut/\u{fc}", Bytes::from_static(b"u")),
        ("gzip.gz", Bytes::from_static(b"\x1f\x8b\x08\0not really")),
    ] {
        let blob = blob(body, "k", "v");
        assert_eq!(
            store.create(name, blob.clone()).await.unwrap(),
            Creation::Created,
            "{name}"
        );
        assert!(store.read(name).await.unwrap() == Some(blob), "{name}");
        let listed = list_all(&*store, name).await.unwrap();
        assert_eq!(listed.len(), 1, "{name}");
        assert_eq!(listed[0].name, name);
    }
}

async fn odd_metadata_comes_back_as_it_was(store: Arc<dyn Store>) {
    let long = "x".repeat(2000);
    let metadata: Metadata = [
        ("a", "0"),
        ("first_sequence", "00000000000000000042"),
        ("marks", "<&>\"';=,\\/%41 +?#"),
        ("inner", "two  blanks"),
        ("json", "{\"a\":[1]}"),
        ("long", &long),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let blob = Blob {
        body: Bytes::from_static(b"b"),
        metadata,
    };
    store.create("m", blob.clone()).await.unwrap();
    assert_eq!(store.read("m").await.unwrap(), Some(blob.clone()));
    assert_eq!(
        store.metadata("m").await.unwrap(),
        Some(blob.metadata.clone())
    );
    let listed = list_all(&*store, "m").await.unwrap();
    assert_eq!(listed[0].metadata, blob.metadata);

    store.create("none", Blob::default()).await.unwrap();
    assert_eq!(
        store.metadata("none").await.unwrap(),
        Some(Metadata::default())
    );
}

async fn bad_names_are_refused(store: Arc<dyn Store>) {
    for name in ["", "/a", "a//b", "../a", "a/..", ".a", "a/.b", "a\\b"] {
        let error = store.create(name, Blob::default()).await.unwrap_err();
        assert_eq!(error.cause, Cause::Unexpected, "{name}");
        assert!(store.put(name, Blob::default()).await.is_err(), "{name}");
        assert!(store.read(name).await.is_err(), "{name}");
        assert!(store.metadata(name).await.is_err(), "{name}");
        assert!(store.delete(name).await.is_err(), "{name}");
    }
    assert!(list_all(&*store, "").await.unwrap().is_empty());
}
