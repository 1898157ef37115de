//! What an answer of the service means, and that a call ends, whatever it is.

use std::time::{Duration, Instant};

use bronzegate::store::{
    AzureOptions, AzureStore, Cause, Creation, Location, Store, StoreError, StoreLimits, list_all,
};

use super::blob;
use super::support::azurite::Azurite;
use super::support::service::Answer::{self, Reset, Silence, Status};
use super::support::service::Service;

const LIMITS: StoreLimits = StoreLimits {
    call_timeout: Duration::from_millis(400),
    retry_budget: Duration::from_secs(2),
};

/// What the machine may add to the bounds.
const SLACK: Duration = Duration::from_secs(3);

fn open(url: &str, limits: StoreLimits) -> AzureStore {
    let Ok(Location::Azure(location)) = url.parse() else {
        panic!("{url} is no container");
    };
    let options = AzureOptions {
        limits,
        ..AzureOptions::default()
    };
    AzureStore::open(location, options)
}

/// Creates a blob at a service of these answers; says how that ended and after how many requests.
async fn create(
    answers: impl IntoIterator<Item = Answer>,
) -> (Result<Creation, StoreError>, usize) {
    let service = Service::start(answers).await;
    let store = open(&service.url(), LIMITS);
    let start = Instant::now();
    let ending = store.create("a/b", blob("x", "k", "v")).await;
    assert!(start.elapsed() < LIMITS.retry_budget + SLACK);
    if let Err(error) = &ending {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("SECRET"), "{shown}");
        assert!(!shown.contains('\n'), "{shown}");
    }
    (ending, service.requests().len())
}

#[tokio::test]
async fn a_taken_name_is_told_from_other_conflicts() {
    for (status, code) in [
        (409, "BlobAlreadyExists"),
        (412, "ConditionNotMet"),
        (412, ""),
        (409, "BlobImmutableDueToPolicy"),
        (403, "UnauthorizedBlobOverwrite"),
    ] {
        let (ending, requests) = create([Status(status, code, "")]).await;
        assert_eq!(ending.unwrap(), Creation::Taken, "{status} {code}");
        assert_eq!(requests, 1);
    }
    for (code, cause) in [
        ("ContainerBeingDeleted", Cause::Missing),
        ("LeaseIdMissing", Cause::Unexpected),
        ("SnapshotsPresent", Cause::Unexpected),
        ("InvalidBlobType", Cause::Unexpected),
        ("", Cause::Unexpected),
    ] {
        let (ending, requests) = create([Status(409, code, "")]).await;
        let error = ending.unwrap_err();
        assert_eq!(error.cause, cause, "{code}: {error}");
        assert_eq!(requests, 1);
    }
}

#[tokio::test]
async fn what_a_retry_does_not_mend_is_not_retried() {
    for (status, code, cause) in [
        (401, "NoAuthenticationInformation", Cause::Forbidden),
        (403, "AuthorizationPermissionMismatch", Cause::Forbidden),
        (404, "ContainerNotFound", Cause::Missing),
        (404, "", Cause::Missing),
        (400, "InvalidHeaderValue", Cause::Unexpected),
    ] {
        let (ending, requests) = create([Status(status, code, "")]).await;
        let error = ending.unwrap_err();
        assert_eq!(error.cause, cause, "{error}");
        assert_eq!(requests, 1);
        let detail = &error.detail;
        assert!(detail.contains(&status.to_string()), "{detail}");
        assert!(detail.contains(code), "{detail}");
        if !code.is_empty() {
            assert!(detail.contains("What it says."), "{detail}");
        }
        assert!(detail.contains("id-1"), "{detail}");
    }
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for first in [
        Status(429, "", ""),
        Status(500, "InternalError", ""),
        Status(503, "ServerBusy", ""),
        Reset,
        Silence,
    ] {
        let (ending, requests) = create([first.clone(), Status(201, "", "")]).await;
        assert_eq!(ending.unwrap(), Creation::Created, "{first:?}");
        assert_eq!(requests, 2, "{first:?}");
    }
    // our own first write, whose answer was lost
    let (ending, _) = create([Reset, Status(409, "BlobAlreadyExists", "")]).await;
    assert_eq!(ending.unwrap(), Creation::Taken);
}

#[tokio::test]
async fn what_does_not_pass_ends_within_the_budget() {
    for (answer, cause) in [
        (Status(429, "", ""), Cause::Throttled),
        (Status(500, "InternalError", ""), Cause::Unavailable),
        (Status(503, "ServerBusy", ""), Cause::Throttled),
        (Reset, Cause::Unavailable),
        (Silence, Cause::Unavailable),
    ] {
        let (ending, requests) = create([answer.clone()]).await;
        let error = ending.unwrap_err();
        assert_eq!(error.cause, cause, "{error}");
        assert!((2..=6).contains(&requests), "{answer:?}: {requests}");
    }
    // nobody listens at the port of a listener that is gone
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let url = format!("http://127.0.0.1:{port}/devstoreaccount1/lake");
    let error = open(&url, LIMITS).ready().await.unwrap_err();
    assert_eq!(error.cause, Cause::Unavailable, "{error}");
}

#[tokio::test]
async fn retry_after_is_waited_for_or_the_call_fails_at_once() {
    let start = Instant::now();
    let (ending, requests) =
        create([Status(429, "", "Retry-After: 1\r\n"), Status(201, "", "")]).await;
    assert_eq!(ending.unwrap(), Creation::Created);
    assert_eq!(requests, 2);
    assert!(start.elapsed() >= Duration::from_secs(1));

    let start = Instant::now();
    let (ending, requests) = create([Status(503, "ServerBusy", "Retry-After: 60\r\n")]).await;
    assert_eq!(ending.unwrap_err().cause, Cause::Throttled);
    assert_eq!(requests, 1);
    assert!(start.elapsed() < LIMITS.retry_budget);
}

#[tokio::test]
async fn a_blob_is_one_conditional_request_without_an_encoding() {
    let service = Service::start([Status(201, "", "")]).await;
    let limits = StoreLimits::default();
    let store = open(&service.url(), limits);
    let large = vec![7_u8; 9 << 20];
    store
        .create("a=1/b.gz", blob(large, "key", "v"))
        .await
        .unwrap();
    let [request] = &service.requests()[..] else {
        panic!("{} requests", service.requests().len());
    };
    assert!(request.starts_with("put /devstoreaccount1/lake/a=1%2fb.gz?"));
    assert!(request.contains("if-none-match: *\r\n"), "{request}");
    assert!(request.contains("x-ms-blob-content-type: application/x-ndjson\r\n"));
    assert!(request.contains("x-ms-meta-key: v\r\n"));
    assert!(!request.contains("content-encoding"), "{request}");
    assert!(request.contains("sig=secret"), "the SAS goes along");
}

#[tokio::test]
async fn a_container_that_is_missing_is_said_to_be() {
    let azurite = Azurite::start();
    let store = open(&azurite.url("never-made"), LIMITS);
    let error = store.create("x", blob("x", "k", "v")).await.unwrap_err();
    assert_eq!(error.cause, Cause::Missing, "{error}");
    for error in [
        store.read("x").await.unwrap_err(),
        store.metadata("x").await.unwrap_err(),
        store.list("", None).await.unwrap_err(),
        store.delete("x").await.unwrap_err(),
    ] {
        assert_eq!(error.cause, Cause::Missing, "{error}");
    }
}

#[tokio::test]
async fn folders_of_a_hierarchical_namespace_are_no_blobs() {
    let azurite = Azurite::start();
    let store = open(&azurite.url("tree"), LIMITS);
    store.ready().await.unwrap();
    store
        .put("a", blob("", "hdi_isfolder", "true"))
        .await
        .unwrap();
    store.put("a/b", blob("x", "k", "v")).await.unwrap();
    let listed = list_all(&store, "").await.unwrap();
    let names: Vec<&str> = listed.iter().map(|line| &*line.name).collect();
    assert_eq!(names, ["a/b"]);
}
