-- Nothing: the spool is in SQLite only, and both engines number their migrations alike.
select 1;
