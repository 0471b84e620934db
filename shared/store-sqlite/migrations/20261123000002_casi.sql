-- Cases and what stands beside them. Personal data is in revisione and cittadino only, and can be erased there.

create table caso (
    id blob primary key,
    protocollo_anno integer not null,
    protocollo_numero integer not null,
    versione integer not null,
    motivo text,
    ente text,
    macrostruttura text,
    servizio text,
    stato text not null,
    attributo text,
    gruppo text,
    titolare text,
    padre_id blob references caso (id),
    esigenza integer not null,
    opened_at text not null,
    stato_since text not null,
    contatto_id blob,
    seguito_di blob,
    cittadino_id blob,
    opening_source text not null,
    opening_id text not null,
    -- The whole case, as replaying its history gives it. The columns above are taken from it, in the same statement, for
    -- what is searched by; reading a case reads only this.
    dettaglio text not null,
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
) strict;
create index caso_opened on caso (opened_at, id);
create index caso_gruppo on caso (gruppo, stato, opened_at, id) where gruppo is not null;
create index caso_stato on caso (stato, attributo, opened_at, id);
create index caso_servizio on caso (ente, macrostruttura, servizio, opened_at, id);
create index caso_titolare on caso (titolare, opened_at, id) where titolare is not null;
create index caso_padre on caso (padre_id) where padre_id is not null;
create index caso_cittadino on caso (cittadino_id) where cittadino_id is not null;
create index caso_contatto on caso (contatto_id) where contatto_id is not null;

create table caso_storia (
    caso_id blob not null references caso (id),
    versione integer not null,
    at text not null,
    by text not null,
    command text not null,
    stato_before text,
    stato_after text not null,
    facts text not null,
    primary key (caso_id, versione)
) strict;

create trigger caso_storia_no_update before update on caso_storia
begin
    select raise(abort, 'history is append-only');
end;
create trigger caso_storia_no_delete before delete on caso_storia
begin
    select raise(abort, 'history is append-only');
end;

create table revisione (
    caso_id blob not null references caso (id),
    versione integer not null,
    indice integer not null,
    campo text not null,
    -- Empty once erased; what rebuilds the case is not here.
    contenuto text,
    telefono text,
    email text,
    at text not null,
    by text not null,
    erased_at text,
    primary key (caso_id, versione, indice),
    check ((contenuto is null) = (erased_at is not null)),
    check (erased_at is null or (telefono is null and email is null))
) strict;
create index revisione_telefono on revisione (telefono) where telefono is not null;
create index revisione_email on revisione (email) where email is not null;

-- Everybody ever involved in a case as a specialist: they go on seeing it.
create table caso_specialista (
    login text not null,
    caso_id blob not null references caso (id),
    primary key (login, caso_id)
) strict;

create table rigetto (
    caso_id blob not null references caso (id),
    versione integer not null,
    ente text not null,
    macrostruttura text not null,
    servizio text not null,
    gruppo text,
    causa text not null,
    suggerita text,
    at text not null,
    primary key (caso_id, versione)
) strict;
create index rigetto_servizio on rigetto (ente, macrostruttura, servizio, causa);

-- The newest findings only.
create table triage (
    caso_id blob primary key references caso (id),
    versione integer not null,
    findings text not null,
    at text not null
) strict;

create table esigenza (
    id blob primary key,
    genere text not null,
    ente text not null,
    macrostruttura text not null,
    servizio text not null,
    stato text not null check (
        stato in ('segnalata', 'verificata', 'scartata', 'comunicata', 'integrata', 'non_accolta', 'chiusa')
    ),
    -- How often it was raised while it was open.
    conteggio integer not null,
    created_at text not null,
    updated_at text not null
) strict;
-- One open need of a kind about a service: the others are counted under it.
create unique index esigenza_aperta on esigenza (genere, ente, macrostruttura, servizio)
    where stato in ('segnalata', 'verificata', 'comunicata', 'integrata');

create table esigenza_caso (
    esigenza_id blob not null references esigenza (id),
    caso_id blob not null references caso (id),
    at text not null,
    primary key (esigenza_id, caso_id)
) strict;

create table cittadino (
    id blob primary key,
    nome text,
    cognome text,
    telefono text,
    email text,
    indirizzo text,
    identificazione text not null,
    created_at text not null,
    updated_at text not null
) strict;
create index cittadino_telefono on cittadino (telefono) where telefono is not null;
create index cittadino_email on cittadino (email) where email is not null;

create table protocollo_contatore (
    anno integer primary key,
    prossimo integer not null
) strict;
