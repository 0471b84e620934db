//! `smista`: see `cli.rs` for what it can be asked to do.

mod cli;
mod commands;
mod config;
mod output;
mod stacks;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

fn main() -> ExitCode {
    stacks::make_room();
    let cli = Cli::parse();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            output::error_line(format_args!("smista: {error:#}"));
            commands::exit_code_of(&error)
        }
    }
}
