//! Organizations: the first one of an empty server, what is set in it, and its secrets.

use dotdesk::resources::account::organizations::bootstrap::{self, NewOrganization};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::organization::{self, PASSWORD};
use crate::support::{Api, on_both, text};

fn menlo(number: usize) -> Value {
    json!({
        "name": format!("Menlo {number}"),
        "owner": { "name": "Jane", "email": "Jane@menlo.test", "password": PASSWORD },
    })
}

async fn update(api: &Api, changes: Value) -> Value {
    api.admin().ok("organizations.update", changes).await
}

#[test]
fn of_six_who_set_up_a_server_at_once_one_owns_it() {
    on_both(async |api| {
        organization::remove_all(&api.app).await;
        let nobody = api.nobody();
        let all = join_all((0..6).map(|number| {
            let nobody = nobody.clone();
            async move { nobody.post("organizations.create", &menlo(number)).await }
        }));
        let (won, lost): (Vec<_>, Vec<_>) = all.await.into_iter().partition(|reply| reply.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 5));
        for reply in &lost {
            reply.refused(409, "already_exists");
        }
        let count = |table: &str, counts: &[(String, i64)]| counts.iter().find(|(name, _)| name == table).unwrap().1;
        let counts = api.row_counts().await;
        assert_eq!((count("organizations", &counts), count("users", &counts), count("roles", &counts)), (1, 1, 5));

        let created = &won[0].body;
        let owner = api.client(text(&created["access_token"]));
        let me = owner.ok("auth.me", json!({})).await;
        assert_eq!((&me["user"], &me["organization"]), (&created["user"], &created["organization"]));
        assert_eq!((&me["scopes"], &me["user"]["email"]), (&json!(["*"]), &json!("jane@menlo.test")));
        assert_eq!(me["role"]["name"], "owner");
        let slug = text(&created["organization"]["name"]).to_lowercase().replace(' ', "-");
        assert_eq!(created["organization"]["slug"], json!(slug));
        let refresh = json!({ "refresh_token": created["refresh_token"] });
        api.nobody().ok("auth.refresh", refresh).await;
        let login = json!({ "email": "jane@menlo.test", "password": PASSWORD });
        api.nobody().ok("auth.login", login).await;
    });
}

#[test]
fn a_server_is_set_up_by_good_arguments_and_once() {
    on_both(async |api| {
        api.nobody().post("organizations.create", &menlo(1)).await.refused(409, "already_exists");
        organization::remove_all(&api.app).await;
        let create = async |changes: Value| {
            let mut args = menlo(1);
            dotdesk::method::merge(&mut args, changes);
            api.nobody().post("organizations.create", &args).await
        };
        create(json!({ "slug": "Not a slug" })).await.wrong("/slug", "pattern");
        create(json!({ "owner": { "password": "menlo 1 jane" } })).await.refused(400, "weak_password");
        create(json!({ "owner": { "emial": "x" } })).await.wrong("/owner/emial", "unknown_field");
        create(json!({ "owner": { "email": null } })).await.wrong("/owner/email", "required");
        assert!(api.row_counts().await.iter().all(|(_, count)| *count == 0));
        assert_eq!(create(json!({ "slug": "menlo" })).await.body["organization"]["slug"], "menlo");
        create(json!({})).await.refused(409, "already_exists");
    });
}

#[test]
fn further_organizations_get_slugs_of_their_own() {
    on_both(async |api| {
        let mut slugs = Vec::new();
        for _ in 0..3 {
            let ctx = bootstrap::context(&api.app, "setup");
            let new = NewOrganization {
                name: "Acme".into(),
                slug: None,
                first_only: false,
                owner_name: "Jane".into(),
                owner_email: "jane@menlo.test".into(),
                owner_password_hash: None,
            };
            let made = ctx.write(async move |tx| bootstrap::create(tx, &new).await).await.unwrap();
            slugs.push(made.0.slug);
        }
        assert_eq!(slugs, ["acme-2", "acme-3", "acme-4"]);
    });
}

#[test]
fn what_is_left_out_stays_inside_groups_too() {
    on_both(async |api| {
        let admin = api.admin();
        let before = admin.ok("organizations.info", json!({})).await;
        let (same, events) = api.events_of(update(api, before.clone())).await;
        assert_eq!((same, events.len()), (before, 0), "what was read can be sent back");
        let changes = json!({
            "name": "Menlo", "website": "https://menlo.test", "currency": "usd", "settings": { "csat_enabled": true },
            "connectors": { "email": { "provider": "imap", "imap_port": 993 }, "api": { "username": "desk" } },
        });
        let (one, events) = api.events_of(update(api, changes)).await;
        assert_eq!((&one["version"], &one["currency"]), (&json!(2), &json!("USD")));
        let old: Vec<_> = events[0].previous.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(old, ["name", "website", "currency", "connectors", "settings"]);
        assert_eq!(admin.ok("auth.me", json!({})).await["organization"], one);

        let changes = json!({
            "website": null, "settings": { "reopen_window_hours": 1 },
            "connectors": { "email": { "imap_port": null, "smtp_use_ssl": false }, "api": null },
        });
        let two = update(api, changes).await;
        assert_eq!(
            (&two["settings"]["csat_enabled"], &two["settings"]["reopen_window_hours"]),
            (&json!(true), &json!(1))
        );
        let email = &two["connectors"]["email"];
        assert_eq!(
            (&email["provider"], &email["imap_port"], &email["smtp_use_ssl"]),
            (&json!("imap"), &Value::Null, &json!(false))
        );
        assert_eq!((&two["website"], &two["connectors"]["api"]["username"]), (&Value::Null, &Value::Null));
        assert_eq!(update(api, json!({ "settings": null })).await["settings"]["reopen_window_hours"], 72);
    });
}

#[test]
fn wrong_settings_are_named_by_their_place() {
    on_both(async |api| {
        let admin = api.admin();
        let wrong = async |changes: Value, pointer: &str, code: &str| {
            admin.post("organizations.update", &changes).await.wrong(pointer, code);
        };
        let unknown = json!(api.unknown_id());
        wrong(json!({ "default_models": { "chat": unknown } }), "/default_models/chat", "unknown_id").await;
        wrong(json!({ "default_team_id": unknown }), "/default_team_id", "unknown_id").await;
        wrong(json!({ "default_user_id": api.other.owner }), "/default_user_id", "unknown_id").await;
        wrong(json!({ "settings": { "reopen_window_hours": -1 } }), "/settings/reopen_window_hours", "too_small").await;
        wrong(json!({ "settings": { "nope": 1 } }), "/settings/nope", "unknown_field").await;
        wrong(json!({ "connectors": { "email": { "imap_port": 70000 } } }), "/connectors/email/imap_port", "too_large")
            .await;
        wrong(json!({ "slug": "zz" }), "/slug", "read_only").await;
        wrong(json!({ "timezone": "Mars/Olympus" }), "/timezone", "format").await;
        let other = json!({ "id": api.other.id, "name": "X" });
        admin.post("organizations.update", &other).await.refused(404, "organization_not_found");
        assert_eq!(admin.ok("organizations.info", json!({})).await["version"], 1);
    });
}

#[test]
fn a_host_name_belongs_to_one_organization() {
    on_both(async |api| {
        let names = json!({ "hostnames": ["A.acme.test", "b.acme.test", "a.acme.test"] });
        assert_eq!(update(api, names).await["hostnames"], json!(["a.acme.test", "b.acme.test"]));
        let theirs = json!({ "hostnames": ["x.other.test", "B.acme.test"] });
        let refused = api.stranger().post("organizations.update", &theirs).await;
        refused.refused(409, "already_exists");
        assert!(text(&refused.body["error"]["message"]).contains("b.acme.test"), "{}", refused.text);
        let info = api.stranger().ok("organizations.info", json!({})).await;
        assert_eq!((&info["hostnames"], &info["version"]), (&json!([]), &json!(1)));
        update(api, json!({ "hostnames": ["a.acme.test", "c.acme.test"] })).await;
        api.stranger().ok("organizations.update", theirs).await;
        let mut long = vec![json!("a.acme.test"); 21];
        api.admin()
            .post("organizations.update", &json!({ "hostnames": long }))
            .await
            .wrong("/hostnames", "too_many_items");
        long.pop();
        assert_eq!(update(api, json!({ "hostnames": long })).await["hostnames"], json!(["a.acme.test"]));
    });
}

#[test]
fn defaults_follow_what_becomes_of_them() {
    on_both(async |api| {
        let admin = api.admin();
        let one = admin.ok("teams.create", json!({ "name": "One" })).await;
        let two = admin.ok("teams.create", json!({ "name": "Two" })).await;
        update(api, json!({ "default_team_id": one["id"] })).await;
        let delete = json!({ "id": one["id"], "move_to_team_id": two["id"] });
        admin.ok("teams.delete", delete).await;
        assert_eq!(admin.ok("organizations.info", json!({})).await["default_team_id"], two["id"]);
        admin.ok("teams.delete", json!({ "id": two["id"] })).await;
        assert_eq!(admin.ok("organizations.info", json!({})).await["default_team_id"], Value::Null);
    });
}

#[test]
fn a_secret_is_set_and_seen_only_as_being_there() {
    on_both(async |api| {
        let admin = api.admin();
        let set = async |args: Value| admin.post("organizations.setSecret", &args).await;
        let value = "correct horse battery";
        let end = api.now().plus_seconds(3600);
        let args = json!({ "name": "smtp_password", "value": value, "expires_at": end });
        let (secret, events) = api.events_of(set(args)).await;
        let shown = json!({ "name": "smtp_password", "last4": "tery", "set_at": api.now(), "expires_at": end });
        assert_eq!(secret.body, shown);
        assert_eq!((events[0].kind.as_str(), &events[0].data), ("secret.updated", &shown));
        assert_eq!(admin.ok("organizations.listSecrets", json!({})).await["data"], json!([shown]));
        assert_eq!(set(json!({ "name": "imap_password", "value": "hunter2" })).await.body["last4"], Value::Null);
        assert_eq!(api.stranger().ok("organizations.listSecrets", json!({})).await["data"], json!([]));

        set(json!({ "name": "smtp_password" })).await.wrong("/value", "required");
        set(json!({ "name": "smtp_passwrd", "value": "x" })).await.refused(400, "invalid_arguments");
        let past = json!({ "name": "smtp_password", "value": "x", "expires_at": api.now() });
        set(past).await.wrong("/expires_at", "too_small");

        let gone = json!({ "name": "smtp_password", "value": null });
        assert_eq!(api.event_types_of(set(gone.clone())).await, ["secret.updated"]);
        assert_eq!(api.event_types_of(set(gone)).await, [""; 0], "it is gone already");
        let left = admin.ok("organizations.listSecrets", json!({})).await;
        assert_eq!(left["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_webhook_secret_is_shown_once_and_rotated() {
    on_both(async |api| {
        let admin = api.admin();
        let rotate = async |args: Value| admin.ok("organizations.rotateWebhookSecret", args).await;
        let (first, events) = api.events_of(rotate(json!({}))).await;
        assert!(
            text(&first["secret"]).starts_with("whsec_") && text(&first["secret"]).ends_with(text(&first["last4"]))
        );
        assert_eq!(events[0].data["last4"], first["last4"]);
        let second = rotate(json!({ "grace_seconds": 0 })).await;
        assert_ne!(second["secret"], first["secret"]);
        let listed = admin.ok("organizations.listSecrets", json!({})).await;
        assert_eq!(listed["data"][0]["last4"], second["last4"]);
        assert!(!listed.to_string().contains("whsec_"));
    });
}
