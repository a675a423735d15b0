//! The command line: `dotdesk serve`, `setup`, `demo`, `migrate`, `keys`, `openapi`, `postman`, `methods`; and for those who call a server,
//! `call`, `login`, `logout`, `completions`.
//!
//! Results go to standard output and nothing else does; the log and what went wrong go to standard error.

mod assemble;
mod call;
mod completions;
mod demo;
mod inspect;
mod keys;
mod logging;
mod login;
mod private;
mod profiles;
mod serve;
pub mod settings;
mod setup;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use serde::Serialize;

use crate::db::{self, Timestamp};
use keys::Keys;
use settings::{BadSetting, Settings, table};

/// A support desk and CRM you drive by API.
#[derive(Parser)]
#[command(name = "dotdesk", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the server.
    Serve,
    /// Creates an organization with its owner and prints an API key for it.
    Setup(setup::Arguments),
    /// Starts a server with made-up data to try the API on.
    Demo(demo::Arguments),
    /// Brings the database's tables up to date; the server does so by itself when it starts.
    Migrate {
        /// Takes back so many of the newest migrations instead, with the data that only they have room for.
        #[arg(long, value_name = "NUMBER")]
        down: Option<usize>,
    },
    /// The server's own secrets.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Prints the OpenAPI document.
    Openapi {
        /// Version 3.0 in place of 3.1, for tools that read no newer one.
        #[arg(long = "3.0")]
        old: bool,
    },
    /// Prints the methods as a Postman collection.
    Postman,
    /// Lists the methods of the API.
    Methods {
        /// As `api.methods` answers them, with schemas, scopes and errors.
        #[arg(long)]
        json: bool,
        /// Only methods whose names start with this, such as `teams.`.
        #[arg(default_value = "")]
        prefix: String,
    },
    /// Calls a method of a server.
    #[command(disable_help_flag = true)]
    Call(Box<call::Arguments>),
    /// Stores an API key for a server, for `dotdesk call`.
    Login(login::Login),
    /// Forgets a stored API key.
    Logout(login::Logout),
    /// Prints what makes a shell complete commands, methods and arguments.
    Completions {
        /// The shell.
        shell: completions::Shell,
    },
    /// Prints the settings there are.
    #[command(hide = true)]
    Settings {
        /// As a table for the documentation.
        #[arg(long, required = true)]
        markdown: bool,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Adds new keys to the key file; those before stay good, and running servers need no restart.
    Rotate,
}

/// Why a command ended badly.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command was not given as it must be.
    #[error(transparent)]
    Setting(#[from] BadSetting),
    /// It was, but could not be carried out.
    #[error("{0}")]
    Failed(String),
    /// It ended with an exit status of its own; without words if there is nothing to say.
    #[error("{1}")]
    Ended(u8, String),
}

impl Failure {
    /// A failure with this cause.
    fn because(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<crate::method::Error> for Failure {
    /// Whoever runs a command may see what a caller may not.
    fn from(error: crate::method::Error) -> Self {
        let fields: String =
            error.fields().iter().map(|field| format!("\n  {}: {}", field.pointer, field.message)).collect();
        let cause = error.cause().map(|cause| format!(" ({cause})")).unwrap_or_default();
        Self::Failed(format!("{}{cause}{fields}", error.message()))
    }
}

/// Runs the command that this process was started with.
pub fn main() -> ExitCode {
    completions::answer();
    let matches = command().get_matches();
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    // Whatever asks for TLS first finds the one implementation that is built in.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let outcome = actix_web::rt::System::new().block_on(run(arguments.command, innermost(&matches)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let words = failure.to_string();
            if !words.is_empty() {
                let _ = writeln!(io::stderr(), "dotdesk: {words}");
            }
            match failure {
                Failure::Setting(_) => ExitCode::from(2),
                Failure::Failed(_) => ExitCode::FAILURE,
                Failure::Ended(status, _) => ExitCode::from(status),
            }
        }
    }
}

/// The command line, with the settings as flags of those commands that need them.
fn command() -> clap::Command {
    let mut command = Arguments::command();
    for name in ["serve", "setup", "demo", "migrate"] {
        command = command.mut_subcommand(name, |command| command.args(table::flags()));
    }
    command.mut_subcommand("keys", |keys| keys.mut_subcommand("rotate", |rotate| rotate.args(table::flags())))
}

/// What was given to the subcommand itself.
fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, inner)| innermost(inner))
}

async fn run(command: Command, flags: &ArgMatches) -> Result<(), Failure> {
    match command {
        Command::Openapi { old } => print_json(&inspect::openapi(old)),
        Command::Postman => print_json(&inspect::postman()),
        Command::Methods { json: true, prefix } => print_json(&inspect::described(&prefix)),
        Command::Methods { json: false, prefix } => print(&inspect::methods(&prefix)),
        Command::Settings { .. } => print(&table::markdown()),
        Command::Call(arguments) => call::run(*arguments).await,
        Command::Login(arguments) => login::login(arguments).await,
        Command::Logout(arguments) => login::logout(arguments),
        Command::Completions { shell } => completions::script(shell),
        Command::Serve => serve::run(&start(flags)?).await,
        Command::Setup(arguments) => print_json(&setup::run(&start(flags)?, arguments).await?),
        Command::Demo(arguments) => demo::run(&start(flags)?, arguments).await,
        Command::Migrate { down } => migrate(&start(flags)?, down).await,
        Command::Keys(KeysCommand::Rotate) => rotate(&start(flags)?),
    }
}

/// Reads the settings and starts to log.
fn start(flags: &ArgMatches) -> Result<Settings, Failure> {
    let settings = Settings::of_process(flags)?;
    logging::start(&settings);
    Ok(settings)
}

async fn migrate(settings: &Settings, down: Option<usize>) -> Result<(), Failure> {
    let done = match down {
        None => db::migrate(&settings.database()).await,
        Some(steps) => db::migrate_down(&settings.database(), steps).await,
    }
    .map_err(Failure::because)?;
    print(&done.iter().map(|migration| format!("{migration}\n")).collect::<String>())
}

fn rotate(settings: &Settings) -> Result<(), Failure> {
    let keys = Keys::rotate(settings, Timestamp::now()).map_err(Failure::because)?;
    tracing::info!(file = %settings.keys_file.display(), kept = keys.generations.len(), "the keys were rotated");
    Ok(())
}

fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::because)?;
    print(&format!("{text}\n"))
}

fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads has read enough: `dotdesk methods | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.map_err(Failure::because),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn settings_are_flags_of_the_commands_that_need_them() {
        let matches =
            command().try_get_matches_from(["dotdesk", "keys", "rotate", "--data-dir", "/x", "--trust-proxy"]).unwrap();
        assert_eq!(innermost(&matches).get_one::<String>("data_dir").unwrap(), "/x");
        assert!(command().try_get_matches_from(["dotdesk", "openapi", "--listen", "x:1"]).is_err());
    }
}
