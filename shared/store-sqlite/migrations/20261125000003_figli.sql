-- PostgreSQL notes on a case that it has figli; here reading them costs no round trip.
select 1;
