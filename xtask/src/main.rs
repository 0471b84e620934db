//! The project's chores, `cargo xtask CHORE`. Knows where the workspace is and which chores exist; what each does stands
//! in its own module. It must not know the product: it runs cargo, the servers and their tools, nothing of ours.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks on its terminal")]

mod bench;
mod clauses;
mod failure;
mod faults;
mod leftovers;
mod prepare;
mod servers;
mod simulate;
mod steps;
mod tools;
mod verify;

use std::process::ExitCode;

use anyhow::Result;

const USAGE: &str = "\
usage: cargo xtask CHORE

  test [--quick]     formatting, clauses, servers, SQL and lints, docs, tests, 2,000 simulated offices, leftovers
                     (--quick: clauses, servers, tests and leftovers alone)
  clauses            each clause of the process with the stories that prove it
  faults [--runs N] [WORD…]
                     every fault, ten times in a row unless told, and a table (WORD: only those with it in their names)
  bench [OPTION…]    the engine against a hand-tuned floor, in one run (--help: what can be chosen)
  simulate           play random offices and check them after each step (SEED=n: one; SEEDS=n: so many)
  prepare [--check]  write each store's .sqlx from fresh databases (--check: compare, change nothing)

Servers are looked for on 127.0.0.1, or where SMISTA_TEST_POSTGRES_URL and SMISTA_TEST_AMQP_URL say.
Exit codes: 0 done, 1 failed, 2 wrong usage or something missing that you must provide;
a failing cargo passes its own code on.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test"] => verify::everything(),
        ["test", "--quick"] => verify::quickly(),
        ["clauses"] => print_clauses(),
        ["faults", options @ ..] => faults::run(options),
        ["bench", options @ ..] => bench::run(options),
        ["simulate"] => simulate::run(),
        ["prepare"] => prepare::write(),
        ["prepare", "--check"] => prepare::check(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(failure::NEEDS_YOU);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(failure::exit_code(&error))
        }
    }
}

fn print_clauses() -> Result<()> {
    println!("{}", clauses::survey(&tools::workspace_root())?.in_full());
    Ok(())
}
