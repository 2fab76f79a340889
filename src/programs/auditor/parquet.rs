//! Records as a Parquet file, by groups of rows. Payloads and keys are bytes there, exact ones.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::error::AuditError;
use super::flat::Row;

/// A group of rows is written when it has so many,
const GROUP_ROWS: usize = 50_000;

/// or when their payloads are so long.
const GROUP_BYTES: i64 = 64 << 20;

/// How a column is had from a row.
enum Column {
    Int(fn(&Row) -> Option<i32>),
    Long(fn(&Row) -> Option<i64>),
    Text(fn(&Row) -> Option<&str>),
    Bytes(fn(&Row) -> Option<Vec<u8>>),
}

/// Name, type and content of each column.
const COLUMNS: [(&str, &str, Column); 20] = [
    ("line", "int64", Column::Long(|row| Some(row.line))),
    ("received", "int64/(TIMESTAMP(MILLIS,true))", Column::Long(received_ms)),
    ("event", "binary/(UTF8)", Column::Text(|row| Some(row.event))),
    ("topic", "binary/(UTF8)", Column::Text(|row| Some(&row.topic))),
    ("partition", "int32", Column::Int(|row| Some(row.partition))),
    ("offset", "int64", Column::Long(|row| Some(row.offset))),
    ("kafka_timestamp", "int64/(TIMESTAMP(MILLIS,true))", Column::Long(|row| row.kafka_timestamp_ms)),
    ("kafka_timestamp_type", "binary/(UTF8)", Column::Text(|row| row.kafka_timestamp_type.as_deref())),
    ("key", "binary", Column::Bytes(|row| bytes(row.key.as_deref(), row.key_b64.as_deref()))),
    ("headers", "binary/(UTF8)", Column::Text(|row| row.headers.as_deref())),
    ("payload", "binary", Column::Bytes(|row| bytes(row.payload.as_deref(), row.payload_b64.as_deref()))),
    ("size_bytes", "int64", Column::Long(|row| Some(row.size_bytes))),
    ("error", "binary/(UTF8)", Column::Text(|row| row.error.as_deref())),
    ("leader_epoch", "int32", Column::Int(|row| row.leader_epoch)),
    ("gap_before", "int64", Column::Long(|row| Some(row.gap_before))),
    ("order_id", "binary/(UTF8)", Column::Text(|row| row.order_id.as_deref())),
    ("sequence", "int64", Column::Long(|row| row.sequence)),
    ("customer_id", "binary/(UTF8)", Column::Text(|row| row.customer_id.as_deref())),
    ("total", "binary/(UTF8)", Column::Text(|row| row.total.as_deref())),
    ("currency", "binary/(UTF8)", Column::Text(|row| row.currency.as_deref())),
];

fn received_ms(row: &Row) -> Option<i64> {
    row.received.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

fn bytes(text: Option<&str>, encoded: Option<&str>) -> Option<Vec<u8>> {
    match encoded {
        Some(encoded) => STANDARD.decode(encoded).ok(),
        None => text.map(|text| text.as_bytes().to_vec()),
    }
}

/// What the file's writer has written and nobody has taken yet.
#[derive(Clone, Default)]
struct Basket(Arc<Mutex<Vec<u8>>>);

impl Write for Basket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Rows as a Parquet file.
pub(super) struct ParquetRows<'a> {
    out: &'a mut dyn Write,
    basket: Basket,
    writer: SerializedFileWriter<Basket>,
    rows: Vec<Row>,
    bytes: i64,
}

impl<'a> ParquetRows<'a> {
    /// Begins the file.
    ///
    /// # Errors
    /// [`AuditError::Output`].
    pub(super) fn begin(out: &'a mut dyn Write) -> Result<Self, AuditError> {
        let fields: Vec<String> = COLUMNS
            .iter()
            .map(|(name, kind, _)| match kind.split_once('/') {
                Some((kind, logical)) => format!("optional {kind} {name} {logical};"),
                None => format!("optional {kind} {name};"),
            })
            .collect();
        let schema = parse_message_type(&format!("message record {{ {} }}", fields.join(" "))).map_err(failed)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let basket = Basket::default();
        let writer =
            SerializedFileWriter::new(basket.clone(), Arc::new(schema), Arc::new(properties)).map_err(failed)?;
        Ok(Self { out, basket, writer, rows: Vec::new(), bytes: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`AuditError::Output`].
    pub(super) fn add(&mut self, row: Row) -> Result<(), AuditError> {
        self.bytes += row.size_bytes;
        self.rows.push(row);
        if self.rows.len() >= GROUP_ROWS || self.bytes >= GROUP_BYTES { self.write_group() } else { Ok(()) }
    }

    /// Writes what is left, and the file's end.
    ///
    /// # Errors
    /// [`AuditError::Output`].
    pub(super) fn end(mut self) -> Result<(), AuditError> {
        if !self.rows.is_empty() {
            self.write_group()?;
        }
        self.writer.finish().map_err(failed)?;
        self.hand_over()
    }

    fn write_group(&mut self) -> Result<(), AuditError> {
        let mut group = self.writer.next_row_group().map_err(failed)?;
        for (_, _, column) in &COLUMNS {
            write_column(&mut group, column, &self.rows).map_err(failed)?;
        }
        group.close().map_err(failed)?;
        self.rows.clear();
        self.bytes = 0;
        self.hand_over()
    }

    fn hand_over(&mut self) -> Result<(), AuditError> {
        let written = std::mem::take(&mut *self.basket.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.out.write_all(&written).map_err(AuditError::output)
    }
}

fn write_column(
    group: &mut SerializedRowGroupWriter<'_, Basket>,
    column: &Column,
    rows: &[Row],
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else { return Ok(()) };
    // What is there is at level 1, what is not at 0.
    macro_rules! write {
        ($type:ty, $values:expr) => {{
            let values: Vec<_> = $values.collect();
            let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
            let there: Vec<_> = values.into_iter().flatten().collect();
            writer.typed::<$type>().write_batch(&there, Some(&levels), None)?;
        }};
    }
    match column {
        Column::Int(of) => write!(Int32Type, rows.iter().map(of)),
        Column::Long(of) => write!(Int64Type, rows.iter().map(of)),
        Column::Text(of) => write!(ByteArrayType, rows.iter().map(|row| of(row).map(ByteArray::from))),
        Column::Bytes(of) => write!(ByteArrayType, rows.iter().map(|row| of(row).map(ByteArray::from))),
    }
    writer.close()
}

fn failed(error: ParquetError) -> AuditError {
    AuditError::output(io::Error::other(error))
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;

    use super::*;

    #[test]
    fn rows_can_be_read_back() {
        let row = |line: i64, payload_b64: Option<&str>| Row {
            line,
            received: "2026-11-21T09:41:05.123Z".to_owned(),
            event: "valid",
            key: (line == 2).then(|| "k".to_owned()),
            payload_b64: payload_b64.map(str::to_owned),
            ..Row::default()
        };
        let mut file = Vec::new();
        let mut rows = ParquetRows::begin(&mut file).unwrap();
        rows.add(row(1, Some("/w=="))).unwrap();
        rows.add(row(2, None)).unwrap();
        rows.end().unwrap();
        let mut written = tempfile::tempfile().unwrap();
        written.write_all(&file).unwrap();
        let reader = SerializedFileReader::new(written).unwrap();
        let back: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(back.len(), 2);
        assert_eq!((back[0].get_long(0).unwrap(), back[1].get_long(0).unwrap()), (1, 2));
        assert_eq!(back[0].get_timestamp_millis(1).unwrap(), 1_795_254_065_123);
        assert_eq!(back[0].get_bytes(10).unwrap().data(), b"\xff");
        assert!(back[1].get_bytes(10).is_err() && back[0].get_bytes(8).is_err(), "absent");
        assert_eq!(back[1].get_bytes(8).unwrap().data(), b"k");
    }
}
