//! The plain stretch of a JSON string: what of it stands for itself.

/// How many bytes stand before the first quote, backslash or control character; all of them where
/// there is none.
#[inline]
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // a byte of the result is marked where the byte of `word` is 0: exact for the lowest mark
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut at = 0;
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let marks = quote | backslash | control;
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_that_is_not_plain_is_found_at_every_distance() {
        for length in 0..40 {
            let plain = "é~\u{7f} ".repeat(length);
            assert_eq!(plain_length(plain.as_bytes()), plain.len());
            for odd in ["\"", "\\", "\0", "\n", "\u{1f}"] {
                let text = format!("{plain}{odd}\"abcdefgh");
                assert_eq!(plain_length(text.as_bytes()), plain.len(), "{text:?}");
            }
        }
    }
}
