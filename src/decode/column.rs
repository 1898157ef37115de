//! A column of the metadata as the host writes it: a JSON array within a JSON string,
//! `"[\"536368\",null,\"536370\"]"`, read without unescaping it first.
//!
//! It takes strings without escapes, whole numbers, null, and flat objects of those. Anything else
//! is [`Cell::Odd`], and the column is read the long way.

use crate::plain::plain_length;

/// One element of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Null,
    /// The digits of a number.
    Number(&'a str),
    /// The content of a string.
    Text(&'a str),
    /// An object, with its quotes escaped.
    Object(&'a str),
    /// The column is at its end.
    End,
    /// What is not taken here.
    Odd,
}

/// Goes over a column.
pub(super) struct Cells<'a> {
    /// From the first element to behind the closing bracket.
    text: &'a str,
    at: usize,
    first: bool,
}

impl<'a> Cells<'a> {
    /// The cells of a metadata value; `None` where it is no array within a string.
    pub(super) fn of(raw: &'a str) -> Option<Self> {
        let text = raw.strip_prefix("\"[")?.strip_suffix('"')?;
        Some(Self {
            text,
            at: 0,
            first: true,
        })
    }

    pub(super) fn next(&mut self) -> Cell<'a> {
        let first = std::mem::replace(&mut self.first, false);
        match self.peek() {
            Some(b']') if self.at + 1 == self.text.len() => return Cell::End,
            Some(b',') if !first => self.at += 1,
            _ if first => {}
            _ => return Cell::Odd,
        }
        self.value().unwrap_or(Cell::Odd)
    }

    #[inline]
    fn value(&mut self) -> Option<Cell<'a>> {
        Some(match self.peek()? {
            b'\\' => Cell::Text(self.string()?),
            b'0'..=b'9' => Cell::Number(self.number()?),
            b'n' => {
                self.take("null")?;
                Cell::Null
            }
            b'{' => Cell::Object(self.object()?),
            _ => return None,
        })
    }

    fn object(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(&self.text[start..self.at]);
        }
        loop {
            self.string()?;
            self.take(":")?;
            match self.peek()? {
                b'\\' => drop(self.string()?),
                b'0'..=b'9' => drop(self.number()?),
                b'n' => self.take("null")?,
                b't' => self.take("true")?,
                b'f' => self.take("false")?,
                _ => return None,
            }
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(&self.text[start..self.at]);
                }
                _ => return None,
            }
        }
    }

    /// A string's content, which has no escapes of its own.
    #[inline]
    fn string(&mut self) -> Option<&'a str> {
        self.take("\\\"")?;
        let start = self.at;
        self.at += plain_length(&self.text.as_bytes()[start..]);
        let content = &self.text[start..self.at];
        self.take("\\\"")?;
        Some(content)
    }

    fn number(&mut self) -> Option<&'a str> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let number = &self.text[start..self.at];
        let ends = matches!(self.peek()?, b',' | b']' | b'}');
        (ends && (number.len() == 1 || !number.starts_with('0'))).then_some(number)
    }

    #[inline]
    fn take(&mut self, token: &str) -> Option<()> {
        self.text[self.at..]
            .starts_with(token)
            .then(|| self.at += token.len())
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// Adds the JSON of a cell; false for what has none.
pub(super) fn push(cell: Cell<'_>, json: &mut String) -> bool {
    match cell {
        Cell::Null => json.push_str("null"),
        Cell::Number(digits) => json.push_str(digits),
        Cell::Text(content) => {
            json.push('"');
            json.push_str(content);
            json.push('"');
        }
        Cell::Object("{}") => json.push_str("{}"),
        // every backslash is a quote's
        Cell::Object(escaped) => json.extend(escaped.split('\\')),
        Cell::End | Cell::Odd => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    fn cells(raw: &str) -> Option<Vec<Cell<'_>>> {
        let mut cells = Cells::of(raw)?;
        let mut all = Vec::new();
        loop {
            match cells.next() {
                Cell::End => return Some(all),
                Cell::Odd => return None,
                cell => all.push(cell),
            }
        }
    }

    #[test]
    fn a_column_of_the_host_is_read_cell_by_cell() {
        assert_eq!(cells(r#""[]""#), Some(vec![]));
        assert_eq!(
            cells(r#""[\"a\",null,12,{},{\"a\":\"é\",\"b\":0,\"c\":true},\"\"]""#),
            Some(vec![
                Cell::Text("a"),
                Cell::Null,
                Cell::Number("12"),
                Cell::Object("{}"),
                Cell::Object(r#"{\"a\":\"é\",\"b\":0,\"c\":true}"#),
                Cell::Text(""),
            ])
        );
    }

    #[test]
    fn what_is_odd_is_said_to_be() {
        for raw in [
            r#""[,]""#,
            r#""[1,]""#,
            r#""[1""#,
            r#""[1]]""#,
            r#""[01]""#,
            r#""[-1]""#,
            r#""[1.5]""#,
            r#""[\"\\\"\"]""#,
            r#""[\"\\u0041\"]""#,
            r#""[{\"a\":{}}]""#,
            r#""[{\"a\":1,}]""#,
            r#""[ 1]""#,
            r#""[\"a]""#,
            r#""[1 2]""#,
            r#""[12"#,
            r#""[nul]""#,
            r#""[\"a\"\"b\"]""#,
        ] {
            assert_eq!(cells(raw), None, "{raw}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// What is taken is what serde reads out of the same string, element by element.
        #[test]
        fn a_column_that_is_taken_is_what_serde_reads(
            tokens in prop::collection::vec(prop::sample::select(vec![
                "\"", "\"a\"", "\"é\\n\"", "1", "0", "-", ".5", "null", "true", "{}", "{", "}", "\"a\":", "[", "]", ",", " ",
            ]), 0..9),
        ) {
            let array = format!("[{}]", tokens.concat());
            let raw = Value::from(array.clone()).to_string();
            if let Some(cells) = cells(&raw) {
                let read: Vec<Box<RawValue>> = serde_json::from_str(&array).unwrap();
                let mut json = String::new();
                let taken: Vec<String> = cells.into_iter().map(|cell| {
                    json.clear();
                    assert!(push(cell, &mut json));
                    json.clone()
                }).collect();
                let read: Vec<String> = read.iter().map(|raw| raw.get().to_owned()).collect();
                prop_assert_eq!(taken, read);
            }
        }
    }
}
