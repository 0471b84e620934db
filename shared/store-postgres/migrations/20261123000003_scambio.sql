-- What comes in and goes out: who may call, what was seen, what waits to be published.

create table cliente (
    nome text primary key,
    delegation jsonb not null
);

create table api_token (
    prefix text primary key,
    digest bytea not null unique check (octet_length(digest) = 32),
    cliente text not null references cliente (nome),
    created_at timestamptz not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);

create table inbox (
    worker text not null,
    source text not null,
    id text not null,
    received_at timestamptz not null,
    primary key (worker, source, id)
);
create index inbox_received on inbox (received_at);

create table idempotency (
    cliente text not null,
    key text not null,
    request_digest bytea not null check (octet_length(request_digest) = 32),
    -- Filled before the commit of the desk that claimed the key.
    status bigint,
    headers text,
    body bytea,
    at timestamptz not null,
    primary key (cliente, key)
);
create index idempotency_at on idempotency (at);

create table outbox (
    id bigint generated always as identity primary key,
    -- `commands`, `facts`, or `queue:NAME` for a wait or a replay, which goes to one queue only.
    destination text not null,
    message_type text not null,
    source text not null,
    message_id text not null,
    body bytea not null,
    created_at timestamptz not null,
    due_at timestamptz not null,
    -- Who publishes it, until when by this database's clock.
    lease uuid,
    lease_until timestamptz,
    attempt bigint not null default 0,
    -- Why it waits.
    reason text
);
create unique index outbox_wait on outbox (destination, source, message_id)
    where destination not in ('commands', 'facts');
create index outbox_due on outbox (due_at, id);

create table parcheggio (
    id bigint generated always as identity primary key,
    queue text not null,
    -- The first three are absent for what could not be decoded.
    source text,
    message_id text,
    message_type text,
    body bytea not null,
    headers jsonb not null,
    -- The verified sender; absent when nobody vouched for one.
    client text,
    reason text not null,
    attempt bigint not null,
    parked_at timestamptz not null
);
create unique index parcheggio_message on parcheggio (queue, source, message_id)
    where source is not null and message_id is not null;
create index parcheggio_parked on parcheggio (parked_at);

create table schedule_run (
    schedule text not null,
    due_at timestamptz not null,
    primary key (schedule, due_at)
);

-- Rows of these tables live for seconds or days: they are swept long before a fifth of the table is dead.
alter table inbox set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000);
alter table idempotency set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000);
alter table outbox set (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0
);
alter table parcheggio set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
