//! The floor of the embedded set-up: one connection to one file, one set-based statement a table and batch, one commit a
//! batch, with the options of smista's own writer. What is published lies in its queue with the commit, and what was taken is deleted in it.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use smista_messages::topology::TOPOLOGY;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use uuid::Uuid;

use super::amqp::Command;
use super::{samples, sql, steps};
use crate::child::{Job, Measured};
use crate::engine;
use crate::job::Phase;
use crate::shape::{MESSAGES_A_CASE, Step};
use crate::usage;

/// Measures the floor on SQLite.
pub(crate) async fn measure(job: Job) -> Result<Measured> {
    // The engine makes the file, so that it is the same, and fills the backlog.
    let (system, folder) = engine::embedded().await?;
    let file = folder.path().join("smista.sqlite");
    let mut connection = smista_store_sqlite::on_disk(&file).connect().await?;
    let (mut phases, mut cpu_seconds, mut numbers) = (Vec::new(), 0.0, 1..);
    for phase in Phase::ALL {
        let casi = if phase == Phase::Open { Vec::new() } else { ids(&mut connection).await? };
        engine::fill(&system, phase, 0..job.cases, &casi).await?;
        let (began, cpu_before) = (engine::now(), usage::cpu_seconds()?);
        work(&mut connection, phase, job, &mut numbers).await?;
        phases.push((phase.name().to_owned(), began.elapsed().as_secs_f64()));
        cpu_seconds += usage::cpu_seconds()? - cpu_before;
    }
    check(&mut connection, job.cases).await?;
    connection.close().await?;
    engine::cleared(&system).await?;
    let messages = job.cases as u64 * MESSAGES_A_CASE;
    Ok(Measured { cases: job.cases, phases, messages, cpu_seconds, peak_rss_mib: usage::peak_rss_mib()? })
}

async fn ids(connection: &mut SqliteConnection) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar("select id from caso order by opened_at, id").fetch_all(connection).await?)
}

async fn check(connection: &mut SqliteConnection, cases: usize) -> Result<()> {
    let done = "select count(*) from caso where stato = 'assegnato' and gruppo = 'firenze-anagrafe' and versione = 4";
    let through: i64 = sqlx::query_scalar(done).fetch_one(&mut *connection).await?;
    let waiting: i64 = sqlx::query_scalar("select count(*) from spool").fetch_one(connection).await?;
    ensure!(through == cases as i64 && waiting == 0, "{through} of {cases} through, {waiting} left");
    Ok(())
}

async fn work(
    connection: &mut SqliteConnection,
    phase: Phase,
    job: Job,
    numbers: &mut std::ops::RangeFrom<i64>,
) -> Result<()> {
    let mut left: Vec<(&Step, usize)> = steps(phase).iter().map(|step| (*step, job.cases)).collect();
    while left.iter().any(|(_, left)| *left > 0) {
        for (step, left) in &mut left {
            let taken = take(connection, step.queue, job.batch).await?;
            if !taken.is_empty() {
                write(connection, step, &taken, numbers).await?;
                *left -= taken.len();
            }
        }
    }
    Ok(())
}

type Taken = (i64, Vec<u8>);

async fn take(connection: &mut SqliteConnection, queue: &str, most: usize) -> Result<Vec<Taken>> {
    let oldest = "select id, body from spool where queue = $1 order by due_at, id limit $2";
    Ok(sqlx::query_as(oldest).bind(queue).bind(most as i64).fetch_all(connection).await?)
}

/// Everything that one batch writes, in one commit.
async fn write(
    connection: &mut SqliteConnection,
    step: &Step,
    taken: &[Taken],
    numbers: &mut std::ops::RangeFrom<i64>,
) -> Result<()> {
    let commands: Vec<Command> =
        taken.iter().map(|(_, body)| serde_json::from_slice(body)).collect::<Result<_, _>>()?;
    let mut transaction = connection.begin_with("begin immediate").await?;
    let keys: Vec<&str> = commands.iter().map(|command| command.id.as_str()).collect();
    run(
        &mut transaction,
        "insert into inbox (worker, source, id, received_at) select $2, 'banco', value, $3 from json_each($1)",
        &json!(keys),
        Some(step.queue),
    )
    .await?;
    let casi: Vec<(Uuid, i64)> = match step.opens {
        true => commands.iter().map(|_command| (fresh(), 1)).collect(),
        false => read(&mut transaction, &commands, step).await?,
    };
    ensure!(casi.len() == commands.len(), "a message about no case");
    let rows: Vec<Value> =
        casi.iter().zip(&commands).map(|(caso, command)| row(step, *caso, command, numbers)).collect();
    let rows = Value::Array(rows);
    for (applies, statement, word) in statements(step) {
        if applies {
            run(&mut transaction, statement, &rows, word).await?;
        }
    }
    for queue in TOPOLOGY.queues {
        for kind in step.facts.iter().filter(|kind| queue.takes(kind)) {
            publish(&mut transaction, queue.name, kind, &casi).await?;
        }
    }
    let settled: Vec<i64> = taken.iter().map(|(id, _)| *id).collect();
    let delete = "delete from spool where id in (select value from json_each($1))";
    sqlx::query(delete).bind(json!(settled).to_string()).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

/// The statements of a step, each with whether it has one, and the word that it needs.
fn statements(step: &Step) -> [(bool, &'static str, Option<&'static str>); 6] {
    [
        (
            step.opens,
            "insert into caso (id, protocollo_anno, protocollo_numero, versione, motivo, ente, macrostruttura, servizio,
                stato, esigenza, opened_at, stato_since, opening_source, opening_id, dettaglio)
            select unhex(value ->> 'id'), 2026, value ->> 'number', 1, 'reclamo', 'firenze', 'tributi', 'tari', $2, 0, $3, $3,
                'banco', value ->> 'key', value ->> 'caso' from json_each($1)",
            step.stato,
        ),
        (
            !step.opens && step.stato.is_some(),
            "update caso set versione = new.value ->> 'version', stato = new.value ->> 'stato', gruppo = $2,
                stato_since = $3, dettaglio = new.value ->> 'caso'
            from json_each($1) as new where caso.id = unhex(new.value ->> 'id')",
            step.gruppo,
        ),
        (
            step.stato.is_some(),
            r#"insert into caso_storia (caso_id, versione, at, by, command, stato_before, stato_after, facts)
            select unhex(value ->> 'id'), value ->> 'version', $3, 'banco', 'contact.open', '{"stato":"assegnato"}',
                '{"stato":"assegnato"}', value ->> 'facts' from json_each($1)"#,
            None,
        ),
        (
            step.papers > 0,
            "insert into revisione (caso_id, versione, indice, campo, contenuto, telefono, at, by)
            select unhex(caso.value ->> 'id'), caso.value ->> 'version', paper.key, 'descrizione', paper.value,
                case when paper.key = 1 then caso.value ->> 'id' end, $3, 'banco'
            from json_each($1) as caso, json_each(caso.value -> 'papers') as paper",
            None,
        ),
        (
            step.rejects,
            "insert into rigetto (caso_id, versione, ente, macrostruttura, servizio, gruppo, causa, at)
            select unhex(value ->> 'id'), value ->> 'version', 'firenze', 'tributi', 'tari', 'firenze-tributi',
                'errore_operatore', $3 from json_each($1)",
            None,
        ),
        (
            step.triages,
            "insert into triage (caso_id, versione, findings, at)
            select unhex(value ->> 'id'), value ->> 'version', value ->> 'findings', $3 from json_each($1) where true
            on conflict (caso_id) do update set versione = excluded.versione, findings = excluded.findings,
                at = excluded.at",
            None,
        ),
    ]
}

/// The values of one case, as the statements name them.
fn row(
    step: &Step,
    (id, version): (Uuid, i64),
    command: &Command,
    numbers: &mut std::ops::RangeFrom<i64>,
) -> Value {
    let papers: Vec<String> = (0..step.papers).map(|place| samples::paper(id, place)).collect();
    json!({
        "id": id.simple().to_string(), "version": version, "key": command.id, "stato": step.stato,
        "number": if step.opens { numbers.next() } else { None },
        "caso": step.stato.map(|_| samples::caso(id, version)),
        "facts": step.stato.map(|_| samples::facts(version)), "papers": papers,
        "findings": step.triages.then(|| samples::findings(version)),
    })
}

async fn run(
    connection: &mut SqliteConnection,
    statement: &'static str,
    rows: &Value,
    word: Option<&str>,
) -> Result<()> {
    let at = now_as_text();
    sqlx::query(statement).bind(rows.to_string()).bind(word).bind(at).execute(connection).await?;
    Ok(())
}

/// Reads the cases, as deciding must; each with the version that it will have.
async fn read(
    connection: &mut SqliteConnection,
    commands: &[Command],
    step: &Step,
) -> Result<Vec<(Uuid, i64)>> {
    let ids: Vec<String> =
        commands.iter().filter_map(|command| Some(command.subject?.simple().to_string())).collect();
    let rows: Vec<(Uuid, i64, String)> = sqlx::query_as(
        "select caso.id, versione, dettaglio from json_each($1) as wanted join caso on caso.id = unhex(wanted.value)",
    )
    .bind(json!(ids).to_string())
    .fetch_all(connection)
    .await?;
    let later = i64::from(step.stato.is_some());
    Ok(rows.into_iter().map(|(id, version, _)| (id, version + later)).collect())
}

async fn publish(
    connection: &mut SqliteConnection,
    queue: &str,
    kind: &str,
    casi: &[(Uuid, i64)],
) -> Result<()> {
    let bodies = casi.iter().map(|(id, version)| sql::fact_body(kind, *id, *version));
    let bodies: Vec<String> = bodies.map(String::from_utf8).collect::<Result<_, _>>()?;
    sqlx::query(
        "insert into spool (queue, message_type, source, message_id, body, due_at, created_at)
        select $2, $3, 'smista', value ->> 'id', cast(value as blob), $4, $4 from json_each($1)",
    )
    .bind(json!(bodies).to_string())
    .bind(queue)
    .bind(kind)
    .bind(now_as_text())
    .execute(connection)
    .await?;
    Ok(())
}

/// As the engine writes instants.
#[expect(clippy::disallowed_methods, reason = "the floor runs on the real clock")]
fn now_as_text() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

#[expect(clippy::disallowed_methods, reason = "the floor's ids are its own")]
fn fresh() -> Uuid {
    Uuid::now_v7()
}
