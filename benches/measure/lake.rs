//! The lake that was written, held against what was posted.

use bronzegate::lake::{Record, each_line};
use bronzegate::landing::Kind;
use bronzegate::store::{AzureOptions, open};
use serde_json::{Value, json};

use super::work::Work;

/// Reads every blob of the stream and holds it against the verdicts: each event once, on the right
/// side, for the right reason, with its bytes. Panics with what is wrong.
pub async fn check(who: &str, url: &str, work: &mut Work) -> Value {
    let store = open(&url.parse().unwrap(), AzureOptions::default());
    let (mut accepted, mut rejected, mut bytes) = (0_u64, 0_u64, 0);
    for (kind, top) in [(Kind::Bronze, "bronze"), (Kind::Rejections, "rejections")] {
        let (prefix, mut from) = (format!("{top}/{}/", work.stream), None);
        loop {
            let page = store.list(&prefix, from).await.unwrap();
            for blob in page.blobs {
                let body = store.read(&blob.name).await.unwrap().unwrap().body;
                bytes += body.len();
                let read = each_line(&body, |number, line| {
                    let place = || format!("{who}: {}, line {number}", blob.name);
                    match one(kind, line, work) {
                        Ok(()) if kind == Kind::Bronze => accepted += 1,
                        Ok(()) => rejected += 1,
                        Err(problem) => panic!("{}: {problem}: {line}", place()),
                    }
                });
                read.unwrap_or_else(|damage| panic!("{who}: {}: {damage}", blob.name));
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    assert!(
        work.verdicts.is_empty(),
        "{who}: {} events are not in the lake",
        work.verdicts.len()
    );
    json!({"accepted": accepted, "rejected": rejected, "bytes": bytes})
}

fn one(kind: Kind, line: &str, work: &mut Work) -> Result<(), String> {
    let record = Record::parse(line)?;
    let partition = record.partition.as_ref().and_then(|it| it.parse().ok());
    let place = partition.zip(record.sequence).ok_or("no place")?;
    let sent = work.verdicts.remove(&place);
    let sent = sent.ok_or("it was not posted, or stands twice")?;
    let reason = sent.reason.map(bronzegate::judge::Reason::word);
    if record.reason.as_deref() != reason {
        return Err(format!("the verdict has to be {reason:?}"));
    }
    if !record.carries(kind, line, &sent.body) {
        return Err("it does not carry the payload".to_owned());
    }
    Ok(())
}
