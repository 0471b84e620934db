use super::*;

const GOOD: &str = r#"{"specversion":"1.0","id":"1","source":"crm","type":"case.note","time":"2026-11-23T10:00:00Z",
    "operatore":"rossi","comextension":"kept by nobody","data":{"a":  1.50}}"#;

fn with_data(data: &str) -> Vec<u8> {
    GOOD.replace(r#"{"a":  1.50}"#, data).into_bytes()
}

#[test]
fn reads_and_writes_attributes_and_leaves_data_as_it_came() {
    let envelope = Envelope::parse(GOOD.as_bytes()).expect("good");
    assert_eq!(envelope.operatore.as_deref(), Some("rossi"));
    assert_eq!(envelope.data.get(), r#"{"a":  1.50}"#);
    let again = Envelope::parse(&envelope.encode().expect("encodes")).expect("still good");
    assert_eq!(again.data.get(), envelope.data.get());
    assert_eq!((again.id, again.source, again.time), (envelope.id, envelope.source, envelope.time));
}

#[test]
fn nesting_is_counted_outside_strings_and_bounded() {
    let nested = |depth: usize| with_data(&("[".repeat(depth) + &"]".repeat(depth)));
    assert!(Envelope::parse(&nested(31)).is_ok());
    assert_eq!(Envelope::parse(&nested(32)).expect_err("too deep"), EnvelopeError::TooDeep);
    assert_eq!(Envelope::parse(&nested(10_000)).expect_err("too deep"), EnvelopeError::TooDeep);
    assert_eq!(Envelope::parse("[".repeat(10_000).as_bytes()).expect_err("too deep"), EnvelopeError::TooDeep);
    let in_a_string = format!(r#""\"{}\\""#, "[{".repeat(10_000));
    assert!(Envelope::parse(&with_data(&in_a_string)).is_ok());
}

#[test]
fn what_is_no_envelope_is_refused_with_its_reason() {
    let invalid_utf8 = [GOOD.as_bytes(), b"\xff"].concat();
    assert_eq!(Envelope::parse(&invalid_utf8).expect_err("utf-8"), EnvelopeError::NotUtf8(GOOD.len()));
    let huge = with_data(&format!("\"{}\"", "x".repeat(MAX_BYTES)));
    assert!(matches!(Envelope::parse(&huge), Err(EnvelopeError::TooLarge { limit: MAX_BYTES, .. })));
    let broken = [
        String::new(),
        "null".to_owned(),
        "{}".to_owned(),
        format!("{GOOD} {GOOD}"),
        GOOD.replace("\"1.0\"", "\"0.3\""),
        GOOD.replace("\"id\":\"1\"", "\"id\":\"1\",\"id\":\"2\""),
        GOOD.replace("\"id\":\"1\"", "\"id\":7"),
        GOOD.replace("T10:00:00Z", ""),
        GOOD[..GOOD.len() - 1].to_owned(),
        GOOD.replace("1.50", "1e"),
    ];
    for text in broken {
        assert!(
            matches!(Envelope::parse(text.as_bytes()), Err(EnvelopeError::NotAnEnvelope { .. })),
            "{text}"
        );
    }
    for bad in ["", "a\\u0000b", &"x".repeat(256)] {
        let text = GOOD.replace("\"id\":\"1\"", &format!("\"id\":\"{bad}\""));
        assert_eq!(Envelope::parse(text.as_bytes()).expect_err("bad id"), EnvelopeError::BadAttribute("id"));
    }
    let xml = GOOD.replace("\"operatore\"", "\"datacontenttype\":\"text/xml\",\"operatore\"");
    assert_eq!(Envelope::parse(xml.as_bytes()).expect_err("xml"), EnvelopeError::NotJsonData);
}

#[test]
fn an_error_never_quotes_the_message() {
    let text = GOOD.replace("2026-11-23T10:00:00Z", "Mario Rossi");
    let error = Envelope::parse(text.as_bytes()).expect_err("no time").to_string();
    assert!(!error.contains("Mario"), "{error}");
}

/// Every prefix and every one-byte change of a good message is taken or refused, never a panic.
#[test]
fn damaged_messages_never_panic() {
    let mut taken = 0;
    for end in 0..GOOD.len() {
        assert!(Envelope::parse(&GOOD.as_bytes()[..end]).is_err());
        for byte in [0, b'"', b'\\', b'{', b']', 0x80, 0xff] {
            let mut damaged = GOOD.as_bytes().to_vec();
            damaged[end] = byte;
            taken += usize::from(Envelope::parse(&damaged).is_ok());
        }
    }
    assert!(taken > 0, "some changes are harmless");
}
