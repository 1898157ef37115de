//! Which partition a key goes to.
//!
//! The service puts the events of a key on one partition, by a hash of the key. The SDKs' buffered
//! producers (.NET, Java, JavaScript) compute the same one, so that they can fill a batch for each
//! partition in place of one for each key; so do we. It is Bob Jenkins' lookup3 (`hashlittle2`,
//! both seeds 0), whose two words are joined by exclusive or and cut to sixteen bits with a sign.

/// The partition, of so many, for a key.
pub fn partition_of(key: &str, partitions: usize) -> usize {
    // the remainder keeps the hash's sign, as it does in .NET and JavaScript
    let hash = i64::from(hash(key.as_bytes()));
    (hash % partitions.max(1) as i64).unsigned_abs() as usize
}

fn hash(key: &[u8]) -> i16 {
    let (b, c) = lookup3(key);
    (b ^ c) as i16
}

/// The words `b` and `c` of lookup3.
fn lookup3(key: &[u8]) -> (u32, u32) {
    let start = 0xdead_beef_u32.wrapping_add(key.len() as u32);
    let mut state = [start; 3];
    let mut rest = key;
    while rest.len() > 12 {
        let (block, behind) = rest.split_at(12);
        add(&mut state, block);
        mix(&mut state);
        rest = behind;
    }
    if !rest.is_empty() {
        add(&mut state, rest);
        last(&mut state);
    }
    let [_, b, c] = state;
    (b, c)
}

/// Adds up to twelve bytes, as three words of which the first byte is the least.
fn add(state: &mut [u32; 3], bytes: &[u8]) {
    for (word, chunk) in state.iter_mut().zip(bytes.chunks(4)) {
        let value = chunk
            .iter()
            .rev()
            .fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
        *word = word.wrapping_add(value);
    }
}

fn mix([a, b, c]: &mut [u32; 3]) {
    let step = |x: &mut u32, y: &mut u32, z: u32, by: u32| {
        // x -= y; x ^= y <<< by; y += z
        *x = x.wrapping_sub(*y) ^ y.rotate_left(by);
        *y = y.wrapping_add(z);
    };
    step(a, c, *b, 4);
    step(b, a, *c, 6);
    step(c, b, *a, 8);
    step(a, c, *b, 16);
    step(b, a, *c, 19);
    step(c, b, *a, 4);
}

fn last([a, b, c]: &mut [u32; 3]) {
    let step = |x: &mut u32, y: u32, by: u32| *x = (*x ^ y).wrapping_sub(y.rotate_left(by));
    step(c, *b, 14);
    step(a, *c, 11);
    step(b, *a, 25);
    step(c, *b, 16);
    step(a, *c, 4);
    step(b, *a, 14);
    step(c, *b, 24);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `hashPartitionKey` and `mapPartitionKeyToId` of @azure/event-hubs 6.0.4 answer for 4,
    /// 5 and 32 partitions.
    #[test]
    fn a_key_goes_where_the_sdks_put_it() {
        for (key, hashed, ids) in [
            ("", 0, [0, 0, 0]),
            ("a", -16220, [0, 0, 28]),
            ("536365", 10170, [2, 0, 26]),
            ("C536379", 28060, [0, 0, 28]),
            ("alphabet", -23478, [2, 3, 22]),
            ("TWELVE-bytes", 8225, [1, 0, 1]),
            ("thirteen-char", -24856, [0, 1, 24]),
            (
                "a longer key, of more than two dozen bytes",
                -12410,
                [2, 0, 26],
            ),
            ("581482-é", 7340, [0, 0, 12]),
        ] {
            assert_eq!(hash(key.as_bytes()), hashed, "{key:?}");
            assert_eq!([4, 5, 32].map(|it| partition_of(key, it)), ids, "{key:?}");
        }
    }
}
