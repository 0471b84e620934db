//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use smista_store::CountBy;

/// smista: the machinery behind a multi-body citizen contact centre.
///
/// Without a command it serves: embedded (everything in one folder) unless PostgreSQL and RabbitMQ are configured.
///
/// Exit codes: 0 done; 1 failed; 2 wrong use or configuration; 3 some of the input was refused;
/// 4 nothing found; 5 the data folder is in use by another process; 6 ended early, by a signal or at a file that cannot be
/// read on.
#[derive(Debug, Parser)]
#[command(name = "smista", version, about, long_about)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The configuration file; smista.toml if there is one.
    #[arg(long, global = true, value_name = "FILE", env = "SMISTA_CONFIG")]
    pub config: Option<PathBuf>,
    /// The folder of the embedded store.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the HTTP door; embedded, every worker too (the default).
    Serve {
        /// Where to listen; overrides the configuration.
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<String>,
        /// Where to answer /healthz, /readyz, /status and /metrics as well; overrides the configuration.
        #[arg(long, value_name = "ADDRESS")]
        ops: Option<String>,
    },
    /// Run workers on these queues, any number of times, anywhere (scaled out).
    Work {
        /// Names of queues, as `smista queues` lists them; none means all.
        queues: Vec<String>,
        /// Where to answer /healthz, /readyz, /status and /metrics; overrides the configuration.
        #[arg(long, value_name = "ADDRESS")]
        ops: Option<String>,
    },
    /// Bring the schema up to date, and declare the queues.
    Migrate,
    /// The catalogue of Enti, services, groups, operators and sheets.
    #[command(subcommand)]
    Catalogue(CatalogueCommand),
    /// Clients: front ends, phone systems, and for whom they may speak.
    #[command(subcommand)]
    Client(ClientCommand),
    /// Tokens for the HTTP door.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Bring contacts in from a file. The same file again adds what it did not bring yet, and changes nothing: a line is
    /// known for ever by its key, whatever it says later.
    Import(ImportArgs),
    /// Look at cases.
    #[command(subcommand)]
    Case(CaseCommand),
    /// The table of queues, with what waits in each.
    Queues,
    /// Messages that no worker could settle.
    #[command(subcommand)]
    Parked(ParkedCommand),
    /// Ask the process of these settings whether it is ready; for container health checks.
    Health,
}

/// `smista catalogue …`
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogueCommand {
    /// Check a folder of TOML files as a whole and make it the catalogue. What it no longer has is retired; when that is
    /// a service, such as those that `smista import` creates, only with --retire.
    Import {
        /// The folder.
        dir: PathBuf,
        /// Retire services that the folder does not have.
        #[arg(long)]
        retire: bool,
    },
    /// Count what the catalogue has.
    Show,
}

/// For whom a client may speak.
#[derive(Debug, Args)]
pub(crate) struct DelegationArgs {
    /// Operators for whom it may speak.
    #[arg(long, value_name = "LOGIN")]
    pub operatore: Vec<String>,
    /// Roles for all of whose operators it may speak.
    #[arg(long, value_name = "RUOLO")]
    pub ruolo: Vec<String>,
    /// Only operators bound to one of these Enti, or to none.
    #[arg(long, value_name = "ENTE")]
    pub ente: Vec<String>,
}

/// `smista client …`
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Say anew for whom a client may speak: at once, with every token that it has, and over AMQP.
    Set {
        /// The client's name; over AMQP, its user.
        #[arg(long)]
        client: String,
        #[command(flatten)]
        delegation: DelegationArgs,
    },
    /// For whom a client may speak.
    Show {
        /// The client's name.
        #[arg(long)]
        client: String,
    },
}

/// `smista token …`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for a client. For a new one, say for whom it may speak; a known one keeps what it may do. The token is
    /// printed once.
    Create {
        /// The client's name; over AMQP, its user.
        #[arg(long)]
        client: String,
        #[command(flatten)]
        delegation: DelegationArgs,
        /// Days until it ends; never if left out.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
    },
    /// List tokens: prefix, client, dates.
    List,
    /// End a token.
    Revoke {
        /// Its readable part.
        prefix: String,
    },
}

/// `smista import`
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// CSV (with a mapping) or JSON Lines.
    pub file: PathBuf,
    /// How the columns of a CSV file become contacts.
    #[arg(long, value_name = "MAP.toml")]
    pub map: Option<PathBuf>,
    /// Where refused lines go, each with its reason; FILE.rejects.csv if left out. A file that is there stays: the next
    /// one is numbered, FILE.rejects.2.csv.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
}

/// `smista case …`
#[derive(Debug, Subcommand)]
pub(crate) enum CaseCommand {
    /// One case, by protocol number or id.
    Show {
        /// `2026-000042`, or the id.
        case: String,
    },
    /// Cases, oldest contact first.
    List {
        /// Only in this state.
        #[arg(long)]
        stato: Option<String>,
        /// Only of this Ente.
        #[arg(long)]
        ente: Option<String>,
        /// Only with this group.
        #[arg(long)]
        gruppo: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
    /// How many cases there are.
    Count {
        /// By what.
        #[arg(long)]
        by: By,
    },
}

/// The key of a count.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum By {
    /// Body.
    Ente,
    /// Body, unit and service.
    Servizio,
    /// State and attribute.
    Stato,
    /// Why the citizen made contact.
    Motivo,
}

impl From<By> for CountBy {
    fn from(by: By) -> Self {
        match by {
            By::Ente => Self::Ente,
            By::Servizio => Self::Servizio,
            By::Stato => Self::Stato,
            By::Motivo => Self::Motivo,
        }
    }
}

/// `smista parked …`
#[derive(Debug, Subcommand)]
pub(crate) enum ParkedCommand {
    /// List them, oldest first, without their contents.
    List,
    /// One of them, whole: it may hold personal data.
    Show {
        /// Its number.
        id: i64,
    },
    /// Have it tried again.
    Replay {
        /// Its number.
        id: i64,
    },
    /// Throw it away.
    Drop {
        /// Its number.
        id: i64,
    },
}
