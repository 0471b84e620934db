-- The version at which a Segnalazione was said to be misrouted (R17), taken from the case by the database: a program of the
-- release before knows nothing of it, and may go on writing cases while this one runs.
alter table caso add column non_competente bigint generated always as ((dettaglio ->> 'non_competente')::bigint) stored;
create index caso_non_competente on caso (opened_at, id) where non_competente is not null;
create index caso_seguito on caso (seguito_di) where seguito_di is not null;
