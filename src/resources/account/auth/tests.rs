use serde_json::{Value, json};

use super::super::testing::{Desk, PASSWORD, code, on_each_database, pointers, text};
use crate::access::store::issue;
use crate::access::token::TokenKind;
use crate::access::user::{TokenPurpose, UserStatus};
use crate::db::Id;
use crate::db::prelude::*;
use crate::method::{Code, Context, Void};
use crate::providers::mail::{Mailer, send_due};
use crate::run;
use crate::schema::{audit_entries, hostnames, users};

const NEW: &str = "rolling quokka harvests nine umbrellas";

#[test]
fn a_user_logs_in_and_nobody_else() {
    on_each_database(async |desk: Desk| {
        let jane = desk.user("jane", "teams:read").await;
        let answer = desk.login("jane").await;
        assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(900)));
        assert_eq!(answer["user"]["id"], json!(jane));
        assert_eq!(answer["user"]["first_seen_at"], json!(desk.app.now()));
        assert_eq!(answer["user"]["version"], 1, "being seen is no change");
        assert!(answer["user"].get("password_hash").is_none());
        let caller = desk.caller(answer["access_token"].as_str().unwrap()).await.unwrap();
        assert_eq!((caller.user, caller.scopes.words()), (Some(jane), vec!["teams:read".to_owned()]));
        let (kind, session, actor) = desk.events().await.remove(0);
        assert_eq!((kind.as_str(), &actor, &session["user_id"]), ("session.created", &json!(jane), &json!(jane)));
        assert_eq!((&session["ip"], &session["user_agent"]), (&json!("192.0.2.1"), &json!("test")));
        assert!(session.get("refresh_digest").is_none());

        desk.pass(60);
        let again = desk.call("", "auth.login", json!({"email": desk.email("Jane"), "password": PASSWORD})).await;
        let again = again.unwrap();
        assert_eq!(again["user"]["first_seen_at"], answer["user"]["first_seen_at"]);
        assert_eq!(again["user"]["last_seen_at"], json!(desk.app.now()));

        desk.user_of(desk.organization, "gone", "", UserStatus::Inactive).await;
        desk.user_of(desk.organization, "new", "", UserStatus::Invited).await;
        for (name, password) in [("jane", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("new", PASSWORD)] {
            let outcome = desk.call("", "auth.login", json!({"email": desk.email(name), "password": password})).await;
            let error = outcome.unwrap_err();
            assert_eq!(error.code(), Code::InvalidAuth, "{name}");
            assert_eq!(error.message(), "The name or the password is wrong.");
        }
        for (args, wrong) in [
            (json!({"password": "x"}), vec!["/username", "/email"]),
            (json!({"password": "x", "email": "a@example.com", "username": "aa"}), vec!["/email"]),
        ] {
            assert_eq!(pointers(&desk.call("", "auth.login", args).await.unwrap_err()), wrong);
        }
    });
}

#[test]
fn the_host_name_tells_organizations_apart() {
    on_each_database(async |desk: Desk| {
        let here = desk.user("jane", "").await;
        let other = desk.second_organization().await;
        let there = desk.user_of(other, "jane", "", UserStatus::Active).await;
        let login = async |host: Value| {
            let mut args = json!({"email": desk.email("jane"), "password": PASSWORD});
            crate::method::merge(&mut args, json!({ "hostname": host }));
            desk.call("", "auth.login", args).await
        };
        assert_eq!(code(login(Value::Null).await), Code::InvalidAuth);
        assert_eq!(code(login(json!("nowhere.example.com")).await), Code::InvalidAuth);
        assert_eq!(login(json!(desk.host())).await.unwrap()["user"]["id"], json!(here));

        desk.write(async move |conn| {
            run!(conn, |c| diesel::update(users::table.find((other, there)))
                .set(users::status.eq(UserStatus::Inactive))
                .execute(c))
            .unwrap();
        })
        .await;
        assert_eq!(login(Value::Null).await.unwrap()["user"]["id"], json!(here), "only one of them may log in now");
    });
}

#[test]
fn a_refresh_token_is_good_for_one_use_and_a_second_ends_the_session() {
    on_each_database(async |desk: Desk| {
        desk.user("jane", "").await;
        let refresh = async |token: &Value| desk.call("", "auth.refresh", json!({ "refresh_token": token })).await;
        let first = desk.login("jane").await;
        desk.pass(600);
        let second = refresh(&first["refresh_token"]).await.unwrap();
        let sessions = desk.call(&text(&second["access_token"]), "auth.listSessions", json!({})).await.unwrap();
        assert_eq!(sessions["data"].as_array().unwrap().len(), 1, "it is the same session");
        assert_eq!(sessions["data"][0]["is_current"], true);
        assert_eq!(sessions["data"][0]["last_used_at"], json!(desk.app.now()));
        let third = refresh(&second["refresh_token"]).await.unwrap();

        let error = refresh(&first["refresh_token"]).await.unwrap_err();
        assert_eq!(error.code(), Code::TokenRevoked);
        assert!(error.message().contains("used before"), "{error:?}");
        assert_eq!(code(desk.caller(&text(&third["access_token"])).await), Code::TokenRevoked);
        assert_eq!(code(refresh(&third["refresh_token"]).await), Code::TokenRevoked);
        assert_eq!(desk.event_types().await, ["session.created", "session.revoked"]);

        assert_eq!(code(refresh(&json!("dd_refresh_x")).await), Code::InvalidAuth);
        assert_eq!(code(refresh(&first["access_token"]).await), Code::InvalidArguments, "too long to be one");
        let idle = desk.login("jane").await;
        desk.pass(30 * 24 * 3600);
        assert_eq!(code(refresh(&idle["refresh_token"]).await), Code::Expired);
    });
}

#[test]
fn of_two_refreshes_at_once_one_wins_and_the_session_ends() {
    on_each_database(async |desk: Desk| {
        desk.user("jane", "").await;
        let login = desk.login("jane").await;
        let args = json!({"refresh_token": login["refresh_token"]});
        let (one, two) =
            tokio::join!(desk.call("", "auth.refresh", args.clone()), desk.call("", "auth.refresh", args.clone()));
        assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
        assert_eq!(desk.event_types().await, ["session.created", "session.revoked"]);
    });
}

#[test]
fn sessions_are_listed_and_ended() {
    on_each_database(async |desk: Desk| {
        let jane = desk.user("jane", "").await;
        desk.user("john", "").await;
        desk.user("boss", "users:write").await;
        let (first, second, third) = (desk.token("jane").await, desk.token("jane").await, desk.token("jane").await);
        let (john, boss) = (desk.token("john").await, desk.token("boss").await);
        let list = desk.call(&second, "auth.listSessions", json!({"limit": 2, "include": ["total"]})).await.unwrap();
        assert_eq!(list["total"], 3);
        assert_eq!(
            list["data"].as_array().unwrap().iter().map(|s| &s["is_current"]).collect::<Vec<_>>(),
            [false, true]
        );
        let id = list["data"][0]["id"].clone();

        let of_jane = json!({ "user_id": jane });
        let error = desk.call(&john, "auth.listSessions", of_jane.clone()).await.unwrap_err();
        assert_eq!((error.code(), &error.details()["needed"]), (Code::MissingScope, &json!("users:write")));
        assert_eq!(desk.call(&boss, "auth.listSessions", of_jane).await.unwrap()["data"].as_array().unwrap().len(), 3);
        let nobody = desk.call(&boss, "auth.listSessions", json!({"user_id": Id::NIL})).await.unwrap_err();
        assert_eq!((nobody.fields()[0].code.as_str(), pointers(&nobody)), ("unknown_id", vec!["/user_id"]));
        assert_eq!(code(desk.call("*", "auth.listSessions", json!({})).await), Code::NoPermission);

        let this = json!({ "session_id": id });
        assert_eq!(code(desk.call(&john, "auth.revokeSession", this.clone()).await), Code::SessionNotFound);
        assert_eq!(desk.call(&second, "auth.revokeSession", this.clone()).await.unwrap(), Value::Null);
        assert_eq!(code(desk.caller(&first).await), Code::TokenRevoked, "at once on this server");
        assert_eq!(code(desk.call(&second, "auth.revokeSession", this).await), Code::SessionNotFound);
        let of_third = &desk.call(&third, "auth.listSessions", json!({})).await.unwrap()["data"][1]["id"];
        desk.call(&boss, "auth.revokeSession", json!({ "session_id": of_third })).await.unwrap();
        assert_eq!(code(desk.caller(&third).await), Code::TokenRevoked);

        let other = desk.token("jane").await;
        desk.call(&second, "auth.logout", json!({})).await.unwrap();
        assert_eq!(code(desk.caller(&second).await), Code::TokenRevoked);
        assert!(desk.caller(&other).await.is_ok());
        let another = desk.token("jane").await;
        desk.call(&another, "auth.logout", json!({"all": true})).await.unwrap();
        assert_eq!(code(desk.caller(&other).await), Code::TokenRevoked);
        assert!(desk.caller(&john).await.is_ok());
        assert_eq!(code(desk.call("*", "auth.logout", json!({})).await), Code::NoPermission);
        let types = desk.event_types().await;
        assert_eq!(types.iter().filter(|kind| *kind == "session.created").count(), 7);
        assert_eq!(types.iter().filter(|kind| *kind == "session.revoked").count(), 5);
    });
}

#[test]
fn acting_as_another_leaves_both_names() {
    on_each_database(async |desk: Desk| {
        let boss = desk.user("boss", "users:write teams:read teams:write").await;
        let jane = desk.user("jane", "teams:read teams:write").await;
        desk.user("owner", "*").await;
        let owner = desk.call(&desk.token("owner").await, "auth.me", json!({})).await.unwrap()["user"]["id"].clone();
        let token = desk.token("boss").await;
        let act = async |token: &str, user: &Value| {
            let args = json!({"user_id": user, "reason": "Ticket 4711", "minutes": 5});
            desk.call(token, "auth.impersonate", args).await
        };
        assert_eq!(code(act(&token, &owner).await), Code::MissingScope);
        assert_eq!(code(act(&desk.token("jane").await, &json!(boss)).await), Code::MissingScope);
        assert_eq!(pointers(&act(&token, &json!(Id::NIL)).await.unwrap_err()), ["/user_id"]);
        let gone = desk.user_of(desk.organization, "gone", "", UserStatus::Inactive).await;
        assert_eq!(code(act(&token, &json!(gone)).await), Code::InvalidState);

        let answer = act(&token, &json!(jane)).await.unwrap();
        assert_eq!(answer["expires_in"], 300);
        assert!(answer.get("refresh_token").is_none());
        let (kind, session, actor) = desk.events().await.pop().unwrap();
        assert_eq!((kind.as_str(), &actor), ("session.impersonated", &json!(boss)));
        assert_eq!((&session["impersonator_id"], &session["user_id"]), (&json!(boss), &json!(jane)));
        assert_eq!(session["impersonation_reason"], "Ticket 4711");

        let as_jane = text(&answer["access_token"]);
        assert_eq!(code(act(&as_jane, &json!(jane)).await), Code::NoPermission);
        desk.call(&as_jane, "teams.create", json!({"name": "Sms"})).await.unwrap();
        assert_eq!(desk.events().await.pop().unwrap().2, json!(jane), "the event names who is acted as");
        let mut conn = desk.app.db.read().await.unwrap();
        let organization = desk.organization;
        let entry: (String, Option<Id>) = run!(conn, |c| audit_entries::table
            .filter(audit_entries::organization_id.eq(organization))
            .order(audit_entries::id.desc())
            .select((audit_entries::method, audit_entries::impersonator_id))
            .first(c))
        .unwrap();
        assert_eq!(entry, ("teams.create".into(), Some(boss)), "the audit names both");
        drop(conn);
        assert!(desk.caller(&as_jane).await.is_ok());
        desk.call("", "auth.requestPasswordReset", json!({"email": desk.email("boss")})).await.unwrap();
        let args = json!({"token": token_in(&outbox(&desk).await[0]), "new_password": NEW});
        desk.call("", "auth.resetPassword", args).await.unwrap();
        assert_eq!(code(desk.caller(&as_jane).await), Code::TokenRevoked, "it was a session of his too");
        desk.pass(300);
        assert_eq!(code(desk.caller(&as_jane).await), Code::TokenExpired);
    });
}

/// What went to the outbox since the last time: the texts of the mails.
async fn outbox(desk: &Desk) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mailer = Mailer::outbox(folder.path(), "Desk <desk@example.com>").unwrap();
    send_due(&desk.app, &mailer).await.unwrap();
    let mut files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap().replace("\r\n", "\n"));
    texts.filter(|text| text.contains(&desk.organization.hex())).collect()
}

fn token_in(mail: &str) -> String {
    let start = mail.find("\"token\":\"").unwrap() + 9;
    mail[start..].split('"').next().unwrap().to_owned()
}

#[test]
fn a_forgotten_password_is_replaced_once() {
    on_each_database(async |desk: Desk| {
        let jane = desk.user("jane", "").await;
        desk.user("john", "").await;
        let session = desk.token("jane").await;
        let john = desk.token("john").await;
        let ask = async |name: &str| {
            let args = json!({"email": desk.email(name)});
            assert_eq!(desk.call("", "auth.requestPasswordReset", args).await.unwrap(), Value::Null);
        };
        let set = async |token: &str, password: &str| {
            desk.call("", "auth.resetPassword", json!({"token": token, "new_password": password})).await
        };
        ask("nobody").await;
        desk.user_of(desk.organization, "gone", "", UserStatus::Inactive).await;
        ask("gone").await;
        assert_eq!(outbox(&desk).await, Vec::<String>::new());
        ask("jane").await;
        ask("jane").await;
        let mails = outbox(&desk).await;
        assert_eq!(mails.len(), 1, "one mail a minute");
        let token = token_in(&mails[0]);
        assert!(token.starts_with("dd_reset_"));
        assert!(mails[0].contains(&format!("https://{}/reset?token={token}\n", desk.host())), "{}", mails[0]);
        assert!(mails[0].contains(&format!("POST https://{}/auth.resetPassword\n", desk.host())));
        desk.pass(61);
        ask("jane").await;
        let later = token_in(&outbox(&desk).await[0]);

        for weak in ["password1234", "short", &format!("{} jane", desk.email("jane"))] {
            assert_eq!(code(set(&token, weak).await), Code::WeakPassword, "{weak}");
        }
        assert_eq!(set(&token, NEW).await.unwrap(), Value::Null);
        for used in [&token, &later, "dd_reset_x"] {
            assert_eq!(code(set(used, NEW).await), Code::Expired);
        }
        assert_eq!(code(desk.caller(&session).await), Code::TokenRevoked, "all sessions end");
        assert!(desk.caller(&john).await.is_ok());
        let login = async |password: &str| {
            desk.call("", "auth.login", json!({"email": desk.email("jane"), "password": password})).await
        };
        assert_eq!(code(login(PASSWORD).await), Code::InvalidAuth);
        assert_eq!(login(NEW).await.unwrap()["user"]["version"], 2);
        let (kind, user, actor) = desk.events().await.remove(2);
        assert_eq!((kind.as_str(), &actor, &user["id"]), ("user.password_changed", &json!(jane), &json!(jane)));

        desk.pass(61);
        ask("jane").await;
        let token = token_in(&outbox(&desk).await[0]);
        desk.pass(4 * 3600);
        assert_eq!(code(set(&token, NEW).await), Code::Expired);
    });
}

#[test]
fn an_invitation_is_accepted_with_a_password() {
    on_each_database(async |desk: Desk| {
        let new = desk.user_of(desk.organization, "new", "", UserStatus::Invited).await;
        let server = crate::access::authenticate::server_itself(desk.organization);
        let ctx = Context::internal(desk.app.clone(), server, "test");
        let (tell, told) = std::sync::mpsc::channel();
        ctx.write(async move |tx| {
            let end = Some(tx.now().plus_seconds(60));
            tell.send(issue(tx, TokenKind::Invite, TokenPurpose::Invite, new, end).await?).unwrap();
            Ok(Void {})
        })
        .await
        .unwrap();
        let token = told.recv().unwrap();
        desk.call("", "auth.resetPassword", json!({"token": token, "new_password": NEW})).await.unwrap();
        let args = json!({"email": desk.email("new"), "password": NEW});
        assert_eq!(desk.call("", "auth.login", args).await.unwrap()["user"]["status"], "active");
    });
}

#[test]
fn a_reset_link_goes_nowhere_a_stranger_chose() {
    on_each_database(async |desk: Desk| {
        desk.user("jane", "").await;
        desk.write(async move |conn| {
            run!(conn, |c| diesel::delete(hostnames::table).execute(c)).unwrap();
        })
        .await;
        desk.call("", "auth.requestPasswordReset", json!({"email": desk.email("jane")})).await.unwrap();
        let mail = outbox(&desk).await.remove(0);
        assert!(!mail.contains("https://"), "{mail}");
        assert!(mail.contains("\nPOST /auth.resetPassword\n"), "{mail}");
    });
}

#[test]
fn everybody_learns_who_he_is() {
    on_each_database(async |desk: Desk| {
        let jane = desk.user("jane", "teams:read teams:write").await;
        let token = desk.token("jane").await;
        let team = desk.call(&token, "teams.create", json!({"name": "Sms", "user_ids": [jane]})).await.unwrap();
        let me = desk.call(&token, "auth.me", json!({})).await.unwrap();
        assert_eq!((&me["user"]["id"], &me["key"]), (&json!(jane), &Value::Null));
        assert_eq!(me["organization"], json!({"id": desk.organization, "name": "Acme"}));
        assert_eq!(me["role"]["id"], me["user"]["role_id"]);
        assert_eq!(me["scopes"], json!(["teams:read", "teams:write"]));
        assert_eq!(me["teams"], json!([team]));
        let args = json!({"name": "Export", "scopes": ["teams:read"]});
        let key = desk.call("*", "apiKeys.create", args).await.unwrap();
        let me = desk.call(&text(&key["secret"]), "auth.me", json!({})).await.unwrap();
        assert_eq!((&me["user"], &me["role"], &me["teams"]), (&Value::Null, &Value::Null, &json!([])));
        assert_eq!((&me["key"]["id"], &me["scopes"]), (&key["id"], &json!(["teams:read"])));
    });
}
