//! One rejection blob and its replays.
//!
//! Replays of a blob are numbered from 0, and the next number is free only to who knows what those
//! before it landed: so two at a time, killed anywhere and under different catalogs, never land a
//! line twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::about::Replayed;
use super::lines::Lines;
use super::outcome::{Outcome, Problem};
use super::{Judging, Selection};
use crate::encode::{Accepted, encode_replayed, encode_resolutions};
use crate::event::{Batch, Origin, Partition};
use crate::judge::{Judge, Submission, Verdict};
use crate::lake::{Damage, Record, each_line};
use crate::landing::{About, Kind, Name, Place};
use crate::store::{Blob, Creation, Listed, Store, StoreError};
use crate::workers::Workers;

/// A rejection blob, and what is known of its replays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The rejection blob's name.
    pub name: Name,
    /// What it says of itself.
    pub about: About,
    /// The replays that stand in bronze, by ordinal.
    pub landed: BTreeMap<u32, Replayed>,
    /// The replays that stand in the rejection log.
    pub resolved: BTreeMap<u32, Replayed>,
}

impl Case {
    /// The lines that were landed by some replay.
    pub fn done(&self) -> Lines {
        let mut done = Lines::default();
        for replayed in self.landed.values().chain(self.resolved.values()) {
            done.add(&replayed.lines);
        }
        done
    }

    /// The first ordinal that is free.
    fn next(&self) -> u32 {
        (0..=u32::MAX)
            .find(|ordinal| {
                !self.landed.contains_key(ordinal) && !self.resolved.contains_key(ordinal)
            })
            .unwrap_or(u32::MAX)
    }

    fn blob(&self) -> String {
        self.name.blob(Kind::Rejections)
    }
}

/// Replays one rejection blob, or only says what would become of it.
pub(super) struct Replay<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) judging: &'a Judging,
    pub(super) selection: &'a Selection,
    pub(super) workers: &'a Workers,
    pub(super) dry_run: bool,
}

/// The events of a case that are accepted now.
struct Mended {
    batch: Batch,
    accepted: Vec<Accepted>,
    outcome: Outcome,
}

impl Replay<'_> {
    pub(super) async fn run(&self, mut case: Case) -> Result<Outcome, StoreError> {
        let mut outcome = Outcome {
            blobs: 1,
            ..Outcome::default()
        };
        if !self.dry_run {
            let unresolved = case.landed.iter();
            let unresolved =
                unresolved.filter(|(ordinal, _)| !case.resolved.contains_key(*ordinal));
            for (ordinal, replayed) in unresolved {
                outcome += self.publish(&case, *ordinal, replayed).await?;
            }
        }
        let done = case.done();
        outcome.resolved_before = done.len();
        if done.len() >= case.about.rejected {
            return Ok(outcome);
        }
        let Some(blob) = self.store.read(&case.blob()).await? else {
            return Ok(outcome.with(&case.blob(), None, "it was listed, and is gone"));
        };
        let (selection, judging) = (self.selection.clone(), self.judging.clone());
        let known = (case.name.clone(), done);
        let mended = self
            .workers
            .run(move || mend(&blob.body, known, &selection, &judging))
            .await;
        let Mended {
            batch,
            accepted,
            outcome: judged,
        } = mended;
        outcome += judged;
        if !self.dry_run {
            outcome += self.land(&mut case, Arc::new(batch), accepted).await?;
        }
        Ok(outcome)
    }

    /// Lands what is accepted, and makes way for what others land meanwhile.
    async fn land(
        &self,
        case: &mut Case,
        batch: Arc<Batch>,
        mut accepted: Vec<Accepted>,
    ) -> Result<Outcome, StoreError> {
        let mut outcome = Outcome::default();
        let Some(digest) = case.about.outbox.clone() else {
            return Ok(outcome);
        };
        while !accepted.is_empty() {
            let ordinal = case.next();
            let name = case.name.replayed(ordinal);
            let replayed = Replayed {
                lines: Lines::that_fit(accepted.iter().map(|it| it.line)),
                rejections: digest.clone(),
                catalog: self.judging.catalog.digest().to_owned(),
            };
            let chosen = accepted[..replayed.lines.len() as usize].to_vec();
            let (events, compression) = (Arc::clone(&batch), name.compression);
            let body = self
                .workers
                .run(move || encode_replayed(&events, &chosen, compression))
                .await;
            let bronze = name.blob(Kind::Bronze);
            let blob = Blob {
                body,
                metadata: replayed.to_metadata(),
            };
            let landed = match self.store.create(&bronze, blob).await? {
                Creation::Created => {
                    outcome.landed += replayed.lines.len();
                    outcome.landed_blobs.push(bronze);
                    replayed
                }
                Creation::Taken => {
                    let there = self.store.metadata(&bronze).await?;
                    match there.as_ref().and_then(Replayed::from_metadata) {
                        Some(there) if there.rejections == digest => there,
                        _ => {
                            let problem = "the name of a replay is taken by a blob that is none \
                                           of these rejections: move it elsewhere";
                            return Ok(outcome.with(&bronze, None, problem));
                        }
                    }
                }
            };
            accepted.retain(|it| !landed.lines.contains(it.line));
            outcome += self.publish(case, ordinal, &landed).await?;
            case.landed.insert(ordinal, landed);
        }
        Ok(outcome)
    }

    /// Says in the rejection log what a replay landed. It is read from what was landed, so that it
    /// is the same whoever says it.
    async fn publish(
        &self,
        case: &Case,
        ordinal: u32,
        replayed: &Replayed,
    ) -> Result<Outcome, StoreError> {
        let outcome = Outcome::default();
        let name = case.name.replayed(ordinal);
        let bronze = name.blob(Kind::Bronze);
        let Some(blob) = self.store.read(&bronze).await? else {
            return Ok(outcome.with(&bronze, None, "it was listed, and is gone"));
        };
        let (of, lines) = (case.name.clone(), replayed.lines.clone());
        let body = self
            .workers
            .run(move || resolutions(&blob.body, &of, &lines))
            .await;
        match body {
            Ok(body) => {
                let blob = Blob {
                    body,
                    metadata: replayed.to_metadata(),
                };
                let resolution = name.blob(Kind::Rejections);
                self.store.create(&resolution, blob).await?;
                Ok(outcome)
            }
            Err(damage) => Ok(outcome.with(&bronze, Some(damage.line), &damage.problem)),
        }
    }
}

/// Judges the lines of a rejection blob that are open and chosen.
fn mend(
    body: &Bytes,
    (name, done): (Name, Lines),
    selection: &Selection,
    judging: &Judging,
) -> Mended {
    let mut judge = Judge::new(&judging.catalog, judging.limits);
    let mut mended = Mended {
        batch: Batch::empty(origin(&name)),
        accepted: Vec::new(),
        outcome: Outcome::default(),
    };
    let blob = name.blob(Kind::Rejections);
    let mut problems = Vec::new();
    let read = each_line(body, |line, text| {
        if done.contains(line) {
            return;
        }
        let problem = match Record::parse(text) {
            Ok(record) if !selection.takes(&record) => return,
            Ok(record) if record.stream != name.stream.as_str() => "it is of another stream",
            Ok(record) => match record.payload() {
                Some(payload) => {
                    mended.judge(&mut judge, line, &record, &payload);
                    return;
                }
                None => "body_base64 is missing or no base64",
            },
            Err(error) => {
                return problems.push(Problem::new(&blob, Some(line), &error));
            }
        };
        problems.push(Problem::new(&blob, Some(line), problem));
    });
    if let Err(damage) = read {
        problems.push(Problem::new(&blob, Some(damage.line), &damage.problem));
    }
    for problem in problems {
        mended.outcome.problem(problem);
    }
    mended
}

impl Mended {
    fn judge(&mut self, judge: &mut Judge, line: u64, record: &Record<'_>, payload: &[u8]) {
        let submission = Submission {
            body: payload,
            properties: record.properties.map(RawValue::get),
            content_type: record.content_type.map(RawValue::get),
        };
        let was = record.reason.clone().unwrap_or_default().into_owned();
        let stream = self.batch.origin.stream().clone();
        match judge.judge(&stream, &submission) {
            Verdict::Accepted(schema) => {
                self.outcome.accept(&was, &schema);
                self.accepted.push(Accepted {
                    event: self.batch.events.len(),
                    schema: schema.to_string(),
                    line,
                });
                adopt(&mut self.batch, record);
                record.add_to(&mut self.batch, payload);
            }
            Verdict::Rejected(rejection) => self.outcome.refuse(&rejection),
        }
    }
}

/// The body of a resolution, out of what a replay landed.
fn resolutions(body: &Bytes, of: &Name, lines: &Lines) -> Result<Bytes, Damage> {
    let mut batch = Batch::empty(origin(of));
    let mut accepted = Vec::new();
    let mut numbers = lines.iter();
    let mut wrong = None;
    each_line(body, |line, text| {
        let read = Record::parse(text).and_then(|record| {
            let schema = record.schema.clone().ok_or("it names no schema")?;
            let number = numbers.next().ok_or("there are more lines than it says")?;
            accepted.push(Accepted {
                event: batch.events.len(),
                schema: schema.into_owned(),
                line: number,
            });
            adopt(&mut batch, &record);
            record.add_to(&mut batch, b"");
            Ok(())
        });
        if let Err(problem) = read {
            wrong.get_or_insert(Damage { line, problem });
        }
    })?;
    match wrong {
        Some(damage) => Err(damage),
        None => Ok(encode_resolutions(
            &batch,
            &accepted,
            &of.blob(Kind::Rejections),
            of.compression,
        )),
    }
}

/// Where the events of a blob come from, as its name says it.
fn origin(name: &Name) -> Origin {
    match &name.place {
        Place::Partition { partition, .. } => Origin::Partition {
            log: name.place.log(),
            stream: name.stream.clone(),
            partition: partition.clone(),
        },
        Place::Invocation { log, id, .. } => Origin::Invocation {
            log: *log,
            stream: name.stream.clone(),
            partition: None,
            id: id.clone(),
        },
    }
}

/// A batch that is named by its invocation may know its partition all the same.
fn adopt(batch: &mut Batch, record: &Record<'_>) {
    if let Origin::Invocation { partition, .. } = &mut batch.origin {
        *partition = record.partition.as_ref().map(Partition::new);
    }
}

/// The rejection blobs of an hour, with their replays; what is none of ours is a problem.
pub(super) fn cases(rejections: &[Listed], replays: &[Listed]) -> (Vec<Case>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    let named = |listed: &Listed| Name::parse(&listed.name).map(|(_, name)| name);
    for listed in rejections {
        if let Some(name) = named(listed).filter(|name| name.replay.is_none())
            && let Some(about) = About::of(&name, &listed.metadata)
        {
            let case = Case {
                name: name.clone(),
                about,
                landed: BTreeMap::new(),
                resolved: BTreeMap::new(),
            };
            cases.insert(name.to_string(), case);
        }
    }
    for (resolves, listed) in rejections
        .iter()
        .map(|it| (true, it))
        .chain(replays.iter().map(|it| (false, it)))
    {
        let name = named(listed);
        if name.as_ref().is_some_and(|name| {
            name.replay.is_none() && About::of(name, &listed.metadata).is_some()
        }) {
            continue;
        }
        let of = name.as_ref().map(|name| name.original().to_string());
        let case = of.and_then(|name| cases.get_mut(&name));
        let replayed = Replayed::from_metadata(&listed.metadata);
        match (name.and_then(|name| name.replay), case, replayed) {
            (Some(ordinal), Some(case), Some(replayed))
                if case.about.outbox.as_ref() == Some(&replayed.rejections) =>
            {
                let list = if resolves {
                    &mut case.resolved
                } else {
                    &mut case.landed
                };
                list.insert(ordinal, replayed);
            }
            // what it replayed was removed by a rule, and so will it be
            (Some(_), None, Some(_)) => {}
            _ => {
                let problem = "not a blob of this program, or one that was changed: \
                               `bronzegate audit` says more";
                problems.push(Problem::new(&listed.name, None, problem));
            }
        }
    }
    (cases.into_values().collect(), problems)
}
