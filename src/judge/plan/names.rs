//! The names of an object's members, each with a slot, found by the bit that the reader made of a key.

use crate::judge::reader::key_bit;

/// Names and their slots.
#[derive(Debug)]
pub(super) struct Names {
    by_slot: Vec<Box<[u8]>>,
    /// By a key's bit, one more than the slot of the first name that has it.
    first: [u8; 64],
    /// By slot, the same for the next name.
    next: Vec<u8>,
}

impl Names {
    /// The most names of one object.
    pub(super) const MOST: usize = 64;

    pub(super) fn is_empty(&self) -> bool {
        self.by_slot.is_empty()
    }

    /// The slot of a name, which is given one where it has none; `None` where there are too many.
    pub(super) fn intern(&mut self, name: &str) -> Option<usize> {
        let bit = key_bit(name.as_bytes());
        if let Some(slot) = self.slot(bit, name.as_bytes()) {
            return Some(slot);
        }
        if self.by_slot.len() == Self::MOST {
            return None;
        }
        self.by_slot.push(name.as_bytes().into());
        let head = &mut self.first[bit as usize];
        self.next.push(*head);
        *head = self.by_slot.len() as u8;
        Some(self.by_slot.len() - 1)
    }

    /// The slot of a key with this bit.
    #[inline]
    pub(super) fn slot(&self, bit: u32, key: &[u8]) -> Option<usize> {
        let mut at = self.first[bit as usize & 63];
        while at != 0 {
            let slot = usize::from(at) - 1;
            if *self.by_slot[slot] == *key {
                return Some(slot);
            }
            at = self.next[slot];
        }
        None
    }
}

impl Default for Names {
    fn default() -> Self {
        Self {
            by_slot: Vec::new(),
            first: [0; 64],
            next: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_share_a_bit_are_told_apart() {
        let mut names = Names::default();
        let all: Vec<String> = (0..64).map(|n| format!("name{n}")).collect();
        for (slot, name) in all.iter().enumerate() {
            assert_eq!(names.intern(name), Some(slot));
        }
        for (slot, name) in all.iter().enumerate() {
            assert_eq!(
                names.slot(key_bit(name.as_bytes()), name.as_bytes()),
                Some(slot)
            );
            assert_eq!(names.intern(name), Some(slot));
        }
        assert_eq!(names.slot(key_bit(b"name64"), b"name64"), None);
        assert_eq!(names.intern("name64"), None);
    }
}
