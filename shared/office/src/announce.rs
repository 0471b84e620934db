//! The messages that a change of a case causes: one for each fact, and one when its state is another.

use chrono::{DateTime, Utc};
use smista_domain::attore::Attore;
use smista_domain::caso::Caso;
use smista_domain::fact::Fact;
use smista_domain::stato::Stato;
use smista_messages::facts::{CaseFact, STATE_CHANGED, fact_id};
use smista_messages::version::schema_of;
use smista_queues::Envelope;
use smista_store::{Exchange, OutboxMessage};

/// The messages for one command's facts on one case, which stands as `caso` says now.
pub(crate) fn messages(
    source: &str,
    caso: &Caso,
    attore: &Attore,
    facts: &[Fact],
    stato_before: Option<Stato>,
    traceparent: Option<&str>,
    now: DateTime<Utc>,
) -> Vec<OutboxMessage> {
    let of_facts =
        facts.iter().map(|fact| (fact.message_type(), CaseFact::about(caso, &attore.login, Some(fact))));
    let of_state = (stato_before != Some(caso.stato))
        .then(|| (STATE_CHANGED, CaseFact::about(caso, &attore.login, None)));
    of_facts
        .chain(of_state)
        .enumerate()
        .filter_map(|(index, (message_type, data))| {
            let id = fact_id(caso.id, caso.versione, now, index).to_string();
            let mut envelope = Envelope::new(id, source, message_type, now, &data).ok()?;
            envelope.subject = Some(caso.id.to_string());
            envelope.dataschema = Some(schema_of(message_type));
            envelope.traceparent = traceparent.map(str::to_owned);
            envelope.sequence = u64::try_from(caso.versione).ok();
            to_publish(Exchange::Facts, &envelope)
        })
        .collect()
}

/// An envelope as a row of the outbox.
pub(crate) fn to_publish(exchange: Exchange, envelope: &Envelope) -> Option<OutboxMessage> {
    Some(OutboxMessage {
        exchange,
        message_type: envelope.message_type.clone(),
        source: envelope.source.clone(),
        id: envelope.id.clone(),
        body: envelope.encode().ok()?,
    })
}
