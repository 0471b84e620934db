-- The version at which a Segnalazione was said to be misrouted (R17), taken from the case by the database.
alter table caso add column non_competente integer generated always as (dettaglio ->> 'non_competente') virtual;
create index caso_non_competente on caso (opened_at, id) where non_competente is not null;
create index caso_seguito on caso (seguito_di) where seguito_di is not null;
