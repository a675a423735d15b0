//! How mail leaves the server: by SMTP, or into a folder where there is no mail server yet.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Tokio1Executor};
use url::Url;

use super::Mail;
use crate::db::{Id, Timestamp};

/// How long the mail server may take for one step.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends mail.
pub struct Mailer {
    from: Mailbox,
    transport: Transport,
}

enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Outbox(PathBuf),
}

/// Settings with which no mail can be sent. The address of the server is not repeated here: it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum BadMailer {
    /// The sender is no mail address.
    #[error("the sender of mails must be an address such as Desk <desk@example.com>")]
    Sender,
    /// The address of the mail server is none.
    #[error(
        "the mail server must be given as smtp://user:password@host:587, smtps://… or, without TLS, smtp://…?tls=none"
    )]
    Server,
}

/// Why a mail did not go out.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// The mail itself is wrong; it will be as wrong the next time.
    #[error("the mail cannot be written: {0}")]
    Mail(String),
    /// The mail server is away, or does not take the mail.
    #[error("{0}")]
    Server(String),
    /// The folder cannot be written to.
    #[error("{folder}: {why}", folder = .0.display(), why = .1)]
    Outbox(PathBuf, io::Error),
}

impl Mailer {
    /// Sends by SMTP. `smtp://` begins in the clear and insists on STARTTLS, unless the address ends in `?tls=none`; `smtps://` is
    /// encrypted from the start. A path is the name to greet the mail server with.
    pub fn smtp(server: &str, from: &str) -> Result<Self, BadMailer> {
        let mut url = Url::parse(server).map_err(|_| BadMailer::Server)?;
        let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        // The library takes `smtp://` without a word on TLS for unencrypted; here it must be said.
        url.set_query(match (url.scheme(), tls.as_deref()) {
            ("smtp", None | Some("required")) => Some("tls=required"),
            ("smtp", Some("none")) | ("smtps", None | Some("required")) => None,
            _ => return Err(BadMailer::Server),
        });
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str()).map_err(|_| BadMailer::Server)?;
        let builder = match (url.scheme(), url.query(), url.port()) {
            // Mail is submitted at 587, encrypted or not; the library has the port for relaying, 25.
            ("smtp", None, None) => builder.port(587),
            _ => builder,
        };
        let transport = Transport::Smtp(builder.timeout(Some(PATIENCE)).build());
        Ok(Self { from: sender(from)?, transport })
    }

    /// Puts every mail into a folder, as a file that mail programs open.
    pub fn outbox(folder: impl Into<PathBuf>, from: &str) -> Result<Self, BadMailer> {
        Ok(Self { from: sender(from)?, transport: Transport::Outbox(folder.into()) })
    }

    /// Sends a mail. The same id and time make the same mail again, so that a repeat is recognised as one.
    pub(super) async fn send(&self, id: Id, written_at: Timestamp, mail: &Mail) -> Result<(), SendError> {
        let message = self.message(id, written_at, mail)?;
        match &self.transport {
            Transport::Smtp(transport) => {
                transport.send(message).await.map_err(|error| SendError::Server(error.to_string()))?;
                Ok(())
            }
            Transport::Outbox(folder) => {
                let path = folder.join(format!("{id}.eml"));
                let (folder, bytes) = (folder.clone(), message.formatted());
                let target = path.clone();
                let written = tokio::task::spawn_blocking(move || put(&folder, &target, id, &bytes)).await;
                written.map_err(io::Error::other).flatten().map_err(|error| SendError::Outbox(path.clone(), error))?;
                tracing::info!(file = %path.display(), "a mail went to the outbox");
                Ok(())
            }
        }
    }

    fn message(&self, id: Id, written_at: Timestamp, mail: &Mail) -> Result<Message, SendError> {
        let wrong = |error: &dyn std::fmt::Display| SendError::Mail(error.to_string());
        let to = mail.to.parse().map_err(|error: lettre::address::AddressError| wrong(&error))?;
        let written_at = UNIX_EPOCH + Duration::from_millis(written_at.millis().max(0).unsigned_abs());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.replace(char::is_control, " "))
            .date(written_at)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            // Out-of-office notes have nobody to reach here (RFC 3834, section 5).
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .raw_header(raw("X-Auto-Response-Suppress", "All"))
            .header(ContentType::TEXT_PLAIN)
            .body(body(&mail.text))
            .map_err(|error| wrong(&error))
    }
}

/// The text as it is where mail servers must take it so (RFC 5322, section 2.1.1), so that links and tokens can be read in the
/// file too; encoded otherwise.
fn body(text: &str) -> Body {
    let is_plain = text.is_ascii() && !text.contains(['\r', '\0']) && text.lines().all(|line| line.len() <= 998);
    match is_plain {
        true => Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into(), ContentTransferEncoding::SevenBit),
        false => Body::new(text.to_owned()),
    }
}

fn sender(from: &str) -> Result<Mailbox, BadMailer> {
    from.parse().map_err(|_| BadMailer::Sender)
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Writes the file under another name first: who watches the folder never sees half a mail.
fn put(folder: &Path, target: &Path, id: Id, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;

    let mut folders = std::fs::DirBuilder::new();
    folders.recursive(true);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

        folders.mode(0o700);
        options.mode(0o600);
    }
    folders.create(folder)?;
    let unfinished = folder.join(format!(".{id}.part"));
    // Left behind by a crash; its mode may be anything.
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = options.open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, target)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread::JoinHandle;

    use super::*;

    const WRITTEN_AT: Timestamp = Timestamp::from_millis(1_795_155_754_492);
    const FROM: &str = "Desk <desk@example.com>";

    fn mail() -> Mail {
        Mail {
            to: "jane@example.org".into(),
            subject: "Your password for Zoë & Söhne\r\nBcc: eve@example.net".into(),
            text: "Hello\n.\nA line of one dot, and the end.\n".into(),
        }
    }

    /// A mail server for one connection: expects each line of `dialogue` that starts with `C: `, and says the others. The client
    /// who hangs up says an empty line.
    fn server(dialogue: &'static [&'static str]) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut say: TcpStream = stream.try_clone().unwrap();
            let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
            let mut data = Vec::new();
            for step in dialogue {
                match step.strip_prefix("C: ") {
                    Some("<data>") => data.extend(lines.by_ref().take_while(|line| line != ".")),
                    Some(expected) => assert_eq!(lines.next().unwrap_or_default(), expected),
                    None => say.write_all(format!("{step}\r\n").as_bytes()).unwrap(),
                }
            }
            data
        });
        (address, thread)
    }

    #[tokio::test]
    async fn smtp_is_spoken_line_by_line() {
        let (address, thread) = server(&[
            "220 mail.example.com ready",
            "C: EHLO desk.example.com",
            "250-mail.example.com",
            "250 AUTH PLAIN LOGIN",
            "C: AUTH PLAIN AGRlc2tAZXhhbXBsZS5jb20AcDpzcw==",
            "235 welcome",
            "C: MAIL FROM:<desk@example.com>",
            "250 ok",
            "C: RCPT TO:<jane@example.org>",
            "250 ok",
            "C: DATA",
            "354 go on",
            "C: <data>",
            "250 taken",
            "C: QUIT",
            "221 bye",
        ]);
        let url = format!("smtp://desk%40example.com:p%3Ass@{address}/desk.example.com?tls=none");
        let mailer = Mailer::smtp(&url, FROM).unwrap();
        mailer.send(Id::NIL, WRITTEN_AT, &mail()).await.unwrap();
        let lines = thread.join().unwrap();
        assert_eq!(
            lines,
            [
                "From: Desk <desk@example.com>",
                "To: jane@example.org",
                "Subject: Your password for =?utf-8?b?Wm/Dqw==?= & =?utf-8?b?U8O2aG5l?=  Bcc:",
                " eve@example.net",
                "Date: Fri, 20 Nov 2026 06:22:34 +0000",
                "Message-ID: <00000000-0000-0000-0000-000000000000@example.com>",
                "Auto-Submitted: auto-generated",
                "X-Auto-Response-Suppress: All",
                "Content-Type: text/plain; charset=utf-8",
                "Content-Transfer-Encoding: 7bit",
                "",
                "Hello",
                "..",
                "A line of one dot, and the end.",
                "",
            ]
        );
    }

    #[tokio::test]
    async fn a_server_without_starttls_gets_no_mail_and_no_password() {
        let (address, thread) = server(&[
            "220 mail.example.com ready",
            "C: EHLO desk.example.com",
            "250-mail.example.com",
            "250 AUTH PLAIN LOGIN",
            "C: ",
        ]);
        let mailer = Mailer::smtp(&format!("smtp://desk:secret@{address}/desk.example.com"), FROM).unwrap();
        let error = mailer.send(Id::NIL, WRITTEN_AT, &mail()).await.unwrap_err();
        assert!(matches!(&error, SendError::Server(why) if !why.contains("secret")), "{error}");
        drop(mailer);
        thread.join().unwrap();
    }

    #[tokio::test]
    async fn what_a_server_refuses_is_an_error() {
        let (address, thread) = server(&[
            "220 mail.example.com ready",
            "C: EHLO desk.example.com",
            "250 mail.example.com",
            "C: MAIL FROM:<desk@example.com>",
            "250 ok",
            "C: RCPT TO:<jane@example.org>",
            "550 nobody of this name here",
            "C: QUIT",
        ]);
        let mailer = Mailer::smtp(&format!("smtp://{address}/desk.example.com?tls=none"), FROM).unwrap();
        let error = mailer.send(Id::NIL, WRITTEN_AT, &mail()).await.unwrap_err();
        assert!(error.to_string().contains("nobody of this name here"), "{error}");
        drop(mailer);
        thread.join().unwrap();
    }

    #[tokio::test]
    async fn the_outbox_holds_whole_files_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("mail/outbox");
        let mailer = Mailer::outbox(&folder, FROM).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!(".{}.part", Id::NIL)), "half a m").unwrap();
        for _ in 0..2 {
            mailer.send(Id::NIL, WRITTEN_AT, &mail()).await.unwrap();
        }
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
        let expected = folder.join("00000000-0000-0000-0000-000000000000.eml");
        assert_eq!(files, std::slice::from_ref(&expected), "a repeat takes the place of the first");
        let text = std::fs::read_to_string(&expected).unwrap();
        assert!(text.starts_with("From: Desk <desk@example.com>\r\nTo: jane@example.org\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nHello\r\n.\r\nA line of one dot, and the end.\r\n"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;

            assert_eq!(std::fs::metadata(&expected).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn a_wrong_address_is_the_fault_of_the_mail() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = Mailer::outbox(folder.path(), FROM).unwrap();
        let wrong = Mail { to: "jane".into(), ..mail() };
        assert!(matches!(mailer.send(Id::NIL, WRITTEN_AT, &wrong).await, Err(SendError::Mail(_))));
    }

    #[test]
    fn settings_are_checked_at_the_start() {
        for server in ["smtp://localhost", "smtp://a:b@localhost:587?tls=required", "smtps://localhost"] {
            assert!(Mailer::smtp(server, FROM).is_ok(), "{server}");
        }
        for server in ["localhost:587", "http://localhost", "smtp://localhost?tls=opportunistic", "smtps://h?tls=none"]
        {
            assert!(matches!(Mailer::smtp(server, FROM), Err(BadMailer::Server)), "{server}");
        }
        assert!(matches!(Mailer::outbox("outbox", "Desk"), Err(BadMailer::Sender)));
    }
}
