//! Keeps a row of a CSV file from growing without end: an open quotation mark makes one row of the rest of the file, and a
//! CSV reader holds a row in memory.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The longest row, in bytes. What the reader has read ahead counts too.
pub(super) const MAX_ROW_BYTES: u64 = 1024 * 1024;

/// Said by [`RowLimit`] when a row is too long.
#[derive(Debug, thiserror::Error)]
#[error("a row is longer than {MAX_ROW_BYTES} bytes")]
pub(super) struct RowTooLong;

/// How much was read since the last row ended.
#[derive(Clone, Default)]
pub(super) struct ReadSinceRow(Rc<Cell<u64>>);

impl ReadSinceRow {
    pub(super) fn row_ended(&self) {
        self.0.set(0);
    }
}

/// A file that fails when too much is read of it without the end of a row.
pub(super) struct RowLimit<R> {
    file: R,
    since: ReadSinceRow,
}

impl<R> RowLimit<R> {
    pub(super) fn new(file: R) -> (Self, ReadSinceRow) {
        let since = ReadSinceRow::default();
        (Self { file, since: since.clone() }, since)
    }
}

impl<R: Read> Read for RowLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since.0.get() > MAX_ROW_BYTES {
            return Err(io::Error::other(RowTooLong));
        }
        let read = self.file.read(buffer)?;
        self.since.0.set(self.since.0.get() + read as u64);
        Ok(read)
    }
}
