//! Every setting there is, as data: flags, environment variables, the file's keys and the documentation are made from this table.

use std::fmt::Write;

use clap::{Arg, ArgAction};

/// One setting.
pub struct Setting {
    /// Its key in the file; flag and environment variable are named after it.
    pub key: &'static str,
    /// What kind of value it takes, for the help.
    pub value: &'static str,
    /// What holds when it is not given.
    pub default: Fallback,
    /// Whether its value must appear in no message and no log.
    pub is_secret: bool,
    /// What it does.
    pub help: &'static str,
}

/// What holds when a setting is not given.
#[derive(Clone, Copy)]
pub enum Fallback {
    /// The same as if this value were given.
    Value(&'static str),
    /// What these words say.
    Words(&'static str),
}

use Fallback::{Value, Words};

/// Environment variables of ours that are no settings of the server.
const NOT_SETTINGS: &[&str] = &["DOTDESK_URL", "DOTDESK_TOKEN", "DOTDESK_PROFILE", "DOTDESK_REQUIRE_POSTGRES"];
/// Kubernetes sets variables of these names in every container beside a service called "dotdesk".
const SERVICE_LINKS: &[&str] = &["DOTDESK_SERVICE_", "DOTDESK_PORT_", "DOTDESK_PORT"];

const fn setting(key: &'static str, value: &'static str, default: Fallback, help: &'static str) -> Setting {
    Setting { key, value, default, is_secret: false, help }
}

const fn secret(key: &'static str, value: &'static str, default: Fallback, help: &'static str) -> Setting {
    Setting { key, value, default, is_secret: true, help }
}

/// Every setting, in the order of the documentation.
pub const SETTINGS: &[Setting] = &[
    setting(
        "config",
        "PATH",
        Words("no file"),
        "A TOML file with settings, under their names with underscores: `rate_limits = \"off\"`.",
    ),
    setting(
        "data_dir",
        "PATH",
        Value("./dotdesk-data"),
        "The folder of what the server keeps itself: the SQLite file, the key file, the bytes of files, and mail that no mail server \
         takes.",
    ),
    secret(
        "database_url",
        "URL",
        Words("`dotdesk.db` in `data_dir`"),
        "The database: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME`.",
    ),
    setting(
        "max_connections",
        "NUMBER",
        Value("16"),
        "How many PostgreSQL connections may write at the same time; every server thread has an equal share, and one more connection for reading. SQLite has one writer and ignores this.",
    ),
    setting(
        "synchronous",
        "full|normal|off",
        Value("full"),
        "When SQLite answers a write: `full` once a power loss cannot undo it; `normal` may lose the last moments then, \
         `off` may lose the file.",
    ),
    setting("listen", "HOST:PORT", Value("127.0.0.1:8080"), "Where to listen."),
    setting(
        "public_url",
        "URL",
        Words("taken from each request"),
        "The address by which clients reach the server, for links in answers and mail. Mail has no links without it, unless the \
         request came to one of the organization's `hostnames`.",
    ),
    setting(
        "trust_proxy",
        "on|off",
        Value("off"),
        "Whether to believe `X-Forwarded-For` and `X-Forwarded-Proto`. Only behind a proxy that sets them itself.",
    ),
    setting(
        "cors_origins",
        "LIST",
        Words("every origin, without cookies"),
        "The web origins whose pages may call the API, such as `https://app.example.com`.",
    ),
    setting("workers", "NUMBER", Value("0"), "How many threads answer requests; 0 for one per processor."),
    setting(
        "request_timeout_seconds",
        "NUMBER",
        Value("30"),
        "How long a call may take; then it is undone and answered with `request_timeout`.",
    ),
    setting(
        "shutdown_timeout_seconds",
        "NUMBER",
        Value("30"),
        "How long calls that are running may go on after the server was told to stop.",
    ),
    setting(
        "rate_limits",
        "LIMITS",
        Value("read=1200,write=600,search=300,bulk=60,auth=30"),
        "Calls a minute for each API key or session, `auth` for each address; an organization has five times as many. 0 for no \
         limit, `off` for none at all.",
    ),
    setting(
        "keys_file",
        "PATH",
        Words("`keys.json` in `data_dir`"),
        "The server's own secrets; made at the first start, readable to its owner alone. Servers of one database share it.",
    ),
    secret(
        "secret_key",
        "LIST",
        Words("the key file is used"),
        "In place of the key file: 32 random bytes in base64 (`openssl rand -base64 32`), the same on every server of the database. \
         Several for rotating, newest first.",
    ),
    secret(
        "smtp_url",
        "URL",
        Words("mail is written to `outbox` in `data_dir`"),
        "The mail server: `smtps://USER:PASSWORD@HOST`, `smtp://USER:PASSWORD@HOST` with STARTTLS, or without encryption \
         `smtp://HOST?tls=none`.",
    ),
    setting(
        "mail_from",
        "ADDRESS",
        Words("required with `smtp_url`"),
        "The sender of mail, such as `Desk <desk@example.com>`.",
    ),
    setting(
        "event_retention_days",
        "NUMBER",
        Value("30"),
        "How many days events are kept for those who read the feed.",
    ),
    setting(
        "files_url",
        "PATH or URL",
        Words("`files` in `data_dir`"),
        "Where the bytes of files are kept: a folder, or `s3://BUCKET/PREFIX`. Servers of one database share it.",
    ),
    setting(
        "files_endpoint",
        "URL",
        Words("AWS"),
        "The server of the bucket, such as `https://minio.example.com`, where it is not AWS.",
    ),
    setting("files_region", "NAME", Value("us-east-1"), "The region of the bucket."),
    setting(
        "files_key_id",
        "ID",
        Words("the credentials of the machine"),
        "The id of the access key to the bucket. Without one, the role that AWS has given to the machine is taken.",
    ),
    secret("files_secret_key", "KEY", Words("required with `files_key_id`"), "The access key to the bucket."),
    setting(
        "allow_private_urls",
        "on|off",
        Value("off"),
        "Whether addresses that users name are fetched from this server's own network too. Only for trying things out.",
    ),
    setting(
        "allow_private_webhooks",
        "on|off",
        Value("off"),
        "Whether webhooks are sent into this server's own network too, and to `http` addresses. Only for trying things out, or where \
         every user is trusted.",
    ),
    setting(
        "oidc_issuers",
        "LIST",
        Words("none"),
        "OpenID issuers whose tokens are accepted, such as `https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12`.",
    ),
    setting(
        "oidc_client_ids",
        "LIST",
        Words("required for Cognito"),
        "The app clients whose tokens are accepted, for Cognito.",
    ),
    setting(
        "oidc_audiences",
        "LIST",
        Words("required for other issuers"),
        "What the `aud` of a token must name one of, for issuers other than Cognito.",
    ),
    setting(
        "oidc_jwks",
        "PATH or URL",
        Words("`/.well-known/jwks.json` of each issuer"),
        "The issuer's public keys, where they are elsewhere. `oidc_issuers` are then several names of the one issuer.",
    ),
    setting(
        "oidc_accept_id_tokens",
        "on|off",
        Value("off"),
        "Whether Cognito's id tokens are accepted besides its access tokens.",
    ),
    setting(
        "oidc_organization",
        "SLUG",
        Words("the only organization"),
        "The organization whose users the issuers' tokens stand for.",
    ),
    setting("metrics", "on|off", Value("on"), "Whether `GET /metrics` answers Prometheus."),
    setting(
        "log",
        "LEVEL",
        Value("info"),
        "What to log: `error`, `warn`, `info`, `debug`, `trace` or `off`; also by part, such as `info,dotdesk::db=debug`.",
    ),
    setting("log_format", "text|json", Words("`text` on a terminal, else `json`"), "How to log, on standard error."),
];

impl Setting {
    /// The flag, without the dashes in front.
    pub fn flag(&self) -> String {
        match self.key {
            "database_url" => "database".into(),
            key => key.replace('_', "-"),
        }
    }

    /// The environment variable.
    pub fn variable(&self) -> String {
        format!("DOTDESK_{}", self.key.to_uppercase())
    }

    /// Whether the file may have it; the file's own path can only come from outside.
    pub fn is_in_file(&self) -> bool {
        self.key != "config"
    }

    fn is_switch(&self) -> bool {
        self.value == "on|off"
    }
}

/// The setting of a key.
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Whether an environment variable with our prefix is somebody else's affair.
pub fn is_foreign(variable: &str) -> bool {
    NOT_SETTINGS.contains(&variable)
        || SERVICE_LINKS
            .iter()
            .any(|link| if link.ends_with('_') { variable.starts_with(link) } else { variable == *link })
}

/// The settings as command-line flags.
pub fn flags() -> impl Iterator<Item = Arg> {
    SETTINGS.iter().map(|setting| {
        let default = match setting.default {
            Value(value) => value,
            Words(words) => words,
        };
        let arg = Arg::new(setting.key)
            .long(setting.flag())
            .value_name(setting.value)
            .help(format!("{} [{}; default: {default}]", setting.help, setting.variable()).replace('`', ""))
            .help_heading("Settings")
            .action(ArgAction::Set);
        if setting.is_switch() { arg.num_args(0..=1).require_equals(true).default_missing_value("on") } else { arg }
    })
}

/// The settings as a table for the documentation.
pub fn markdown() -> String {
    let mut table =
        String::from("| Flag | Environment | In the file | Default | What it does |\n|---|---|---|---|---|\n");
    for setting in SETTINGS {
        let key = if setting.is_in_file() { format!("`{}`", setting.key) } else { "–".into() };
        let default = match setting.default {
            Value(value) => format!("`{value}`"),
            Words(words) => words.into(),
        };
        let value = setting.value.replace('|', "\\|");
        let secret = if setting.is_secret { " Secret: give it by environment or file." } else { "" };
        let (flag, variable, help) = (setting.flag(), setting.variable(), setting.help.replace('|', "\\|"));
        let _ = writeln!(table, "| `--{flag} {value}` | `{variable}` | {key} | {default} | {help}{secret} |");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- settings: generated by `dotdesk settings --markdown` -->\n";
    const END: &str = "<!-- /settings -->";

    #[test]
    fn the_documentation_has_the_table_as_it_is() {
        let page = include_str!("../../../docs/operations.md");
        let (_, rest) = page.split_once(BEGIN).expect("docs/operations.md has the opening comment");
        let (table, _) = rest.split_once(END).expect("docs/operations.md has the closing comment");
        assert_eq!(table, markdown(), "put the output of `cargo run -- settings --markdown` between the two comments");
    }

    #[test]
    fn names_are_unique_and_not_foreign() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            assert!(!is_foreign(&setting.variable()), "{}", setting.key);
            assert!(!SETTINGS[..index].iter().any(|other| other.flag() == setting.flag()), "{}", setting.key);
        }
        assert!(is_foreign("DOTDESK_PORT") && is_foreign("DOTDESK_PORT_8080_TCP") && !is_foreign("DOTDESK_PORTS"));
    }
}
