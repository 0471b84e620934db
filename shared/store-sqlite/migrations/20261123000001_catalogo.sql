-- The catalogue, replaced as a whole at each import. Within it references are checked; cases do not reference it, because
-- they do not on the other engine either. The revision, which cannot move under an open desk, does that.

create table catalogo_revisione (
    -- One row only.
    id integer primary key check (id = 1),
    revisione integer not null
) strict;
insert into catalogo_revisione (id, revisione) values (1, 0);

create table ente (
    id text primary key,
    nome text not null,
    gruppo_di_ripiego text,
    retired integer not null
) strict;

create table macrostruttura (
    ente text not null references ente (id),
    id text not null,
    nome text not null,
    parent text,
    retired integer not null,
    primary key (ente, id)
) strict;

create table operatore (
    login text primary key,
    nome text not null,
    ruolo text not null,
    ente text references ente (id),
    email_inbound integer not null,
    retired integer not null
) strict;

create table gruppo (
    id text primary key,
    ente text not null references ente (id),
    nome text not null,
    email text,
    retired integer not null
) strict;

create table gruppo_membro (
    gruppo text not null references gruppo (id),
    login text not null references operatore (login),
    primary key (gruppo, login)
) strict;

create table documento (
    id text primary key,
    ente text not null references ente (id),
    titolo text not null,
    file text not null,
    media_type text not null,
    size_bytes integer not null,
    retired integer not null
) strict;

create table scheda (
    id text primary key,
    ente text not null references ente (id),
    titolo text not null,
    sezioni text not null,
    risposte_standard text not null,
    sms text,
    documenti text not null,
    retired integer not null
) strict;

create table servizio (
    ente text not null,
    macrostruttura text not null,
    id text not null,
    nome text not null,
    profilo text not null check (profilo in ('base', 'avanzato')),
    contact_back integer not null,
    gruppo text references gruppo (id),
    numero_trasferimento text,
    agenda integer not null,
    scheda text references scheda (id),
    retired integer not null,
    primary key (ente, macrostruttura, id),
    foreign key (ente, macrostruttura) references macrostruttura (ente, id)
) strict;
