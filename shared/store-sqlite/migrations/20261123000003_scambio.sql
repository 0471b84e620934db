-- What comes in and goes out: who may call, what was seen, what waits in the queues.

create table cliente (
    nome text primary key,
    delegation text not null
) strict;

create table api_token (
    prefix text primary key,
    digest blob not null unique check (length(digest) = 32),
    cliente text not null references cliente (nome),
    created_at text not null,
    expires_at text,
    last_used_at text,
    revoked_at text
) strict;

create table inbox (
    worker text not null,
    source text not null,
    id text not null,
    received_at text not null,
    primary key (worker, source, id)
) strict;
create index inbox_received on inbox (received_at);

create table idempotency (
    cliente text not null,
    key text not null,
    request_digest blob not null check (length(request_digest) = 32),
    -- Filled before the commit of the desk that claimed the key.
    status integer,
    headers text,
    body blob,
    at text not null,
    primary key (cliente, key)
) strict;
create index idempotency_at on idempotency (at);

create table parcheggio (
    id integer primary key autoincrement,
    queue text not null,
    -- The first three are absent for what could not be decoded.
    source text,
    message_id text,
    message_type text,
    body blob not null,
    headers text not null,
    -- The verified sender; absent when nobody vouched for one.
    client text,
    reason text not null,
    attempt integer not null,
    parked_at text not null
) strict;
create unique index parcheggio_message on parcheggio (queue, source, message_id)
    where source is not null and message_id is not null;
create index parcheggio_parked on parcheggio (parked_at);

create table schedule_run (
    schedule text not null,
    due_at text not null,
    primary key (schedule, due_at)
) strict;

-- The queues. A row is in its queue from the commit on; no number is ever used twice.
create table spool (
    id integer primary key autoincrement,
    queue text not null,
    message_type text not null,
    source text not null,
    message_id text not null,
    body blob not null,
    -- The verified sender; absent for what smista itself sends.
    cliente text,
    -- Laid aside by a worker, to come back at due_at; the rest is due from the start.
    wait integer not null default 0,
    due_at text not null,
    attempt integer not null default 0,
    -- How often it was taken, this time included.
    delivery_count integer not null default 0,
    taken_by text,
    taken_at text,
    -- Why it waits.
    reason text,
    created_at text not null
) strict;
create index spool_queue on spool (queue, due_at, id);
create unique index spool_wait on spool (queue, source, message_id) where wait = 1;
