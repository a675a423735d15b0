use serde_json::{Value, json};

use super::super::testing::{Desk, code, on_each_database, pointers, text};
use crate::access::user::UserStatus;
use crate::db::Id;
use crate::method::{Code, Credential};

#[test]
fn a_key_lets_a_program_in_until_it_is_deleted() {
    on_each_database(async |desk: Desk| {
        let boss = desk.user("boss", "keys:read keys:write teams:read").await;
        let token = desk.token("boss").await;
        let args = json!({
            "name": "Export", "scopes": ["teams:read"], "allowed_methods": ["teams.list"],
            "ip_allowlist": ["192.0.2.0/24"], "rate_limit_per_minute": 30,
        });
        let made = desk.call(&token, "apiKeys.create", args).await.unwrap();
        let secret = text(&made["secret"]);
        assert!(secret.starts_with("dd_live_"));
        assert!(
            secret.starts_with(made["prefix"].as_str().unwrap()) && secret.ends_with(made["last4"].as_str().unwrap())
        );
        assert_eq!(
            (&made["status"], &made["environment"], &made["created_by"]),
            (&json!("active"), &json!("live"), &json!(boss))
        );
        let caller = desk.caller(&secret).await.unwrap();
        let Credential::ApiKey(limits) = &caller.credential else { panic!("{caller:?}") };
        assert_eq!(
            (limits.allowed_methods.len(), limits.ip_allowlist.len(), limits.rate_limit_per_minute),
            (1, 1, Some(30))
        );
        assert_eq!((caller.user, caller.scopes.words()), (None, vec!["teams:read".to_owned()]));

        let id = json!({"id": made["id"]});
        let mut shown = made.clone();
        shown.as_object_mut().unwrap().shift_remove("secret");
        assert_eq!(desk.call(&token, "apiKeys.info", id.clone()).await.unwrap(), shown, "without the secret");
        assert_eq!(desk.call(&token, "apiKeys.list", json!({})).await.unwrap()["data"], json!([shown]));
        desk.call(&token, "apiKeys.delete", id.clone()).await.unwrap();
        assert_eq!(code(desk.caller(&secret).await), Code::TokenRevoked);
        assert_eq!(desk.call(&token, "apiKeys.info", id.clone()).await.unwrap()["status"], "revoked");
        desk.call(&token, "apiKeys.delete", id.clone()).await.unwrap();
        for (method, more) in [("apiKeys.update", json!({"name": "x"})), ("apiKeys.rotate", json!({}))] {
            let mut args = id.clone();
            crate::method::merge(&mut args, more);
            assert_eq!(code(desk.call(&token, method, args).await), Code::InvalidState, "{method}");
        }
        assert_eq!(code(desk.call(&token, "apiKeys.delete", json!({"id": Id::NIL})).await), Code::ApiKeyNotFound);
        let events = desk.events().await;
        assert_eq!(desk.event_types().await, ["session.created", "api_key.created", "api_key.revoked"]);
        assert!(events.iter().all(|(_, data, _)| data.get("secret").is_none()));
    });
}

#[test]
fn a_rotated_key_has_two_secrets_for_a_while() {
    on_each_database(async |desk: Desk| {
        let args = json!({"name": "Export", "environment": "test", "scopes": ["teams:read"]});
        let made = desk.call("*", "apiKeys.create", args).await.unwrap();
        let rotate = async |grace: Value| {
            let mut args = json!({"id": made["id"]});
            crate::method::merge(&mut args, json!({ "grace_seconds": grace }));
            text(&desk.call("*", "apiKeys.rotate", args).await.unwrap()["secret"])
        };
        let first = text(&made["secret"]);
        let second = rotate(json!(600)).await;
        assert!(second.starts_with("dd_test_"));
        assert!(desk.caller(&first).await.unwrap().is_test && desk.caller(&second).await.is_ok());
        desk.pass(300);
        let third = rotate(Value::Null).await;
        desk.pass(300);
        assert_eq!(code(desk.caller(&first).await), Code::TokenExpired, "the later rotation gave it no more time");
        assert!(desk.caller(&second).await.is_ok());
        let fourth = rotate(json!(0)).await;
        for ended in [&second, &third] {
            assert_eq!(code(desk.caller(ended).await), Code::TokenExpired);
        }
        assert!(desk.caller(&fourth).await.is_ok());
        assert_eq!(
            desk.event_types().await,
            ["api_key.created", "api_key.rotated", "api_key.rotated", "api_key.rotated"]
        );
    });
}

#[test]
fn a_key_is_changed_and_its_end_moved() {
    on_each_database(async |desk: Desk| {
        let end = desk.app.now().plus_seconds(60);
        let args = json!({"name": "Export", "scopes": ["teams:read"], "expires_at": end});
        let made = desk.call("*", "apiKeys.create", args).await.unwrap();
        let update = async |changes: Value| {
            let mut args = json!({"id": made["id"]});
            for (name, value) in changes.as_object().unwrap() {
                args[name] = value.clone();
            }
            desk.call("*", "apiKeys.update", args).await
        };
        let secret = text(&made["secret"]);
        assert!(desk.caller(&secret).await.is_ok());
        let changed = update(json!({"scopes": ["teams:write"], "rate_limit_per_minute": 5})).await.unwrap();
        assert_eq!((&changed["scopes"], &changed["rate_limit_per_minute"]), (&json!(["teams:write"]), &json!(5)));
        assert_eq!(desk.caller(&secret).await.unwrap().scopes.words(), ["teams:write"], "at once");
        update(json!({"scopes": ["teams:write"]})).await.unwrap();
        desk.pass(60);
        assert_eq!(code(desk.caller(&secret).await), Code::TokenExpired);
        assert_eq!(update(json!({"name": "Nightly"})).await.unwrap()["status"], "expired");
        assert_eq!(code(desk.call("*", "apiKeys.rotate", json!({"id": made["id"]})).await), Code::InvalidState);
        let error =
            update(json!({"expires_at": desk.app.now().plus_seconds(-1), "allowed_methods": ["teams.list", "no"]}))
                .await;
        assert_eq!(pointers(&error.unwrap_err()), ["/allowed_methods/1", "/expires_at"]);
        assert_eq!(update(json!({"expires_at": null})).await.unwrap()["status"], "active");
        assert!(desk.caller(&secret).await.is_ok());
        assert_eq!(desk.event_types().await.len(), 4, "what changes nothing is no event");
    });
}

#[test]
fn nobody_makes_a_key_that_reaches_further_than_he() {
    on_each_database(async |desk: Desk| {
        desk.user("boss", "keys:write teams:read").await;
        let owner = desk.user("owner", "*").await;
        let jane = desk.user_of(desk.organization, "jane", "teams:read", UserStatus::Inactive).await;
        let boss = desk.token("boss").await;
        let make = async |token: &str, more: Value| {
            let mut args = json!({"name": "Export", "scopes": ["teams:read"]});
            crate::method::merge(&mut args, more);
            desk.call(token, "apiKeys.create", args).await
        };
        let too_much = make(&boss, json!({"scopes": ["teams:read", "teams:write"]})).await.unwrap_err();
        assert_eq!((too_much.code(), &too_much.details()["needed"]), (Code::MissingScope, &json!("teams:write")));
        assert_eq!(code(make(&boss, json!({"act_as_user_id": owner})).await), Code::MissingScope);
        assert_eq!(pointers(&make(&boss, json!({"act_as_user_id": Id::NIL})).await.unwrap_err()), ["/act_as_user_id"]);
        let as_jane = make(&boss, json!({"act_as_user_id": jane})).await.unwrap();
        assert_eq!(code(desk.caller(&text(&as_jane["secret"])).await), Code::AccountInactive);

        let strong = make("*", json!({"scopes": ["*"]})).await.unwrap();
        let id = json!({"id": strong["id"]});
        assert_eq!(code(desk.call(&boss, "apiKeys.rotate", id.clone()).await), Code::MissingScope, "it would be his");
        let renamed = json!({"id": strong["id"], "name": "Mine"});
        assert_eq!(code(desk.call(&boss, "apiKeys.update", renamed).await), Code::MissingScope);
        let narrowed = json!({"id": strong["id"], "scopes": ["teams:read"]});
        assert!(desk.call(&boss, "apiKeys.update", narrowed).await.is_ok());

        let limited = json!({
            "scopes": ["keys:write", "teams:read"], "environment": "test",
            "allowed_methods": ["apiKeys.create", "teams.list"], "ip_allowlist": ["192.0.2.0/24"],
        });
        let limited = text(&make("*", limited).await.unwrap()["secret"]);
        let fits = json!({"environment": "test", "allowed_methods": ["teams.list"], "ip_allowlist": ["192.0.2.7"]});
        assert!(make(&limited, fits.clone()).await.is_ok());
        for wider in [
            json!({"environment": "live"}),
            json!({"allowed_methods": []}),
            json!({"allowed_methods": ["teams.list", "teams.info"]}),
            json!({"ip_allowlist": []}),
            json!({"ip_allowlist": ["192.0.2.7", "192.0.0.0/16"]}),
        ] {
            let mut args = fits.clone();
            crate::method::merge(&mut args, wider.clone());
            assert_eq!(code(make(&limited, args).await), Code::NoPermission, "{wider}");
        }
    });
}
