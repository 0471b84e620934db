//! What commands must say, and what they leave behind: the side of decisions that state and role do not settle.

mod answers;
mod desk;
mod figli;
mod openings;
mod reassigning;
mod standing;
#[path = "../support/world.rs"]
mod world;
