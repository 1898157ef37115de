//! What was found: counts, and rejections grouped by what is wrong. Bounded, however long the
//! input is.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::input::Place;
use super::words::{Words, sort, words};
use crate::judge::{Reason, Rejection, Violation};

/// Groups that are kept apart; events of others are only counted.
const GROUPS: usize = 200;
/// Complaints of one group that are kept apart.
const COMPLAINTS: usize = 12;
/// Places that a complaint names.
const PLACES: usize = 3;

/// One input's counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Accepted events, by schema.
    pub accepted: BTreeMap<Arc<str>, u64>,
    /// How many were rejected.
    pub rejected: u64,
}

impl File {
    /// How many events it has.
    pub fn events(&self) -> u64 {
        self.rejected + self.accepted.values().sum::<u64>()
    }
}

/// What is wrong: the reason, and where a schema refused it, the place in the event and the keyword.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) reason: Reason,
    /// A pointer in which `*` stands for the places of an array; empty for the whole event.
    pub(super) pointer: String,
    /// The schema's keyword; empty where no schema refused it.
    pub(super) keyword: String,
    pub(super) schema: Option<Arc<str>>,
}

/// Rejections of one kind.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) kind: Kind,
    pub(super) events: u64,
    pub(super) complaints: Vec<Complaint>,
    /// The event that was counted last: one can be wrong in several ways.
    last: u64,
}

/// What is said of some events of a group.
#[derive(Debug)]
pub(super) struct Complaint {
    /// What they have in common.
    sort: String,
    /// In the words for the first of them.
    pub(super) text: String,
    pub(super) events: u64,
    /// The first ones.
    pub(super) places: Vec<Spot>,
    last: u64,
}

impl Complaint {
    /// Whether these are the same events, as far as that is kept.
    pub(super) fn is_of_same_events(&self, other: &Self) -> bool {
        (self.events, self.last, &self.places) == (other.events, other.last, &other.places)
    }
}

/// An event's place in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// The file's index.
    pub(super) file: usize,
    pub(super) place: Place,
    /// Where in the event.
    pub(super) within: String,
}

/// What was found in all inputs.
#[derive(Debug, Default)]
pub struct Tally {
    /// The inputs' counts, in their order.
    pub files: Vec<File>,
    pub(super) groups: Vec<Group>,
    /// Events of groups that are not kept apart.
    pub(super) ungrouped: u64,
    index: HashMap<Kind, usize>,
    events: u64,
}

impl Tally {
    /// Begins with the next input.
    pub(super) fn file(&mut self, name: &str) {
        self.files.push(File {
            name: name.to_owned(),
            ..File::default()
        });
    }

    /// How many events were rejected.
    pub fn rejected(&self) -> u64 {
        self.files.iter().map(|file| file.rejected).sum()
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.files.iter().map(File::events).sum()
    }

    pub(super) fn accept(&mut self, schema: Arc<str>) {
        self.events += 1;
        if let Some(file) = self.files.last_mut() {
            *file.accepted.entry(schema).or_default() += 1;
        }
    }

    pub(super) fn reject(&mut self, place: Place, body: &[u8], rejection: &Rejection) {
        self.events += 1;
        if let Some(file) = self.files.last_mut() {
            file.rejected += 1;
        }
        let mut left_out = true;
        for violation in shown(rejection) {
            left_out &= !self.add(place, body, rejection, violation);
        }
        self.ungrouped += u64::from(left_out);
    }

    /// False where its group is not kept apart.
    fn add(
        &mut self,
        place: Place,
        body: &[u8],
        rejection: &Rejection,
        violation: &Violation,
    ) -> bool {
        let Rejection { reason, schema, .. } = rejection;
        let mut what = Kind {
            reason: *reason,
            pointer: String::new(),
            keyword: String::new(),
            schema: schema.clone(),
        };
        if violation.keyword != reason.word() {
            what.pointer = starred(&violation.pointer);
            what.keyword.clone_from(&violation.keyword);
        }
        let at = match self.index.get(&what) {
            Some(at) => *at,
            None if self.groups.len() == GROUPS => return false,
            None => {
                self.groups.push(Group {
                    kind: what.clone(),
                    events: 0,
                    complaints: Vec::new(),
                    last: 0,
                });
                self.index.insert(what, self.groups.len() - 1);
                self.groups.len() - 1
            }
        };
        let group = &mut self.groups[at];
        if group.last != self.events {
            group.last = self.events;
            group.events += 1;
        }
        let spot = |within| Spot {
            file: self.files.len() - 1,
            place,
            within,
        };
        let sort = sort(*reason, violation);
        let say = || words(*reason, violation, body, place);
        let Some(complaint) = group.complaints.iter_mut().find(|it| it.sort == sort) else {
            if group.complaints.len() < COMPLAINTS {
                let Words { text, spot: within } = say();
                group.complaints.push(Complaint {
                    sort,
                    text,
                    events: 1,
                    places: vec![spot(within)],
                    last: self.events,
                });
            }
            return true;
        };
        if complaint.last != self.events {
            complaint.last = self.events;
            complaint.events += 1;
            if complaint.places.len() < PLACES {
                complaint.places.push(spot(say().spot));
            }
        }
        true
    }
}

/// The violations without the note of how many more there are: it is of no place.
fn shown(rejection: &Rejection) -> &[Violation] {
    match rejection.violations.as_slice() {
        [rest @ .., last]
            if !rest.is_empty() && last.pointer.is_empty() && last.schema_pointer.is_empty() =>
        {
            rest
        }
        all => all,
    }
}

/// The pointer with `*` in the place of numbers.
fn starred(pointer: &str) -> String {
    let star = |segment| match segment {
        "" => "",
        digits if digits.bytes().all(|it: u8| it.is_ascii_digit()) => "*",
        name => name,
    };
    pointer.split('/').map(star).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pointer: &str, message: &str) -> Rejection {
        Rejection {
            reason: Reason::Schema,
            schema: Some("order/1.0.0".into()),
            violations: vec![Violation {
                pointer: pointer.to_owned(),
                keyword: "type".to_owned(),
                schema_pointer: "/type".to_owned(),
                message: message.to_owned(),
            }],
        }
    }

    #[test]
    fn places_of_an_array_are_one_group_and_an_event_counts_once() {
        let mut tally = Tally::default();
        tally.file("a");
        let mut twice = refused("/lines/0/price", "x");
        twice
            .violations
            .extend(refused("/lines/1/price", "x").violations);
        twice
            .violations
            .extend(refused("/lines/2/price", "y").violations);
        for line in 1..=5 {
            tally.reject(Place::Line(line), b"{}", &twice);
        }
        assert_eq!(tally.groups.len(), 1);
        assert_eq!(tally.groups[0].kind.pointer, "/lines/*/price");
        assert_eq!(tally.groups[0].events, 5);
        let complaints = &tally.groups[0].complaints;
        assert_eq!(
            complaints.iter().map(|it| it.events).collect::<Vec<_>>(),
            [5, 5]
        );
        assert_eq!(complaints[0].places.len(), PLACES);
    }

    #[test]
    fn how_many_more_there_are_is_no_complaint() {
        let mut tally = Tally::default();
        tally.file("a");
        let mut rejection = refused("/a", "x");
        rejection.violations.push(Violation {
            keyword: "schema".to_owned(),
            pointer: String::new(),
            schema_pointer: String::new(),
            message: "and 7 more".to_owned(),
        });
        tally.reject(Place::Line(1), b"{}", &rejection);
        assert_eq!(tally.groups.len(), 1);
        rejection.violations.remove(0);
        tally.reject(Place::Line(2), b"{}", &rejection);
        assert_eq!(tally.groups.len(), 2);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut tally = Tally::default();
        tally.file("a");
        for number in 0..1_000 {
            let rejection = refused(&format!("/key{number}"), "x");
            tally.reject(Place::Line(number), b"{}", &rejection);
            let rejection = refused("/key0", &format!("message {number}"));
            tally.reject(Place::Line(number), b"{}", &rejection);
        }
        assert_eq!(tally.rejected(), 2_000);
        assert_eq!(tally.groups.len(), GROUPS);
        assert_eq!(tally.ungrouped, 1_000 - GROUPS as u64);
        assert_eq!(tally.groups[0].complaints.len(), COMPLAINTS);
        assert_eq!(tally.groups[0].events, 1_001);
    }
}
