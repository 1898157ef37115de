//! How a blob's body is compressed.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use bytes::Bytes;
use flate2::GzBuilder;
use flate2::write::GzEncoder;

/// How a blob's body is compressed; it is the same for all blobs of a lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// One gzip member (RFC 1952) without a time or a name, so that it is the same every time.
    #[default]
    Gzip,
    /// Plain NDJSON.
    None,
}

impl Compression {
    /// The word of the setting and of the lake's marker.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::None => "none",
        }
    }

    /// The ending of a blob's name, by which readers know how to read it.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Gzip => ".json.gz",
            Self::None => ".json",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "gzip" => Ok(Self::Gzip),
            "none" => Ok(Self::None),
            other => Err(format!("{other:?} is unknown: it is gzip or none")),
        }
    }
}

/// Takes lines, keeps the compressed body.
pub(super) struct Compressor {
    lines: Vec<u8>,
    gzip: Option<GzEncoder<Vec<u8>>>,
}

impl Compressor {
    /// zlib's level: `benches/README.md` has the table by which it was chosen.
    const LEVEL: u32 = 3;
    /// Lines are handed to the compressor by this many bytes.
    const STRETCH: usize = 64 * 1024;
    /// Records become at least so many times smaller, mostly more.
    const SHRINKS: usize = 8;

    /// A compressor for about `expected` bytes of lines.
    pub(super) fn new(compression: Compression, expected: usize) -> Self {
        let (waiting, gzip) = match compression {
            Compression::Gzip => {
                let body = Vec::with_capacity(expected / Self::SHRINKS);
                let level = flate2::Compression::new(Self::LEVEL);
                let waiting = expected.min(Self::STRETCH + Self::STRETCH / 8);
                (waiting, Some(GzBuilder::new().write(body, level)))
            }
            Compression::None => (expected, None),
        };
        Self {
            lines: Vec::with_capacity(waiting),
            gzip,
        }
    }

    /// Where the next line is written.
    pub(super) fn line(&mut self) -> &mut Vec<u8> {
        &mut self.lines
    }

    /// Compresses what is waiting, if it is worth the while.
    pub(super) fn flush(&mut self) {
        if self.lines.len() >= Self::STRETCH {
            self.compress();
        }
    }

    pub(super) fn finish(mut self) -> Bytes {
        self.compress();
        match self.gzip {
            // writing to a vector does not fail
            Some(gzip) => gzip.finish().unwrap_or_default().into(),
            None => self.lines.into(),
        }
    }

    fn compress(&mut self) {
        if let Some(gzip) = &mut self.gzip {
            // writing to a vector does not fail
            let _ = gzip.write_all(&self.lines);
            self.lines.clear();
        }
    }
}
