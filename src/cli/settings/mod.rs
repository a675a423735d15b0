//! How the server is set up: by flag, by environment variable or in a TOML file, in this order of precedence.
//!
//! [`table`] says what there is, [`given`] what was given, and [`Settings`] what it means. A value that means nothing is refused
//! by the name it was given under.

mod given;
pub mod table;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;

pub use given::{Given, Source};
use lettre::message::Mailbox;
pub use values::{Files, Listen};

use crate::access::limits::Quotas;
use crate::db;
pub use crate::method::Secret;
use table::Fallback;

/// A setting that cannot be used; the text names it, and never holds a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub String);

/// How to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people; coloured on a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

/// Which outside issuers' tokens are accepted, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// The issuers, as they name themselves in `iss`; none for none.
    pub issuers: Vec<String>,
    /// The client ids that a token of a Cognito issuer must name one of.
    pub client_ids: Vec<String>,
    /// The audiences that a token of another issuer must name one of.
    pub audiences: Vec<String>,
    /// The path or URL of the keys of them all; where each publishes its own if not set.
    pub jwks: Option<String>,
    /// Whether id tokens serve as access tokens.
    pub accept_id_tokens: bool,
    /// The slug of the organization whose users the tokens stand for; the only one if not set.
    pub organization: Option<String>,
}

/// How to get at a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketAccess {
    /// The server of the bucket; AWS if not set.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: String,
    /// The id of the access key.
    pub key_id: Option<String>,
    /// The access key.
    pub secret_key: Option<Secret>,
}

/// The settings of the server, every one checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of what the server keeps itself.
    pub data_dir: PathBuf,
    /// The database's address.
    pub database_url: Secret,
    /// The most PostgreSQL connections for writing.
    pub max_connections: usize,
    /// When SQLite answers a write.
    pub synchronous: &'static str,
    /// Where to listen.
    pub listen: Listen,
    /// The address by which clients reach the server; taken from each request if not set.
    pub public_url: Option<String>,
    /// Whether a proxy's word about the client is believed.
    pub trust_proxy: bool,
    /// The web origins that may call; none for every origin, without cookies.
    pub cors_origins: Vec<String>,
    /// How many threads answer requests.
    pub workers: usize,
    /// How long a call may take.
    pub request_timeout: Duration,
    /// How long running calls may go on at the end.
    pub shutdown_timeout: Duration,
    /// How often a caller may call.
    pub rate_limits: Quotas,
    /// Where the server's own secrets are kept.
    pub keys_file: PathBuf,
    /// The server's own secrets in place of the file, newest first.
    pub secret_keys: Vec<Secret>,
    /// The mail server, with its password; without one mail is written to a folder.
    pub smtp_url: Option<Secret>,
    /// The sender of mail.
    pub mail_from: Option<Mailbox>,
    /// How many days events are kept.
    pub event_retention_days: u32,
    /// Where the bytes of files are.
    pub files: Files,
    /// How to get at them, where that is a bucket.
    pub bucket: BucketAccess,
    /// Whether addresses in private networks are fetched.
    pub allow_private_urls: bool,
    /// Whether webhooks are sent into private networks.
    pub allow_private_webhooks: bool,
    /// Outside issuers of tokens.
    pub oidc: Oidc,
    /// Whether `GET /metrics` answers.
    pub metrics: bool,
    /// What to log.
    pub log: String,
    /// How to log; as standard error wants it if not set.
    pub log_format: Option<LogFormat>,
}

impl Settings {
    /// The settings of this process: its flags, its environment, and the file that one of these names.
    pub fn of_process(flags: &ArgMatches) -> Result<Self, BadSetting> {
        Self::collect(flags, std::env::vars_os())
    }

    /// The defaults, with everything in this folder.
    #[cfg(test)]
    pub fn of_test(folder: &std::path::Path) -> Self {
        let matches = clap::Command::new("dotdesk").args(table::flags()).get_matches_from(["dotdesk"]);
        Self::collect(&matches, []).unwrap().in_folder(folder.to_owned())
    }

    fn collect(
        flags: &ArgMatches,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, BadSetting> {
        let mut read = Reader { given: Given::collect(flags, environment)?, read: vec!["config"] };
        let settings = Self::read(&mut read)?;
        debug_assert!(table::SETTINGS.iter().all(|setting| read.read.contains(&setting.key)), "every setting is read");
        Ok(settings)
    }

    fn read(read: &mut Reader) -> Result<Self, BadSetting> {
        let data_dir: PathBuf = read.required("data_dir", values::path)?;
        let database_url = match read.optional("database_url", values::database)? {
            Some(url) => url,
            None => format!("sqlite://{}", data_dir.join("dotdesk.db").display()),
        };
        Ok(Self {
            database_url: Secret::new(database_url),
            max_connections: read.required("max_connections", |text| values::number(text, 1, 1000))?,
            synchronous: read.required("synchronous", |text| values::word(text, &["full", "normal", "off"]))?,
            listen: read.required("listen", values::listen)?,
            public_url: read.optional("public_url", values::base_url)?,
            trust_proxy: read.required("trust_proxy", values::switch)?,
            cors_origins: read.optional("cors_origins", values::origins)?.unwrap_or_default(),
            workers: match read.required("workers", |text| values::number(text, 0, 1024))? {
                0 => std::thread::available_parallelism().map_or(1, usize::from),
                workers => workers,
            },
            request_timeout: read.required("request_timeout_seconds", |text| values::seconds(text, 1, 3600))?,
            shutdown_timeout: read.required("shutdown_timeout_seconds", |text| values::seconds(text, 0, 3600))?,
            rate_limits: read.required("rate_limits", str::parse)?,
            keys_file: match read.optional("keys_file", values::path)? {
                Some(path) => path,
                None => data_dir.join("keys.json"),
            },
            secret_keys: read.list("secret_key", values::secret_key)?.into_iter().map(Secret::new).collect(),
            smtp_url: read.optional("smtp_url", values::smtp)?.map(Secret::new),
            event_retention_days: read.required("event_retention_days", |text| values::count(text, 1, 3650))?,
            mail_from: read.optional("mail_from", values::sender)?,
            files: read.optional("files_url", values::files)?.unwrap_or_else(|| Files::Folder(data_dir.join("files"))),
            bucket: BucketAccess {
                endpoint: read.optional("files_endpoint", values::base_url)?,
                region: read.required("files_region", |text| Ok(text.to_owned()))?,
                key_id: read.optional("files_key_id", |text| Ok(text.to_owned()))?,
                secret_key: read.optional("files_secret_key", |text| Ok(text.to_owned()))?.map(Secret::new),
            },
            allow_private_urls: read.required("allow_private_urls", values::switch)?,
            allow_private_webhooks: read.required("allow_private_webhooks", values::switch)?,
            oidc: read.oidc()?,
            metrics: read.required("metrics", values::switch)?,
            log: read.required("log", values::log)?,
            log_format: read.optional("log_format", |text| match values::word(text, &["text", "json"])? {
                "text" => Ok(LogFormat::Text),
                _ => Ok(LogFormat::Json),
            })?,
            data_dir,
        })
    }

    /// How to open the database.
    pub fn database(&self) -> db::Options {
        db::Options {
            url: self.database_url.reveal().to_owned(),
            max_connections: self.max_connections,
            synchronous: self.synchronous.to_owned(),
        }
    }

    /// The same settings with everything the server keeps in another folder, and SQLite in it.
    pub fn in_folder(&self, folder: PathBuf) -> Self {
        Self {
            database_url: Secret::new(format!("sqlite://{}", folder.join("dotdesk.db").display())),
            keys_file: folder.join("keys.json"),
            secret_keys: Vec::new(),
            files: Files::Folder(folder.join("files")),
            data_dir: folder,
            ..self.clone()
        }
    }
}

/// Reads one setting after the other, and remembers which it read.
struct Reader {
    given: Given,
    read: Vec<&'static str>,
}

impl Reader {
    /// The value of a setting that has a default value.
    fn required<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, BadSetting> {
        self.optional(key, parse)?.ok_or_else(|| BadSetting(format!("{key}: is required")))
    }

    /// The value of a setting, if it was given or has a default value.
    fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, BadSetting> {
        let setting = table::find(key).ok_or_else(|| BadSetting(format!("{key}: is not in the table of settings")))?;
        self.read.push(key);
        let (text, source) = match (self.given.take(key), setting.default) {
            (Some(given), _) => given,
            (None, Fallback::Value(value)) => (value.to_owned(), Source::Default(key)),
            (None, Fallback::Words(_)) => return Ok(None),
        };
        parse(text.trim()).map(Some).map_err(|expected| {
            let got = if setting.is_secret { String::new() } else { format!(", got {text:?}") };
            BadSetting(format!("{source}: {expected}{got}"))
        })
    }

    /// The items of a list.
    fn list<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, BadSetting> {
        Ok(self.optional(key, |text| values::list(text, &parse))?.unwrap_or_default())
    }

    fn oidc(&mut self) -> Result<Oidc, BadSetting> {
        let oidc = Oidc {
            issuers: self.list("oidc_issuers", values::issuer)?,
            client_ids: self.list("oidc_client_ids", |text| Ok(text.to_owned()))?,
            audiences: self.list("oidc_audiences", |text| Ok(text.to_owned()))?,
            jwks: self.optional("oidc_jwks", |text| Ok(text.to_owned()))?,
            accept_id_tokens: self.required("oidc_accept_id_tokens", values::switch)?,
            organization: self.optional("oidc_organization", |text| Ok(text.to_owned()))?,
        };
        let is_set = !oidc.client_ids.is_empty()
            || !oidc.audiences.is_empty()
            || oidc.jwks.is_some()
            || oidc.accept_id_tokens
            || oidc.organization.is_some();
        match oidc.issuers.is_empty() {
            true if is_set => Err(BadSetting("oidc_issuers: is required with the other oidc_ settings".into())),
            _ => Ok(oidc),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(flags: &[&str], environment: &[(&str, &str)]) -> Result<Settings, BadSetting> {
        let command = clap::Command::new("dotdesk").args(table::flags());
        let matches = command.get_matches_from([&["dotdesk"], flags].concat());
        Settings::collect(&matches, environment.iter().map(|(name, value)| (name.into(), value.into())))
    }

    fn refused(flags: &[&str], environment: &[(&str, &str)]) -> String {
        settings(flags, environment).unwrap_err().0
    }

    fn file(text: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dotdesk.toml");
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        (folder, path)
    }

    #[test]
    fn nothing_given_is_the_default() {
        let settings = settings(&[], &[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.database_url.reveal(), "sqlite://./dotdesk-data/dotdesk.db");
        assert_eq!(settings.rate_limits, Quotas::DEFAULT);
        assert!(settings.workers > 0 && settings.metrics && !settings.trust_proxy && settings.smtp_url.is_none());
    }

    #[test]
    fn flags_go_before_the_environment_before_the_file_before_the_default() {
        let (_folder, path) = file("listen = '0.0.0.0:3'\nworkers = 3\nlog = 'warn'\ntrust_proxy = true\n");
        let environment =
            [("DOTDESK_CONFIG", path.as_str()), ("DOTDESK_LISTEN", "0.0.0.0:2"), ("DOTDESK_WORKERS", "2")];
        let settings = settings(&["--listen", "0.0.0.0:1"], &environment).unwrap();
        assert_eq!(settings.listen.to_string(), "0.0.0.0:1");
        assert_eq!(settings.workers, 2);
        assert_eq!(settings.log, "warn");
        assert!(settings.trust_proxy);
        assert_eq!(settings.max_connections, 16);
    }

    #[test]
    fn every_setting_is_read_from_the_environment_and_from_a_file() {
        let values = [
            ("data_dir", "/srv/desk"),
            ("database_url", "postgres://desk:pw@db/desk"),
            ("max_connections", "4"),
            ("synchronous", "normal"),
            ("listen", "[::1]:9000"),
            ("public_url", "https://desk.example.com/"),
            ("trust_proxy", "on"),
            ("cors_origins", "https://a.example.com, http://localhost:3000"),
            ("workers", "2"),
            ("request_timeout_seconds", "10"),
            ("shutdown_timeout_seconds", "0"),
            ("rate_limits", "off"),
            ("keys_file", "/run/secrets/keys.json"),
            ("secret_key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            ("smtp_url", "smtps://desk:pw@mail.example.com"),
            ("mail_from", "Desk <desk@example.com>"),
            ("event_retention_days", "7"),
            ("files_url", "s3://bucket/desk"),
            ("files_endpoint", "https://s3.example.com"),
            ("files_region", "eu-central-1"),
            ("files_key_id", "AKIDEXAMPLE"),
            ("files_secret_key", "wJalrXUtnFEMI"),
            ("allow_private_urls", "on"),
            ("allow_private_webhooks", "on"),
            ("oidc_issuers", "https://id.example.com"),
            ("oidc_client_ids", "one,two"),
            ("oidc_audiences", "desk"),
            ("oidc_jwks", "/etc/jwks.json"),
            ("oidc_accept_id_tokens", "on"),
            ("oidc_organization", "acme"),
            ("metrics", "off"),
            ("log", "debug"),
            ("log_format", "json"),
        ];
        let keys: Vec<&str> = table::SETTINGS.iter().filter(|s| s.is_in_file()).map(|s| s.key).collect();
        assert!(keys.iter().all(|key| values.iter().any(|(name, _)| name == key)), "{keys:?}");

        let environment: Vec<(String, &str)> =
            values.iter().map(|(key, value)| (table::find(key).unwrap().variable(), *value)).collect();
        let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let by_environment = settings(&[], &environment).unwrap();
        let text: String = values.iter().map(|(key, value)| format!("{key} = \"{value}\"\n")).collect();
        let (_folder, path) = file(&text);
        let by_file = settings(&["--config", &path], &[]).unwrap();
        assert_eq!(format!("{by_environment:?}"), format!("{by_file:?}"));

        assert_eq!(by_file.cors_origins, ["https://a.example.com", "http://localhost:3000"]);
        assert_eq!(by_file.public_url.as_deref(), Some("https://desk.example.com"));
        assert_eq!(by_file.rate_limits, Quotas::OFF);
        assert_eq!(by_file.oidc.client_ids, ["one", "two"]);
        assert_eq!(by_file.log_format, Some(LogFormat::Json));
        let shown = format!("{by_file:?}");
        assert!(!shown.contains("pw@") && !shown.contains("AAEC"), "{shown}");
    }

    #[test]
    fn a_bad_value_is_refused_by_the_name_it_was_given_under() {
        assert_eq!(
            refused(&["--listen", "8080"], &[]),
            "--listen: expected HOST:PORT such as 127.0.0.1:8080, got \"8080\""
        );
        assert!(
            refused(&[], &[("DOTDESK_WORKERS", "many")]).starts_with("DOTDESK_WORKERS: expected a number from 0 to")
        );
        let (_folder, path) = file("max_connections = 0\n");
        assert!(
            refused(&["--config", &path], &[]).starts_with(&format!("max_connections in {path}: expected a number"))
        );
        assert!(refused(&["--rate-limits", "read=fast"], &[]).starts_with("--rate-limits: expected off, or a list"));
        assert!(refused(&["--log", "dotdesk=loud"], &[]).starts_with("--log: "));
        assert!(refused(&["--config", "/no/such/file"], &[]).starts_with("--config: cannot read /no/such/file: "));
        assert!(refused(&["--mail-from", "desk"], &[]).starts_with("--mail-from: expected an address"));
        assert!(refused(&["--oidc-jwks", "x"], &[]).starts_with("oidc_issuers: is required"));
    }

    #[test]
    fn secrets_are_not_repeated() {
        for (name, value) in [
            ("DOTDESK_DATABASE_URL", "mysql://desk:hunter2@db/desk"),
            ("DOTDESK_SECRET_KEY", "hunter2"),
            ("DOTDESK_SMTP_URL", "http://desk:hunter2@mail"),
        ] {
            let message = refused(&[], &[(name, value)]);
            assert!(message.starts_with(&format!("{name}: expected ")) && !message.contains("hunter2"), "{message}");
        }
        let (_folder, path) = file("listen = '0.0.0.0:1'\nsecret_key = \"hunter2\n");
        let message = refused(&["--config", &path], &[]);
        assert!(message.starts_with(&format!("{path}, line 2: ")) && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn names_that_mean_nothing_are_refused_with_the_nearest() {
        assert_eq!(
            refused(&[], &[("DOTDESK_LISTN", "x")]),
            "There is no environment variable DOTDESK_LISTN. Did you mean DOTDESK_LISTEN?"
        );
        let (_folder, path) = file("lisen = 'x'\n");
        assert_eq!(
            refused(&["--config", &path], &[]),
            format!("There is no setting lisen in {path}. Did you mean listen?")
        );
        let (_folder, path) = file("config = 'x'\n");
        assert!(refused(&["--config", &path], &[]).starts_with("There is no setting config in "));
        let others =
            [("DOTDESK_URL", "x"), ("DOTDESK_PORT", "tcp://10.0.0.1:80"), ("DOTDESK_LISTEN", ""), ("PATH", "x")];
        assert_eq!(settings(&[], &others).unwrap().listen.to_string(), "127.0.0.1:8080");
    }

    #[test]
    fn switches_need_no_value() {
        assert!(settings(&["--trust-proxy"], &[]).unwrap().trust_proxy);
        assert!(!settings(&["--metrics=off"], &[]).unwrap().metrics);
        assert!(!settings(&["--metrics=false"], &[("DOTDESK_METRICS", "on")]).unwrap().metrics);
    }
}
