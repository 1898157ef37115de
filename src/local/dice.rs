//! Chance from a seed: the same throws on every machine and in every release.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A seeded source of throws.
///
/// Built on `ChaCha8`'s words alone: the algorithms of `rand`'s distributions may change between its
/// releases, and then the same seed would make another stream.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of a seed. Dice with the same seed and another `lane` are independent.
    pub fn new(seed: u64, lane: u64) -> Self {
        let mut words = ChaCha8Rng::seed_from_u64(seed);
        words.set_stream(lane);
        Self(words)
    }

    /// A number from 0 to `end - 1`; 0 where `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // the high half of the product: the bias of 2^-32 for our small ends doesn't show
        ((u128::from(self.0.next_u64()) * u128::from(end)) >> 64) as u64
    }

    /// A number between both ends, inclusive.
    pub fn between(&mut self, least: u64, greatest: u64) -> u64 {
        least + self.below(greatest - least + 1)
    }

    /// Whether something happens that happens `share` times in ten thousand.
    pub fn happens(&mut self, share: u64) -> bool {
        self.below(10_000) < share
    }

    /// One of these.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    /// Any number.
    pub fn word(&mut self) -> u64 {
        self.0.next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throw = |seed, lane| {
            let mut dice = Dice::new(seed, lane);
            [dice.below(1_000), dice.below(1_000), dice.between(7, 9)]
        };
        assert_eq!(throw(7, 0), throw(7, 0));
        assert_ne!(throw(7, 0), throw(8, 0));
        assert_ne!(throw(7, 0), throw(7, 1));
    }

    #[test]
    fn throws_stay_between_their_ends() {
        let mut dice = Dice::new(1, 0);
        let throws: Vec<_> = (0..1_000).map(|_| dice.between(3, 5)).collect();
        assert!(throws.iter().all(|throw| (3..=5).contains(throw)));
        assert!([3, 4, 5].iter().all(|end| throws.contains(end)));
        assert!(!dice.happens(0));
        assert!(dice.happens(10_000));
    }
}
