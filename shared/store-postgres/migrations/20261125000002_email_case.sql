-- An address is found however its capitals were written, and kept as it was written.
drop index revisione_email;
create index revisione_email on revisione (lower(email)) where lower(email) is not null;
drop index cittadino_email;
create index cittadino_email on cittadino (lower(email)) where lower(email) is not null;
