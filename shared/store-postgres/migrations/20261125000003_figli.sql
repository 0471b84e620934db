-- Whether a case has figli, told by the row that is locked: what another desk opens while the lock is waited for shows in
-- the row, where a statement's snapshot would not show the figlio. A trigger keeps it, because the release before this one
-- opens figli too.
alter table caso add column ha_figli boolean not null default false;
update caso set ha_figli = true where id in (select padre_id from caso where padre_id is not null);

create function note_figlio() returns trigger language plpgsql as $$
begin
    update caso set ha_figli = true where id = new.padre_id and not ha_figli;
    return null;
end
$$;
create trigger caso_figlio after insert on caso
    for each row when (new.padre_id is not null) execute function note_figlio();
