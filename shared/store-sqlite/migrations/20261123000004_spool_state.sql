-- Whether the process that owned the spool gave back what it had in hand before it ended.
create table spool_state (
    id integer primary key check (id = 1),
    closed_cleanly integer not null check (closed_cleanly in (0, 1))
) strict;
insert into spool_state (id, closed_cleanly) values (1, 1);
