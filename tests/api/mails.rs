//! Mail on its way out: every one goes out once, or is tried again, or stays to be looked at.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use dotdesk::access::authenticate::server_itself;
use dotdesk::method::{Context, Void};
use dotdesk::providers::mail::{Mail, Mailer, enqueue, send_due};

use crate::support::{Api, on_both};

/// How often a mail is tried.
const ATTEMPTS: i32 = 12;
/// How long a server that took a mail on has it for itself, in seconds.
const LEASE: i64 = 300;

async fn write_down(api: &Api, to: &str) {
    let ctx = Context::internal(api.app.clone(), server_itself(api.acme.id), "test");
    let mail = Mail { to: to.into(), subject: "Hello".into(), text: "The token.\n".into() };
    ctx.write(async move |tx| enqueue(tx, &mail).await.map(|()| Void {})).await.unwrap();
}

fn outbox(folder: &Path) -> Mailer {
    Mailer::outbox(folder, "Desk <desk@acme.test>").unwrap()
}

#[test]
fn each_mail_goes_out_once_however_many_workers_there_are() {
    on_both(async |api| {
        let folder = tempfile::tempdir().unwrap();
        let mailer = outbox(folder.path());
        for number in 0..20 {
            write_down(api, &format!("user{number}@acme.test")).await;
        }
        let other = api.app.fork(2);
        let (one, two) = tokio::join!(send_due(&api.app, &mailer), send_due(&other, &mailer));
        assert_eq!(one.unwrap() + two.unwrap(), 20);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 20);
        assert_eq!(api.unsent().await, []);
        assert_eq!(send_due(&api.app, &mailer).await.unwrap(), 0);
    });
}

#[test]
fn a_mail_is_tried_again_ever_more_rarely_and_then_no_more() {
    on_both(async |api| {
        let folder = tempfile::tempdir().unwrap();
        let not_a_folder = folder.path().join("file");
        std::fs::write(&not_a_folder, "").unwrap();
        let broken = outbox(&not_a_folder);
        write_down(api, "jane@acme.test").await;
        let mut waited = Vec::new();
        for attempt in 1..=ATTEMPTS {
            assert_eq!(send_due(&api.app, &broken).await.unwrap(), 0);
            let (attempts, next, error) = api.unsent().await.remove(0);
            assert_eq!(attempts, attempt);
            assert!(error.unwrap().contains("file"));
            if let Some(next) = next {
                waited.push((next.millis() - api.now().millis()) / 1000);
                api.pass_seconds(waited[waited.len() - 1] - 1);
                assert_eq!(send_due(&api.app, &broken).await.unwrap(), 0);
                assert_eq!(api.unsent().await[0].0, attempt, "not before its time");
                api.pass_seconds(1);
            }
        }
        assert_eq!(waited, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]);
        assert_eq!(api.unsent().await[0].1, None);
        api.pass_seconds(24 * 3600);
        assert_eq!(send_due(&api.app, &outbox(folder.path())).await.unwrap(), 0);
    });
}

#[test]
fn a_mail_that_cannot_be_written_is_not_tried_again() {
    on_both(async |api| {
        let folder = tempfile::tempdir().unwrap();
        write_down(api, "nobody").await;
        write_down(api, "jane@acme.test").await;
        assert_eq!(send_due(&api.app, &outbox(folder.path())).await.unwrap(), 1);
        let (attempts, next, error) = api.unsent().await.remove(0);
        assert_eq!((attempts, next), (1, None));
        assert!(error.is_some_and(|why| !why.contains("token")));
    });
}

#[test]
fn what_a_dead_server_took_on_is_found_again() {
    on_both(async |api| {
        write_down(api, "jane@acme.test").await;
        // A mail server that never says a word, and a server of ours that dies while it waits for one.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp://{}?tls=none", silent.local_addr().unwrap());
        let mailer = Mailer::smtp(&url, "Desk <desk@acme.test>").unwrap();
        let died = tokio::time::timeout(Duration::from_millis(200), send_due(&api.app, &mailer)).await;
        assert!(died.is_err());
        assert_eq!(api.mail().await, [""; 0]);
        api.pass_seconds(LEASE - 1);
        assert_eq!(api.mail().await, [""; 0], "somebody may still be sending it");
        api.pass_seconds(1);
        assert_eq!(api.mail().await.len(), 1);
    });
}
