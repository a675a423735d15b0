//! Loads a mailbox into dotdesk: mails become conversations with their original times, texts, HTML and attachments.
//!
//! ```text
//! cargo run --release --example load_mailbox -- --url http://127.0.0.1:8080 --token dd_live_… --own support@acme.com PATH
//! ```
//!
//! PATH is an mbox file, a Maildir, a single mail, or a folder with any of these in it. Each thread becomes one conversation on an
//! `api` channel, held with whoever began it; each address becomes a contact. What comes from an address of `--own` is outbound. All of
//! it goes through the API, with a key that has the scopes `messages:write`, `messages:read`, `conversations:read`, `channels:read`,
//! `channels:write`, `files:write` and `imports:write`. What was loaded already is recognised by its Message-ID, so the program can be
//! run again at any time: it adds what is new. A mail that cannot be read is reported, and the others are loaded all the same.

mod loader;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Loads a mailbox into dotdesk.
#[derive(Parser)]
struct Arguments {
    /// Where dotdesk listens.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// An API key; if left out, what the environment has as DOTDESK_TOKEN.
    #[arg(long)]
    token: Option<String>,
    /// An address of your own, or a domain of your own as in @acme.com: what comes from there was sent by you. May be given again.
    #[arg(long)]
    own: Vec<String>,
    /// The source of the channel on which the conversations are held; the channel is created if there is none.
    #[arg(long, default_value = "mailbox.email")]
    source: String,
    /// How many threads are loaded at the same time.
    #[arg(long, default_value_t = 4)]
    at_once: usize,
    /// An mbox file, a Maildir, a mail, or a folder with any of these in it.
    path: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Arguments::parse();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Some(token) = args.token.or_else(|| std::env::var("DOTDESK_TOKEN").ok()) else {
        eprintln!("give --token, or DOTDESK_TOKEN in the environment");
        return ExitCode::FAILURE;
    };
    let options = loader::Options {
        url: args.url,
        token,
        own: args.own,
        source: args.source,
        at_once: args.at_once.clamp(1, 64),
    };
    let begun = std::time::Instant::now();
    match loader::load(&options, &args.path, |failure| eprintln!("{failure}")).await {
        Ok(report) => {
            println!("{report}\n{:<14}{:.1}", "seconds", begun.elapsed().as_secs_f64());
            if report.failures == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) }
        }
        Err(error) => {
            eprintln!("nothing more can be loaded: {error}");
            ExitCode::FAILURE
        }
    }
}
