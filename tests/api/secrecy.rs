//! What is secret stays so: it is shown once, and kept nowhere as it is.

use dotdesk::access::token::digest;
use dotdesk::method::idempotency;
use dotdesk::resources::account::users;
use serde_json::json;

use crate::support::organization::PASSWORD;
use crate::support::{on_both, text};

const SECRET: &str = "a secret that nobody must see";
const NEW: &str = "rolling quokka harvests nine umbrellas";

#[test]
fn no_secret_is_kept_as_it_is_or_comes_back() {
    on_both(async |api| {
        let admin = api.admin();
        let jane = json!({ "name": "Jane", "email": "jane@acme.test", "password": PASSWORD });
        let with_key = admin.with("idempotency-key", "one");
        let id = with_key.ok("users.create", jane.clone()).await["id"].clone();
        let login = api.log_in("jane@acme.test").await;
        let client = api.client(text(&login["access_token"]));
        let next = json!({ "refresh_token": login["refresh_token"] });
        let next = api.nobody().ok("auth.refresh", next).await;
        let changed = json!({ "current_password": PASSWORD, "new_password": NEW });
        client.with("idempotency-key", "two").ok("users.changePassword", changed).await;
        let impersonate = json!({ "user_id": id, "reason": "Ticket 4711" });
        let impersonation = admin.ok("auth.impersonate", impersonate).await;
        let key = json!({ "name": "Export", "scopes": ["teams:read"] });
        let key = admin.with("idempotency-key", "three").ok("apiKeys.create", key).await;
        let rotated = admin.ok("apiKeys.rotate", json!({ "id": key["id"] })).await;
        let secret = json!({ "name": "smtp_password", "value": SECRET });
        admin.with("idempotency-key", "four").ok("organizations.setSecret", secret).await;
        let webhook = admin.ok("organizations.rotateWebhookSecret", json!({})).await;
        let second = admin.with("idempotency-key", "five").ok("organizations.rotateWebhookSecret", json!({})).await;
        let invited = json!({ "name": "Bob", "email": "bob@acme.test" });
        admin.ok("users.create", invited).await;
        api.nobody().ok("auth.requestPasswordReset", json!({ "email": "jane@acme.test" })).await;

        // While the mails wait to be sent, their tokens are in the database, sealed.
        let stored = api.stored().await;
        let mails = api.mail().await.concat();
        let sent = |kind: &str| mails[mails.find(kind).unwrap()..].split('"').next().unwrap().to_owned();
        let (invite, reset) = (sent("dd_invite_"), sent("dd_reset_").lines().next().unwrap().to_owned());

        assert!(stored.holds("jane@acme.test") && stored.holds("Ticket 4711"), "what is not secret is found");
        assert!(stored.holds_bytes(&digest(text(&key["secret"]))), "and so are bytes");
        assert!(stored.holds_bytes(&digest(&invite)) && stored.holds_bytes(&digest(&reset)));
        for token in [&login["access_token"], &next["access_token"], &impersonation["access_token"]] {
            let signature = text(token).rsplit('.').next().unwrap();
            assert!(!stored.holds(signature), "an access token");
        }
        for secret in [
            PASSWORD,
            NEW,
            SECRET,
            &api.acme.key,
            &invite,
            &reset,
            text(&key["secret"]),
            text(&rotated["secret"]),
            text(&webhook["secret"]),
            text(&second["secret"]),
            text(&login["refresh_token"]),
            text(&next["refresh_token"]),
        ] {
            assert!(!stored.holds(secret), "{secret}");
            // Of tokens not even the part that is left when one knows how they are made.
            assert!(!stored.holds(secret.rsplit('_').nth(1).unwrap_or(secret)), "{secret}");
        }
        // A digest of a password that is quick to make is as good as the password, to one who can guess it.
        let args: users::Create = serde_json::from_value(jane).unwrap();
        let fingerprint = idempotency::fingerprint("users.create", &args).unwrap();
        assert!(!stored.holds_bytes(&fingerprint));

        for (method, args) in [
            ("apiKeys.info", json!({ "id": key["id"] })),
            ("apiKeys.list", json!({})),
            ("users.info", json!({ "id": id })),
            ("users.list", json!({})),
            ("organizations.info", json!({})),
            ("organizations.listSecrets", json!({})),
            ("auth.listSessions", json!({ "user_id": id })),
            ("auth.me", json!({})),
        ] {
            let answer = admin.post(method, &args).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            for secret in [PASSWORD, NEW, SECRET, text(&rotated["secret"]), text(&second["secret"]), "argon2", "digest"]
            {
                assert!(!answer.text.contains(secret), "{method}: {}", answer.text);
            }
        }
    });
}
