//! `dotdesk call`: calls a method of any server from the command line.
//!
//! What the methods are and take comes from the registry of this program. A method of a newer server can be called all the same:
//! then its arguments are text, unless they are given as JSON.

mod help;
mod job;
mod outcome;
pub(super) mod schema;
mod show;
mod syntax;
mod typed;

use std::sync::Arc;
use std::time::Duration;

use clap_complete::engine::ArgValueCompleter;
use futures_util::TryStreamExt;
use serde_json::{Map, Value};

use super::profiles::{self, ServerArguments};
use super::{BadSetting, Failure, completions};
use crate::api;
use crate::client::{Client, Error, RawCall, Reply};
use crate::method::{Described, Registry, openapi};
use schema::Shape;
use show::Printer;
use syntax::Argument;

pub use outcome::STATUSES;
pub(super) use outcome::failed;

/// What `dotdesk call` is told.
#[derive(clap::Args)]
#[command(after_help = format!("{ARGUMENTS}\n\n{STATUSES}"))]
pub struct Arguments {
    /// The method, such as `teams.create`; with --help, all about it.
    #[arg(add = ArgValueCompleter::new(completions::methods))]
    method: Option<String>,
    /// Its arguments, as below.
    #[arg(value_name = "ARGUMENT", add = ArgValueCompleter::new(completions::arguments))]
    arguments: Vec<String>,
    #[command(flatten)]
    server: ServerArguments,
    /// All arguments as one JSON object; `-` for standard input, and @FILE for a file. Others that are given go before it.
    #[arg(long, value_name = "JSON")]
    json: Option<String>,
    /// Walks a list to its end.
    #[arg(long)]
    all: bool,
    /// One line of JSON for each object of a list; with --all, as the pages come.
    #[arg(long)]
    jsonl: bool,
    /// The status and the headers of the answer before it.
    #[arg(short, long, conflicts_with = "all")]
    include: bool,
    /// Says what would be, and changes nothing; for methods that take `dry_run`.
    #[arg(long)]
    dry_run: bool,
    /// Sent twice with one key, the call happens once. Each call has a key of its own if left out.
    #[arg(long, value_name = "KEY", conflicts_with = "all")]
    idempotency_key: Option<String>,
    /// Only while the object has this version.
    #[arg(long, value_name = "NUMBER")]
    if_version: Option<i64>,
    /// Waits for the job that the call begins, shows how far it is, and prints what became of it.
    #[arg(long, conflicts_with = "all")]
    wait: bool,
    /// How many seconds one try may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// All about the method; without one, this help.
    #[arg(short, long)]
    help: bool,
}

/// How many objects a page of a walk has.
const WALKED: i64 = 200;

const ARGUMENTS: &str = "\
Arguments:
  name=value        as the method takes it: a text, a number, true or false
  name=a name=b     a list
  a.b=value         a field of an object; records.0.name=Ada one of an item
  name:=JSON        JSON: ids:='[\"…\"]', title:=null
  name=@FILE        what is in the file; for bytes, its bytes. - is standard input
  name:=@FILE       the JSON in the file
  -                 all of them as one JSON object on standard input";

/// Calls the method.
pub async fn run(given: Arguments) -> Result<(), Failure> {
    let registry = Registry::new(api::TABLES);
    let Some(name) = given.method.as_deref().filter(|name| !name.is_empty()) else {
        return help::general(given.help);
    };
    let known = registry.find(name);
    if given.help {
        let method = known.map_err(|unknown| BadSetting(unknown.message().to_owned()))?;
        return super::print(&help::of(method));
    }
    let method = known.ok();
    let name = method.map_or(name, |method| method.name());
    let mut args = arguments(&given, method).map_err(BadSetting)?;
    if let Some(limit) = method.filter(|_| given.all).and_then(|method| page_size(method)) {
        args.entry("limit").or_insert(limit);
    }
    let args = Value::Object(args);
    let target = profiles::resolve(&given.server)?;
    let client = target.client(Duration::from_secs(given.timeout))?;
    let printer = Printer::new();
    if method.is_some_and(|method| method.entry.is_stream) {
        return follow(&client, &args, &printer).await.map_err(|error| error.of(name));
    }
    if given.all {
        if method.is_some_and(|method| method.arguments()["properties"]["cursor"].is_null()) {
            return Err(BadSetting(format!("--all: {name} is no list with pages")).into());
        }
        return walk(&client, name, &args, given.jsonl, &printer).await.map_err(|error| error.of(name));
    }
    let mut call: RawCall = client.raw(name, &args);
    if let Some(key) = &given.idempotency_key {
        call = call.idempotency_key(key);
    }
    let reply = call.await.map_err(|error| failed(name, &error))?;
    let body = reply.json().map_err(|error| failed(name, &error))?;
    warn(&reply);
    if given.include {
        printer.head(&reply)?;
    }
    if given.wait && reply.status == 202 {
        return job::wait(&client, &body, &printer).await;
    }
    match reply.status {
        204 => Ok(()),
        _ => printer.answer(&body, given.jsonl),
    }
}

/// The arguments of the call, however they were given.
fn arguments(given: &Arguments, method: Option<&Arc<Described>>) -> Result<Map<String, Value>, String> {
    let mut whole = match given.json.as_deref() {
        Some("-") => object(&syntax::read("-")?)?,
        Some(text) => match text.strip_prefix('@') {
            Some(path) => object(&syntax::read(path)?)?,
            None => object(text.as_bytes())?,
        },
        None => Map::new(),
    };
    let mut written = Vec::new();
    for word in &given.arguments {
        match word.as_str() {
            "-" => typed::overlay(&mut whole, object(&syntax::read("-")?)?),
            word => written.push(Argument::parse(word)?),
        }
    }
    let schema = method.map(|method| with_extras(method));
    typed::overlay(&mut whole, typed::arguments(schema.as_ref().map(Shape::of), &written)?);
    if given.dry_run {
        whole.insert("dry_run".into(), true.into());
    }
    if let Some(version) = given.if_version {
        whole.insert("if_version".into(), version.into());
    }
    Ok(whole)
}

/// How large the pages of a walk are, unless it is said: larger than what one looks at at once.
fn page_size(method: &Described) -> Option<Value> {
    let most = method.arguments()["properties"]["limit"]["maximum"].as_i64()?;
    Some(most.min(WALKED).into())
}

/// The schema of a method's arguments, with those that it takes beside its own.
fn with_extras(method: &Described) -> Value {
    let mut schema = method.arguments().clone();
    openapi::add_shared_arguments(method, &mut schema);
    schema
}

fn object(text: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("the arguments must be one JSON object".into()),
        Err(error) => Err(format!("the arguments are not JSON: {error}")),
    }
}

/// What ended a stream or a walk.
enum Ended {
    Call(Error),
    Output(Failure),
}

impl Ended {
    fn of(self, method: &str) -> Failure {
        match self {
            Self::Call(error) => failed(method, &error),
            Self::Output(failure) => failure,
        }
    }
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Output(failure)
    }
}

/// Prints events as they happen, a line each.
async fn follow(client: &Client, args: &Value, printer: &Printer) -> Result<(), Ended> {
    let mut events = client.raw_events(args);
    while let Some(event) = events.try_next().await? {
        printer.line(&show::harmless(event))?;
    }
    Ok(())
}

/// Prints all pages of a list: as one, or object by object.
async fn walk(client: &Client, name: &str, args: &Value, jsonl: bool, printer: &Printer) -> Result<(), Ended> {
    let mut pages = client.raw_pages(name, args);
    let mut whole: Option<Map<String, Value>> = None;
    while let Some(mut page) = pages.try_next().await? {
        if jsonl {
            printer.answer(&Value::Object(page), true)?;
            continue;
        }
        match &mut whole {
            None => whole = Some(page),
            Some(whole) => {
                if let (Some(Value::Array(all)), Some(Value::Array(more))) =
                    (whole.get_mut("data"), page.get_mut("data"))
                {
                    all.append(more);
                }
            }
        }
    }
    if let Some(mut whole) = whole {
        whole.insert("next_cursor".into(), Value::Null);
        printer.answer(&Value::Object(whole), false)?;
    }
    Ok(())
}

/// Says that a method is on its way out.
fn warn(reply: &Reply) {
    if let Some(sunset) = reply.header("sunset") {
        let link = reply.header("link").unwrap_or_default();
        let successor = link.rsplit_once("/docs/methods#").and_then(|(_, rest)| rest.split_once('>'));
        let instead = successor.map(|(name, _)| format!("; call {name} in its place")).unwrap_or_default();
        show::say(&format!("dotdesk: this method stops on {sunset}{instead}"));
    }
}
