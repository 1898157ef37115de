//! The cases. Their names say what every store does.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::future::{FutureExt, join_all};

use super::{Checked, Entry, Flaw, blob, holds, same};
use crate::store::{Blob, Cause, Creation, Listed, Metadata, Store, list_all, whole_level};

macro_rules! cases {
    ($($case:ident: $flat:literal),* $(,)?) => {
        &[$((stringify!($case), $flat, |store| $case(store).boxed())),*]
    };
}

/// All of them; `true` are those that hold of flat names alone.
pub(super) const ALL: &[Entry] = cases![
    what_is_created_is_taken: false,
    one_of_many_creators_wins: false,
    put_replaces_whatever_stood_there: false,
    body_and_metadata_are_of_one_write: false,
    // a hierarchical namespace answers for a folder
    what_is_not_there_is_none: true,
    // and lists a folder before what its name is the beginning of
    listing_is_in_order_and_keeps_to_its_prefix: true,
    many_pages_list_each_blob_once: false,
    a_level_is_what_stands_directly_in_a_folder: false,
    what_is_listed_says_when_it_was_written: false,
    bodies_and_names_come_back_as_they_were: false,
    odd_metadata_comes_back_as_it_was: false,
    bad_names_are_refused: false,
];

async fn a_level_is_what_stands_directly_in_a_folder(store: Arc<dyn Store>) -> Checked {
    let names = (0..20).map(|n| format!("top/f{n:02}/deep/{n}"));
    let names = names.chain((0..20).map(|n| format!("top/f{n:02}")));
    let names: Vec<String> = names.chain(["topmost/x".to_owned()]).collect();
    for name in &names {
        if let Err(error) = store.put(name, blob("x", "a", "1")).await {
            // a folder can't bear a file's name where the store is a file system
            holds(name.matches('/').count() == 1, || error.to_string())?;
        }
    }
    let level = whole_level(&*store, "top/").await?;
    let folders: Vec<String> = (0..20).map(|n| format!("top/f{n:02}/")).collect();
    same("folders", &level.folders, &folders)?;
    if !level.blobs.is_empty() {
        same("blobs", &level.blobs[..], &names[20..40])?;
    }
    let deep = whole_level(&*store, "top/f07/deep/").await?;
    same(
        "a folder's blobs",
        &deep.blobs,
        &vec!["top/f07/deep/7".to_owned()],
    )?;
    same("a folder's folders", &deep.folders, &vec![])?;
    let root = whole_level(&*store, "").await?;
    let tops = ["top/", "topmost/"].map(str::to_owned).to_vec();
    same("folders of the root", &root.folders, &tops)?;
    let nothing = whole_level(&*store, "no/such/").await?;
    holds(
        nothing.blobs.is_empty() && nothing.folders.is_empty(),
        || "a folder that is not there has something in it".to_owned(),
    )
}

async fn what_is_listed_says_when_it_was_written(store: Arc<dyn Store>) -> Checked {
    // clocks of two machines, and whole seconds
    let slack = Duration::from_secs(5);
    let before = SystemTime::now() - slack;
    store.put("a/b", blob("x", "a", "1")).await?;
    let listed = list_all(&*store, "a/").await?;
    let modified = listed.first().map(|it| it.modified);
    let after = SystemTime::now() + slack;
    holds(
        modified.is_some_and(|it| it >= before && it <= after),
        || "it was not written now, by the store's clock".to_owned(),
    )
}

async fn what_is_created_is_taken(store: Arc<dyn Store>) -> Checked {
    let (first, second) = (blob("first", "first", "1"), blob("second", "x", "2"));
    let created = store.create("a/b", first.clone()).await?;
    same("a free name", &created, &Creation::Created)?;
    let created = store.create("a/b", second.clone()).await?;
    same("a taken name", &created, &Creation::Taken)?;
    let read = store.read("a/b").await?;
    same("what stands under a taken name", &read, &Some(first))?;
    store.delete("a/b").await?;
    store.delete("a/b").await?;
    same("what is deleted", &store.read("a/b").await?, &None)?;
    let created = store.create("a/b", second.clone()).await?;
    same("a name that is free again", &created, &Creation::Created)?;
    same("what was created", &store.read("a/b").await?, &Some(second))
}

async fn one_of_many_creators_wins(store: Arc<dyn Store>) -> Checked {
    for (round, same_body) in [false, true, false, true].into_iter().enumerate() {
        let name = format!("race/{round}");
        let blobs: Vec<Blob> = (0..50)
            .map(|writer| {
                let body = if same_body { 0 } else { writer };
                blob(format!("body {body}"), "writer", &writer.to_string())
            })
            .collect();
        let creators = blobs.iter().map(|blob| {
            let (store, name, blob) = (Arc::clone(&store), name.clone(), blob.clone());
            tokio::spawn(async move { store.create(&name, blob).await })
        });
        let mut winners = Vec::new();
        for (ending, blob) in join_all(creators).await.into_iter().zip(&blobs) {
            if ending?? == Creation::Created {
                winners.push(blob);
            }
        }
        let [winner] = winners[..] else {
            let told = winners.len();
            return Err(Flaw(format!("{told} creators were told that they won")));
        };
        let read = store.read(&name).await?;
        same("what stands there", &read.as_ref(), &Some(winner))?;
        let metadata = store.metadata(&name).await?;
        same("its metadata", &metadata.as_ref(), &Some(&winner.metadata))?;
        let listed = list_all(&*store, &name).await?;
        let listed: Vec<&Metadata> = listed.iter().map(|it| &it.metadata).collect();
        same("what is listed", &listed, &vec![&winner.metadata])?;
    }
    Ok(())
}

async fn put_replaces_whatever_stood_there(store: Arc<dyn Store>) -> Checked {
    for (body, key, value) in [
        ("one", "a", "1"),
        ("two", "b", "2"),
        ("two", "b", "3"),
        ("", "c", "4"),
    ] {
        let blob = blob(body, key, value);
        store.put("p/q", blob.clone()).await?;
        same("the blob", &store.read("p/q").await?, &Some(blob.clone()))?;
        let metadata = store.metadata("p/q").await?;
        same("its metadata", &metadata, &Some(blob.metadata))?;
    }
    let created = store.create("p/q", Blob::default()).await?;
    same("the name", &created, &Creation::Taken)?;
    let listed = list_all(&*store, "p/").await?;
    same("blobs", &listed.len(), &1)
}

async fn body_and_metadata_are_of_one_write(store: Arc<dyn Store>) -> Checked {
    let writers = (0..3).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 0..20 {
                let value = (writer * 1000 + n).to_string();
                let whole = blob(value.clone(), "n", &value);
                if n % 4 == 3 {
                    store.delete("x").await?;
                    store.create("x", whole).await?;
                } else {
                    store.put("x", whole).await?;
                }
            }
            Ok::<_, Flaw>(())
        })
    });
    let writing = tokio::spawn(join_all(writers.collect::<Vec<_>>()));
    let mut written = false;
    while !written {
        // the last look is at what stays
        written = writing.is_finished();
        if let Some(read) = store.read("x").await? {
            let said = read.metadata.get("n").map(String::as_bytes);
            same("metadata beside the body", &said, &Some(&read.body[..]))?;
        }
        if let Some(metadata) = store.metadata("x").await? {
            same("pairs of metadata", &metadata.len(), &1)?;
        }
        for line in list_all(&*store, "x").await? {
            let said = line.metadata.get("n").map(|it| it.len() as u64);
            same("a listing's size and metadata", &said, &Some(line.size))?;
        }
        tokio::task::yield_now().await;
    }
    for ending in writing.await? {
        ending??;
    }
    holds(store.read("x").await?.is_some(), || "it is gone".to_owned())
}

async fn what_is_not_there_is_none(store: Arc<dyn Store>) -> Checked {
    store.put("dir/file", Blob::default()).await?;
    for name in ["none", "dir", "dir/none", "dir/file/none", "x/y/z"] {
        same(name, &store.read(name).await?, &None)?;
        same(name, &store.metadata(name).await?, &None)?;
        store.delete(name).await?;
    }
    let there = store.read("dir/file").await?.is_some();
    holds(there, || "what is there is none, too".to_owned())?;
    let listed = list_all(&*store, "none/").await?;
    same("blobs of no such prefix", &listed, &vec![])
}

async fn listing_is_in_order_and_keeps_to_its_prefix(store: Arc<dyn Store>) -> Checked {
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
        store.put(name, blob(name, "name", "n")).await?;
    }
    let mut sorted = names;
    sorted.sort_unstable();
    for (prefix, expected) in [
        ("", &sorted[..]),
        ("h/1-", &["h/1-0", "h/1-1"]),
        ("h/11-", &["h/11-0"]),
        ("h/", &["h/1-0", "h/1-1", "h/1/x", "h/11-0", "h/1=2/x"]),
        ("h/1/", &["h/1/x"]),
        ("h/1=", &["h/1=2/x"]),
        ("_outbox/", &["_outbox/x"]),
        ("i", &[]),
        ("../", &[]),
    ] {
        let listed = list_all(&*store, prefix).await?;
        for line in &listed {
            same(&line.name, &line.size, &(line.name.len() as u64))?;
            let metadata = Metadata::from([("name".into(), "n".into())]);
            same(&line.name, &line.metadata, &metadata)?;
        }
        let listed: Vec<&str> = listed.iter().map(|it| it.name.as_str()).collect();
        same(prefix, &listed[..], expected)?;
    }
    Ok(())
}

async fn many_pages_list_each_blob_once(store: Arc<dyn Store>) -> Checked {
    const BLOBS: usize = 60;
    let names: Vec<String> = (0..BLOBS).map(|n| format!("many/{n:03}/x")).collect();
    for name in &names {
        store.create(name, blob("b", "n", "1")).await?;
    }
    store.create("more/0", Blob::default()).await?;
    let listed = list_all(&*store, "many/").await?;
    let said = |it: &Listed| it.metadata.get("n").is_some_and(|n| n == "1");
    holds(listed.iter().all(said), || {
        "metadata is not listed".to_owned()
    })?;
    let listed: Vec<String> = listed.into_iter().map(|line| line.name).collect();
    same("blobs", &listed, &names)
}

async fn bodies_and_names_come_back_as_they_were(store: Arc<dyn Store>) -> Checked {
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
        let created = store.create(name, blob.clone()).await?;
        same(name, &created, &Creation::Created)?;
        same(name, &store.read(name).await?, &Some(blob))?;
        let listed = list_all(&*store, name).await?;
        let listed: Vec<&str> = listed.iter().map(|it| it.name.as_str()).collect();
        same("what is listed", &listed, &vec![name])?;
    }
    Ok(())
}

async fn odd_metadata_comes_back_as_it_was(store: Arc<dyn Store>) -> Checked {
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
    store.create("m", blob.clone()).await?;
    same("the blob", &store.read("m").await?, &Some(blob.clone()))?;
    let metadata = Some(blob.metadata);
    same("its metadata", &store.metadata("m").await?, &metadata)?;
    let listed = list_all(&*store, "m").await?;
    let listed = listed.into_iter().next().map(|it| it.metadata);
    same("as it is listed", &listed, &metadata)?;
    store.create("none", Blob::default()).await?;
    let none = store.metadata("none").await?;
    same("no metadata", &none, &Some(Metadata::default()))
}

async fn bad_names_are_refused(store: Arc<dyn Store>) -> Checked {
    for name in ["", "/a", "a//b", "../a", "a/..", ".a", "a/.b", "a\\b"] {
        let created = store.create(name, Blob::default()).await;
        let cause = created.err().map(|error| error.cause);
        same(name, &cause, &Some(Cause::Unexpected))?;
        let refused = store.put(name, Blob::default()).await.is_err()
            && store.read(name).await.is_err()
            && store.metadata(name).await.is_err()
            && store.delete(name).await.is_err();
        holds(refused, || format!("{name:?} is taken for a name"))?;
    }
    let listed = list_all(&*store, "").await?;
    same("what is listed", &listed, &vec![])
}
