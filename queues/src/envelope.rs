//! The envelope: CloudEvents 1.0 in structured JSON, with hard limits for what comes from outside.
//!
//! Knows attributes, never what `data` means: that stays the sender's bytes and is parsed once, by its handler.
//! Parsing never panics and never recurses with its input.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// `content-type` of every message (CloudEvents JSON format, section 3).
pub const CONTENT_TYPE: &str = "application/cloudevents+json";
/// The largest message taken from outside, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// What smista may add to a message of that size when it republishes it as a wait.
const ROOM_FOR_OWN_ATTRIBUTES: usize = 4 * 1024;
/// The deepest nesting of objects and arrays, the envelope's own object included.
pub const MAX_DEPTH: usize = 32;
/// The longest attribute, in bytes: a routing key holds no more (AMQP 0-9-1, short string).
pub const MAX_ATTRIBUTE_BYTES: usize = 255;

/// A message with its CloudEvents attributes. `source` and `id` together are the idempotency key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    specversion: SpecVersion,
    pub id: String,
    pub source: String,
    #[serde(rename = "type")]
    pub message_type: String,
    /// The case that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened, business time.
    #[serde(serialize_with = "write_time")]
    pub time: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    datacontenttype: Option<String>,
    /// The version of `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataschema: Option<String>,
    /// W3C Trace Context (CloudEvents distributed tracing extension).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// For a fact: the version that its case has after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The login of the operator for whom a client gives a command. To be checked against its delegation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operatore: Option<String>,
    /// The verified client of a message that smista republishes. Means nothing from any other sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cliente: Option<String>,
    /// The attempt that a republished message is up to. Means nothing from any other sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tentativo: Option<u32>,
    /// When smista itself put the message back in its queue: a wait that is over, or a replay that an operator answers for.
    /// Its age counts from there. Means nothing from any other sender.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "write_time_if_any")]
    pub(crate) ripreso: Option<DateTime<Utc>>,
    #[serde(default = "null")]
    pub data: Box<RawValue>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum SpecVersion {
    #[serde(rename = "1.0")]
    V1_0,
}

/// Why some bytes are no envelope. Never quotes them: they may hold personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("message of {bytes} bytes, at most {limit} are taken")]
    TooLarge { bytes: usize, limit: usize },
    #[error("nested deeper than {MAX_DEPTH}")]
    TooDeep,
    #[error("not UTF-8 from byte {0}")]
    NotUtf8(usize),
    #[error("not a CloudEvents 1.0 envelope: {category} error at line {line}, column {column}")]
    NotAnEnvelope { category: &'static str, line: usize, column: usize },
    #[error("attribute {0} is empty, longer than {MAX_ATTRIBUTE_BYTES} bytes or holds control characters")]
    BadAttribute(&'static str),
    #[error("data is not JSON but says so otherwise")]
    NotJsonData,
}

impl Envelope {
    /// A new message with what every message has; set the optional attributes on it.
    pub fn new<T: Serialize>(
        id: impl Into<String>,
        source: impl Into<String>,
        message_type: impl Into<String>,
        time: DateTime<Utc>,
        data: &T,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            specversion: SpecVersion::V1_0,
            id: id.into(),
            source: source.into(),
            message_type: message_type.into(),
            subject: None,
            time,
            datacontenttype: Some("application/json".to_owned()),
            dataschema: None,
            traceparent: None,
            sequence: None,
            operatore: None,
            cliente: None,
            tentativo: None,
            ripreso: None,
            data: serde_json::value::to_raw_value(data)?,
        })
    }

    /// Reads a message from outside, within all limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        Self::parse_within(bytes, MAX_BYTES)
    }

    /// Reads a message that smista itself may have republished with attributes of its own.
    pub(crate) fn parse_from_smista(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        Self::parse_within(bytes, MAX_BYTES + ROOM_FOR_OWN_ATTRIBUTES)
    }

    fn parse_within(bytes: &[u8], limit: usize) -> Result<Self, EnvelopeError> {
        if bytes.len() > limit {
            return Err(EnvelopeError::TooLarge { bytes: bytes.len(), limit });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| EnvelopeError::NotUtf8(error.valid_up_to()))?;
        if is_nested_deeper_than(MAX_DEPTH, bytes) {
            return Err(EnvelopeError::TooDeep);
        }
        let envelope: Envelope = serde_json::from_str(text)?;
        envelope.check()?;
        Ok(envelope)
    }

    /// Refuses attributes that a routing key, an index or a text column could not hold.
    fn check(&self) -> Result<(), EnvelopeError> {
        let required = [("id", &self.id), ("source", &self.source), ("type", &self.message_type)];
        let optional = [
            ("subject", &self.subject),
            ("dataschema", &self.dataschema),
            ("traceparent", &self.traceparent),
            ("operatore", &self.operatore),
            ("cliente", &self.cliente),
        ];
        let present = optional.iter().filter_map(|(name, value)| value.as_ref().map(|value| (*name, value)));
        for (name, value) in required.into_iter().chain(present) {
            if value.is_empty() || value.len() > MAX_ATTRIBUTE_BYTES || value.contains(char::is_control) {
                return Err(EnvelopeError::BadAttribute(name));
            }
        }
        let is_json =
            |kind: &String| kind.split(';').next().is_some_and(|kind| kind.trim().ends_with("json"));
        if !self.datacontenttype.as_ref().is_none_or(is_json) {
            return Err(EnvelopeError::NotJsonData);
        }
        Ok(())
    }

    /// The bytes to publish.
    pub fn encode(&self) -> Result<Arc<[u8]>, serde_json::Error> {
        serde_json::to_vec(self).map(Arc::from)
    }

    /// Parses `data`, once, into what its type says.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.data.get())
    }
}

impl From<serde_json::Error> for EnvelopeError {
    fn from(error: serde_json::Error) -> Self {
        // serde's own text may quote the input.
        let category = match error.classify() {
            serde_json::error::Category::Io => "read",
            serde_json::error::Category::Syntax => "syntax",
            serde_json::error::Category::Data => "data",
            serde_json::error::Category::Eof => "truncation",
        };
        Self::NotAnEnvelope { category, line: error.line(), column: error.column() }
    }
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

fn write_time<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn write_time_if_any<S: Serializer>(time: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => write_time(time, serializer),
        None => serializer.serialize_none(),
    }
}

/// Counts brackets outside strings, so that no recursive parser ever sees what is too deep for it.
fn is_nested_deeper_than(limit: usize, json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
