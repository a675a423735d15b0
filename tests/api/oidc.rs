//! Tokens of outside issuers: whose they are here, and that they are believed for no other reason than their signature.

use std::sync::Arc;

use dotdesk::access::oidc::{IssuerSettings, Issuers, JwksSource};
use dotdesk::db::Timestamp;
use dotdesk::method::Services;
use serde_json::{Value, json};

use crate::support::{Api, Setup, on_both_with, text};

/// Runs a test with a server that trusts the user pool of the vectors, at their time.
fn with_cognito<F: AsyncFn(&Api, &Value)>(test: F) {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/vendors-cognito.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let jwks = folder.path().join("jwks.json");
    std::fs::write(&jwks, vectors["jwks"].to_string()).unwrap();
    let words = |name: &str| serde_json::from_value::<Vec<String>>(vectors[name].clone()).unwrap();
    let settings = IssuerSettings {
        issuers: words("issuers"),
        client_ids: words("client_ids"),
        audiences: Vec::new(),
        accept_id_tokens: true,
        jwks: JwksSource::File(jwks),
        organization: Some("acme".into()),
    };
    let services = Arc::new(move |usual: Services| usual.with(Issuers::new(vec![settings.clone()]).unwrap()));
    let start = Timestamp::from_millis(vectors["now"].as_i64().unwrap() * 1000);
    on_both_with(Setup { start, services, ..Setup::default() }, async |api| test(api, &vectors).await);
}

fn case<'a>(vectors: &'a Value, id: &str) -> &'a str {
    let case = vectors["cases"].as_array().unwrap().iter().find(|case| case["id"] == id);
    text(&case.unwrap()["token"])
}

fn subject(vectors: &Value) -> &Value {
    &vectors["cases"][0]["claims"]["sub"]
}

#[test]
fn every_vector_is_answered_as_it_says() {
    with_cognito(async |api, vectors| {
        let agent = json!({ "id": api.acme.agent, "external_id": subject(vectors) });
        api.admin().ok("users.update", agent).await;
        for case in vectors["cases"].as_array().unwrap() {
            let reply = api.client(text(&case["token"])).post("auth.me", &json!({})).await;
            match text(&case["expect"]) {
                "ok" => assert_eq!(reply.body["user"]["id"], json!(api.acme.agent), "{}", case["id"]),
                // The server takes ID tokens here: its unit tests have the other setting.
                "bad-token-use" => assert_eq!(reply.status, 200, "{}", case["id"]),
                "expired" => drop(reply.refused(401, "token_expired")),
                _ => drop(reply.refused(401, "invalid_auth")),
            }
        }
    });
}

#[test]
fn the_user_is_the_one_with_the_subject_as_his_external_id() {
    with_cognito(async |api, vectors| {
        let admin = api.admin();
        let outside = api.client(case(vectors, "cognito-access-token"));
        let me = async || outside.post("auth.me", &json!({})).await;
        me().await.refused(401, "invalid_auth");
        let agent = |external: &Value| json!({ "id": api.acme.agent, "external_id": external });
        admin.ok("users.update", agent(subject(vectors))).await;
        let answer = me().await.body;
        assert_eq!(answer["user"]["id"], json!(api.acme.agent));
        assert_eq!(answer["scopes"], admin.ok("roles.info", json!({ "id": api.acme.agent_role })).await["permissions"]);
        outside.ok("teams.list", json!({})).await;
        outside.post("teams.create", &json!({ "name": "X" })).await.refused(403, "missing_scope");
        outside.post("auth.logout", &json!({})).await.refused(403, "no_permission");

        admin.ok("users.deactivate", json!({ "id": api.acme.agent })).await;
        me().await.refused(401, "account_inactive");
        admin.ok("users.activate", json!({ "id": api.acme.agent })).await;
        assert_eq!(me().await.status, 200);
        admin.ok("users.update", agent(&json!("somebody-else"))).await;
        me().await.refused(401, "invalid_auth");
        // The same subject in another organization is none of this issuer's business.
        let there = json!({ "id": api.other.agent, "external_id": subject(vectors) });
        api.stranger().ok("users.update", there).await;
        me().await.refused(401, "invalid_auth");
    });
}

#[test]
fn a_verified_address_counts_until_the_user_has_an_external_id() {
    with_cognito(async |api, vectors| {
        let admin = api.admin();
        let jane = json!({ "name": "Jane", "email": "Jane@example.com", "password": "correct horse battery staple" });
        let jane = admin.ok("users.create", jane).await;
        let outside = api.client(case(vectors, "cognito-id-token"));
        assert_eq!(outside.ok("users.me", json!({})).await["id"], jane["id"]);
        api.client(case(vectors, "cognito-access-token"))
            .post("users.me", &json!({}))
            .await
            .refused(401, "invalid_auth");
        // The address went to somebody else at the issuer; the account here did not.
        admin.ok("users.update", json!({ "id": jane["id"], "external_id": "the-former-jane" })).await;
        outside.post("users.me", &json!({})).await.refused(401, "invalid_auth");
        admin.ok("users.update", json!({ "id": jane["id"], "external_id": subject(vectors) })).await;
        assert_eq!(outside.ok("users.me", json!({})).await["id"], jane["id"]);
    });
}

#[test]
fn nobody_gives_himself_another_identity() {
    with_cognito(async |api, vectors| {
        let jane = api.person("Jane", &["users:read"]).await;
        let own = json!({ "id": jane.id, "external_id": subject(vectors) });
        let refused = jane.client.post("users.update", &own).await;
        assert_eq!(refused.refused(403, "missing_scope").body["error"]["needed"], "users:write");
        api.admin().ok("users.update", json!({ "id": api.acme.agent, "external_id": subject(vectors) })).await;
        api.admin().post("users.update", &own).await.refused(409, "already_exists");
    });
}
