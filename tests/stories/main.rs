//! The process, told as stories. Each runs embedded and scaled out, through the HTTP door, and names the clauses
//! that it proves.

mod access;
mod assigning;
mod attempts;
mod back_pressure;
mod bodies;
mod broker_door;
mod clock_jumps;
mod crowd;
mod cut_sessions;
mod definitions;
mod figli;
mod holding;
mod http_door;
mod idempotency;
mod late_messages;
mod model;
mod motivi;
mod opening;
mod out_of_turn;
mod personal_data;
mod poison;
mod postgres_faults;
mod profiles;
mod rejection;
mod requests;
mod retired_group;
mod segnalazioni;
mod states;
mod transfer;
mod unknown_outcome;
mod visibility;
