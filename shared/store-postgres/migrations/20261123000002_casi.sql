-- Cases and what stands beside them. Personal data is in revisione and cittadino only, and can be erased there.

create table caso (
    id uuid primary key,
    protocollo_anno bigint not null,
    protocollo_numero bigint not null,
    versione bigint not null,
    motivo text,
    ente text,
    macrostruttura text,
    servizio text,
    stato text not null,
    attributo text,
    gruppo text,
    titolare text,
    padre_id uuid references caso (id),
    esigenza boolean not null,
    opened_at timestamptz not null,
    stato_since timestamptz not null,
    contatto_id uuid,
    seguito_di uuid,
    cittadino_id uuid,
    opening_source text not null,
    opening_id text not null,
    -- The whole case, as replaying its history gives it. The columns above are taken from it, in the same statement, for
    -- what is searched by; reading a case reads only this.
    dettaglio jsonb not null,
    unique (protocollo_anno, protocollo_numero),
    -- Kept for ever: what opened a case once never opens another.
    unique (opening_source, opening_id),
    -- Every pair of the table States, and no other.
    constraint caso_stato_attributo check (
        case stato
            when 'risolto_primo_livello'
                then coalesce(attributo in ('comunicato', 'non_comunicato', 'non_comunicabile'), false)
            when 'risolto_secondo_livello'
                then coalesce(attributo in ('comunicato', 'non_comunicato', 'da_comunicare', 'non_comunicabile'), false)
            when 'assegnato' then attributo is null
            when 'trasferito' then attributo is null
            when 'assegnato_risolto' then attributo is null
            when 'annullato' then attributo is null
            when 'non_risolvibile_per_informazione_carente' then attributo is null
            when 'rigettato' then attributo is null
            when 'sospeso' then attributo is null
            else false
        end
    )
);
create index caso_opened on caso (opened_at, id);
create index caso_gruppo on caso (gruppo, stato, opened_at, id) where gruppo is not null;
create index caso_stato on caso (stato, attributo, opened_at, id);
create index caso_servizio on caso (ente, macrostruttura, servizio, opened_at, id);
create index caso_titolare on caso (titolare, opened_at, id) where titolare is not null;
create index caso_padre on caso (padre_id) where padre_id is not null;
create index caso_cittadino on caso (cittadino_id) where cittadino_id is not null;
create index caso_contatto on caso (contatto_id) where contatto_id is not null;

create table caso_storia (
    caso_id uuid not null references caso (id),
    versione bigint not null,
    at timestamptz not null,
    by text not null,
    command text not null,
    stato_before jsonb,
    stato_after jsonb not null,
    facts jsonb not null,
    primary key (caso_id, versione)
);

create function refuse_to_rewrite_history() returns trigger language plpgsql as $$
begin
    raise exception 'history is append-only' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger caso_storia_append_only before update or delete on caso_storia
    for each statement execute function refuse_to_rewrite_history();

create table revisione (
    caso_id uuid not null references caso (id),
    versione bigint not null,
    indice bigint not null,
    campo text not null,
    -- Empty once erased; what rebuilds the case is not here.
    contenuto jsonb,
    telefono text,
    email text,
    at timestamptz not null,
    by text not null,
    erased_at timestamptz,
    primary key (caso_id, versione, indice),
    check ((contenuto is null) = (erased_at is not null)),
    check (erased_at is null or (telefono is null and email is null))
);
create index revisione_telefono on revisione (telefono) where telefono is not null;
create index revisione_email on revisione (email) where email is not null;

-- Everybody ever involved in a case as a specialist: they go on seeing it.
create table caso_specialista (
    login text not null,
    caso_id uuid not null references caso (id),
    primary key (login, caso_id)
);

create table rigetto (
    caso_id uuid not null references caso (id),
    versione bigint not null,
    ente text not null,
    macrostruttura text not null,
    servizio text not null,
    gruppo text,
    causa text not null,
    suggerita jsonb,
    at timestamptz not null,
    primary key (caso_id, versione)
);
create index rigetto_servizio on rigetto (ente, macrostruttura, servizio, causa);

-- The newest findings only.
create table triage (
    caso_id uuid primary key references caso (id),
    versione bigint not null,
    findings jsonb not null,
    at timestamptz not null
);

create table esigenza (
    id uuid primary key,
    genere text not null,
    ente text not null,
    macrostruttura text not null,
    servizio text not null,
    stato text not null check (
        stato in ('segnalata', 'verificata', 'scartata', 'comunicata', 'integrata', 'non_accolta', 'chiusa')
    ),
    -- How often it was raised while it was open.
    conteggio bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
-- One open need of a kind about a service: the others are counted under it.
create unique index esigenza_aperta on esigenza (genere, ente, macrostruttura, servizio)
    where stato in ('segnalata', 'verificata', 'comunicata', 'integrata');

create table esigenza_caso (
    esigenza_id uuid not null references esigenza (id),
    caso_id uuid not null references caso (id),
    at timestamptz not null,
    primary key (esigenza_id, caso_id)
);

create table cittadino (
    id uuid primary key,
    nome text,
    cognome text,
    telefono text,
    email text,
    indirizzo text,
    identificazione text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index cittadino_telefono on cittadino (telefono) where telefono is not null;
create index cittadino_email on cittadino (email) where email is not null;

create table protocollo_contatore (
    anno bigint primary key,
    prossimo bigint not null
);
