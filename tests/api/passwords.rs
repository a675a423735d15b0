//! Passwords that were forgotten, and first ones: by a token that comes by mail.

use dotdesk::access::links::PublicUrl;
use serde_json::{Value, json};

use std::sync::Arc;

use crate::support::organization::PASSWORD;
use crate::support::{Api, Reply, Setup, on_both, on_both_with, text};

const NEW: &str = "rolling quokka harvests nine umbrellas";

async fn ask(api: &Api, email: &str) {
    let reply = api.nobody().post("auth.requestPasswordReset", &json!({ "email": email })).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
}

async fn set(api: &Api, token: &str, password: &str) -> Reply {
    api.nobody().post("auth.resetPassword", &json!({ "token": token, "new_password": password })).await
}

async fn log_in(api: &Api, email: &str, password: &str) -> Reply {
    api.nobody().post("auth.login", &json!({ "email": email, "password": password })).await
}

/// The token that a mail brings, whichever it is.
fn token_in(mail: &str) -> &str {
    let start = mail.find("dd_").unwrap();
    mail[start..].split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap()
}

#[test]
fn a_forgotten_password_is_replaced_once() {
    on_both(async |api| {
        let jane = api.person("Jane", &[]).await;
        let john = api.person("John", &[]).await;
        ask(api, &jane.email).await;
        ask(api, &jane.email).await;
        let mails = api.mail().await;
        assert_eq!(mails.len(), 1, "one mail a minute");
        assert!(mails[0].contains("\nTo: jane@acme.test\n"), "{}", mails[0]);
        let token = token_in(&mails[0]);
        assert!(token.starts_with("dd_reset_"));
        assert!(mails[0].contains(&format!("\n{}/reset?token={token}\n", api.url)), "{}", mails[0]);
        assert!(mails[0].contains(&format!("\nPOST {}/auth.resetPassword\n", api.url)), "{}", mails[0]);
        api.pass_seconds(61);
        ask(api, &jane.email).await;
        let later = token_in(&api.mail().await[0]).to_owned();

        for weak in ["password1234", "short", "acme jane@acme.test", &"x".repeat(128)] {
            set(api, token, weak).await.refused(400, "weak_password");
        }
        let (done, events) = api.events_of(set(api, token, NEW)).await;
        assert_eq!((done.status, done.text.as_str()), (204, ""));
        assert_eq!((events[0].kind.as_str(), &events[0].actor["id"]), ("user.password_changed", &jane.id));
        assert_eq!(events[0].previous, json!({}), "neither the old one nor the new one");
        for used in [token, &later, "dd_reset_x", &api.acme.key] {
            set(api, used, NEW).await.refused(410, "expired");
        }
        jane.client.post("auth.me", &json!({})).await.refused(401, "token_revoked");
        john.client.ok("auth.me", json!({})).await;
        log_in(api, &jane.email, PASSWORD).await.refused(401, "invalid_auth");
        assert_eq!(log_in(api, &jane.email, NEW).await.body["user"]["version"], 2);

        api.pass_seconds(61);
        ask(api, &jane.email).await;
        let token = token_in(&api.mail().await[0]).to_owned();
        api.pass_seconds(4 * 3600);
        set(api, &token, PASSWORD).await.refused(410, "expired");
    });
}

#[test]
fn whoever_is_not_there_gets_no_mail_and_nobody_learns_it() {
    on_both(async |api| {
        let jane = api.person("Jane", &[]).await;
        api.admin().ok("users.deactivate", json!({ "id": jane.id })).await;
        let before = api.row_counts().await;
        ask(api, "nobody@acme.test").await;
        ask(api, &jane.email).await;
        let elsewhere = json!({ "email": "agent@acme.test", "hostname": "elsewhere.test" });
        assert_eq!(api.nobody().post("auth.requestPasswordReset", &elsewhere).await.status, 204);
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn a_token_is_worthless_once_its_user_may_not_come_in() {
    on_both(async |api| {
        let jane = api.person("Jane", &[]).await;
        ask(api, &jane.email).await;
        let token = token_in(&api.mail().await[0]).to_owned();
        api.admin().ok("users.deactivate", json!({ "id": jane.id })).await;
        set(api, &token, NEW).await.refused(410, "expired");
        api.admin().ok("users.delete", json!({ "id": jane.id })).await;
        set(api, &token, NEW).await.refused(410, "expired");
    });
}

#[test]
fn a_link_goes_nowhere_a_stranger_chose() {
    on_both(async |api| {
        let ask = async |host: &str, email: &str| {
            let body = json!({ "email": email });
            api.nobody().with("host", host).ok("auth.requestPasswordReset", body).await;
            api.mail().await.remove(0)
        };
        let mail = ask("evil.test", "agent@acme.test").await;
        assert!(!mail.contains("evil") && !mail.contains("http"), "{mail}");
        assert!(mail.contains("\nPOST /auth.resetPassword\n"), "{mail}");
        api.stranger().ok("organizations.update", json!({ "hostnames": ["desk.other.test"] })).await;
        let mail = ask("desk.other.test", "owner@acme.test").await;
        assert!(!mail.contains("desk.other.test"), "another organization's: {mail}");
        api.pass_seconds(61);
        api.admin().ok("organizations.update", json!({ "hostnames": ["desk.acme.test"] })).await;
        let mail = ask("desk.acme.test", "agent@acme.test").await;
        assert!(mail.contains("http://desk.acme.test/reset?token=dd_reset_"), "{mail}");

        let invite = json!({ "name": "Bob", "email": "bob@acme.test" });
        api.admin().with("host", "evil.test").ok("users.create", invite).await;
        let mail = api.mail().await.remove(0);
        assert!(!mail.contains("evil"), "{mail}");
    });
}

#[test]
fn a_configured_address_goes_before_all_others() {
    let services = Arc::new(|usual: dotdesk::method::Services| usual.with(PublicUrl("https://desk.acme.test/".into())));
    on_both_with(Setup { services, ..Setup::default() }, async |api| {
        ask(api, "agent@acme.test").await;
        assert!(api.mail().await[0].contains("\nhttps://desk.acme.test/reset?token="));
        api.admin().ok("users.create", json!({ "name": "Bob", "email": "bob@acme.test" })).await;
        assert!(api.mail().await[0].contains(" https://desk.acme.test/auth.resetPassword "));
    });
}

#[test]
fn an_invitation_is_accepted_with_a_password() {
    on_both(async |api| {
        let admin = api.admin();
        let bob = admin.ok("users.create", json!({ "name": "Bob", "email": "bob@acme.test" })).await;
        assert_eq!(bob["status"], "invited");
        let mails = api.mail().await;
        assert_eq!(mails.len(), 1);
        let first = token_in(&mails[0]);
        assert!(first.starts_with("dd_invite_"));
        assert!(mails[0].contains("Olivia Owner invites you to Acme"), "{}", mails[0]);
        admin.ok("users.resendInvite", json!({ "id": bob["id"] })).await;
        let second = token_in(&api.mail().await[0]).to_owned();
        set(api, first, NEW).await.refused(410, "expired");
        set(api, &second, "bob bob bob bob").await.refused(400, "weak_password");
        log_in(api, "bob@acme.test", "").await.refused(400, "invalid_arguments");

        let (done, events) = api.events_of(set(api, &second, NEW)).await;
        assert_eq!(done.status, 204);
        assert_eq!(
            (events[0].kind.as_str(), &events[0].previous),
            ("user.password_changed", &json!({ "status": "invited" }))
        );
        let login = log_in(api, "bob@acme.test", NEW).await;
        assert_eq!((&login.body["user"]["status"], &login.body["user"]["version"]), (&json!("active"), &json!(2)));
        set(api, &second, NEW).await.refused(410, "expired");
        admin.post("users.resendInvite", &json!({ "id": bob["id"] })).await.refused(409, "invalid_state");
    });
}

#[test]
fn an_invitation_lasts_a_week_and_a_forgotten_one_is_replaced() {
    on_both(async |api| {
        let admin = api.admin();
        let bob = json!({ "name": "Bob", "email": "bob@acme.test", "send_invite": false });
        let bob = admin.ok("users.create", bob).await;
        assert_eq!(api.mail().await, [""; 0], "not asked for");
        admin.ok("users.resendInvite", json!({ "id": bob["id"] })).await;
        let invite = token_in(&api.mail().await[0]).to_owned();
        api.pass_seconds(7 * 24 * 3600);
        set(api, &invite, NEW).await.refused(410, "expired");
        // One who lost his invitation may as well ask for a new password.
        ask(api, "bob@acme.test").await;
        let reset = token_in(&api.mail().await[0]).to_owned();
        assert_eq!(set(api, &reset, NEW).await.status, 204);
        assert_eq!(log_in(api, "bob@acme.test", NEW).await.body["user"]["status"], "active");
    });
}

#[test]
fn an_invitation_ends_with_the_one_who_was_invited() {
    on_both(async |api| {
        let admin = api.admin();
        let bob = admin.ok("users.create", json!({ "name": "Bob", "email": "bob@acme.test" })).await;
        let invite = token_in(&api.mail().await[0]).to_owned();
        admin.ok("users.delete", json!({ "id": bob["id"] })).await;
        set(api, &invite, NEW).await.refused(410, "expired");
    });
}

#[test]
fn one_changes_his_own_password_knowing_the_old_one() {
    on_both(async |api| {
        let jane = api.person("Jane", &[]).await;
        let other = api.session(&jane.email).await;
        let change = async |body: Value| jane.client.post("users.changePassword", &body).await;
        change(json!({ "new_password": NEW })).await.wrong("/current_password", "required");
        change(json!({ "new_password": NEW, "current_password": "wrong" })).await.refused(403, "no_permission");
        let weak = json!({ "new_password": "password1234", "current_password": PASSWORD });
        change(weak).await.refused(400, "weak_password");
        ask(api, &jane.email).await;
        let token = token_in(&api.mail().await[0]).to_owned();
        assert_eq!(change(json!({ "new_password": NEW, "current_password": PASSWORD })).await.status, 204);
        jane.client.ok("users.me", json!({})).await;
        other.post("users.me", &json!({})).await.refused(401, "token_revoked");
        set(api, &token, PASSWORD).await.refused(410, "expired");
        change(json!({ "new_password": PASSWORD, "current_password": PASSWORD })).await.refused(403, "no_permission");
        assert_eq!(log_in(api, &jane.email, NEW).await.status, 200);
    });
}

#[test]
fn another_users_password_takes_the_scope_and_no_less_rights() {
    on_both(async |api| {
        let jane = api.person("Jane", &["teams:read"]).await;
        let boss = api.person("Boss", &["users:write", "teams:read"]).await.client;
        let of = |id: &Value| json!({ "id": id, "new_password": NEW });
        let refused = jane.client.post("users.changePassword", &of(&json!(api.acme.agent))).await;
        assert_eq!(refused.refused(403, "missing_scope").body["error"]["needed"], "users:write");
        boss.post("users.changePassword", &of(&json!(api.acme.owner))).await.refused(403, "no_permission");
        boss.post("users.changePassword", &of(&json!(api.other.agent))).await.refused(404, "user_not_found");
        assert_eq!(boss.post("users.changePassword", &of(&jane.id)).await.status, 204);
        jane.client.post("users.me", &json!({})).await.refused(401, "token_revoked");
        assert_eq!(text(&log_in(api, &jane.email, NEW).await.body["token_type"]), "Bearer");
        let role = api.role("Jane").await;
        let bob = json!({ "name": "Bob", "email": "bob@acme.test", "role_id": role });
        let bob = api.admin().ok("users.create", bob).await;
        boss.post("users.changePassword", &of(&bob["id"])).await.refused(409, "invalid_state");
    });
}
