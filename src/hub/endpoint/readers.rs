//! Who reads a partition: a receiver with an epoch is alone in its consumer group.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

type Seats = HashMap<(String, usize), Vec<Seat>>;

/// The receivers that are attached.
#[derive(Debug, Clone, Default)]
pub struct Readers(Arc<Mutex<(u64, Seats)>>);

#[derive(Debug)]
struct Seat {
    number: u64,
    epoch: Option<i64>,
    displaced: oneshot::Sender<i64>,
}

/// A receiver that is attached, until this is dropped.
#[derive(Debug)]
pub struct Reader {
    readers: Readers,
    place: (String, usize),
    number: u64,
    /// Hears the epoch of the receiver that takes its place.
    pub displaced: oneshot::Receiver<i64>,
}

impl Readers {
    /// Attaches a receiver. One with an epoch displaces all that have none, or none that is higher.
    ///
    /// # Errors
    /// The epoch of a receiver that stays: it is higher, or the new one has none.
    pub fn attach(&self, group: &str, partition: usize, epoch: Option<i64>) -> Result<Reader, i64> {
        let place = (group.to_owned(), partition);
        let mut state = self.state();
        let (numbers, seats) = &mut *state;
        let present = seats.entry(place.clone()).or_default();
        let highest = present.iter().filter_map(|seat| seat.epoch).max();
        match (highest, epoch) {
            (Some(highest), None) => return Err(highest),
            (Some(highest), Some(epoch)) if epoch < highest => return Err(highest),
            _ => {}
        }
        if let Some(epoch) = epoch {
            for seat in present.drain(..) {
                // it may be leaving by itself
                let _ = seat.displaced.send(epoch);
            }
        }
        *numbers += 1;
        let number = *numbers;
        let (sender, displaced) = oneshot::channel();
        present.push(Seat {
            number,
            epoch,
            displaced: sender,
        });
        Ok(Reader {
            readers: self.clone(),
            place,
            number,
            displaced,
        })
    }

    fn state(&self) -> MutexGuard<'_, (u64, Seats)> {
        // nothing panics between two changes of the map
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(seats) = self.readers.state().1.get_mut(&self.place) {
            seats.retain(|seat| seat.number != self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_displaces_what_is_not_higher() {
        let readers = Readers::default();
        let attach = |epoch| readers.attach("$default", 0, epoch);
        let mut plain = [attach(None).unwrap(), attach(None).unwrap()];
        let mut first = attach(Some(1)).unwrap();
        assert!(plain.iter_mut().all(|it| it.displaced.try_recv() == Ok(1)));
        assert_eq!(attach(None).unwrap_err(), 1);
        assert_eq!(attach(Some(0)).unwrap_err(), 1);
        let mut same = attach(Some(1)).unwrap();
        assert_eq!(first.displaced.try_recv(), Ok(1));
        let higher = attach(Some(7)).unwrap();
        assert_eq!(same.displaced.try_recv(), Ok(7));
        // one that was displaced does not take its successor along as it goes
        drop((plain, first, same));
        assert_eq!(attach(Some(6)).unwrap_err(), 7);
        drop(higher);
        assert!(attach(None).is_ok());
    }

    #[test]
    fn groups_and_partitions_are_apart() {
        let readers = Readers::default();
        let mut one = readers.attach("$default", 0, Some(1)).unwrap();
        let _other = readers.attach("$default", 1, Some(2)).unwrap();
        let _group = readers.attach("mine", 0, None).unwrap();
        assert!(one.displaced.try_recv().is_err());
    }
}
