//! Contacts with a token of their own: who gets one, what it opens, and when it stops.

use dotdesk::method::Access;
use serde_json::{Value, json};

use crate::support::{Api, Client, on_both, organization};

const HOUR: i64 = 60 * 60;

async fn authenticate(api: &Api, body: Value) -> Value {
    api.admin().ok("contacts.authenticate", body).await
}

async fn jane(api: &Api) -> (Client, Value) {
    let answer = authenticate(api, json!({ "email": "jane@example.com", "name": "Jane" })).await;
    (api.client(answer["token"].as_str().unwrap()), answer["contact"].clone())
}

#[test]
fn who_is_vouched_for_is_verified_and_gets_a_token() {
    on_both(async |api| {
        let first = json!({
            "email": "Jane@Example.com", "phone": "+15550111", "external_id": "j1", "name": "Jane", "avatar_url": "https://example.com/j.png",
            "language": "nl", "metadata": { "plan": "pro" },
        });
        let (answer, events) = api.events_of(authenticate(api, first.clone())).await;
        let contact = &answer["contact"];
        assert_eq!((&answer["expires_in"], &contact["is_verified"]), (&json!(HOUR), &json!(true)));
        assert_eq!(
            (&contact["email"], &contact["external_id"], &contact["language"]),
            (&json!("jane@example.com"), &json!("j1"), &json!("nl"))
        );
        let verified = contact["identities"].as_array().unwrap().iter();
        assert!(verified.clone().all(|one| one["verified_at"] == json!(api.now())));
        assert_eq!((verified.count(), events.len(), events[0].kind.as_str()), (2, 1, "contact.created"));
        api.pass_seconds(10);
        let (again, events) =
            api.events_of(authenticate(api, json!({ "phone": "+1-555-0111", "metadata": { "plan": null } }))).await;
        assert_eq!((&again["contact"]["id"], &again["contact"]["metadata"]), (&contact["id"], &json!({})));
        assert_eq!(again["contact"]["last_seen_at"], json!(api.now()));
        assert_eq!((events.len(), events[0].kind.as_str()), (1, "contact.authenticated"));
        let known = api.admin().ok("contacts.create", json!({ "email": "john@example.com", "notes": "x" })).await;
        let john = authenticate(api, json!({ "email": "john@example.com", "external_id": "j2" })).await;
        assert_eq!((&john["contact"]["id"], &john["contact"]["notes"]), (&known["id"], &json!("x")));
        let both = json!({ "email": "john@example.com", "external_id": "j1" });
        let conflict = api.admin().post("contacts.authenticate", &both).await;
        conflict.refused(409, "merge_conflict");
        assert_eq!(conflict.body["error"]["ids"], json!([contact["id"], known["id"]]));
        api.admin().post("contacts.authenticate", &json!({ "name": "X" })).await.wrong("", "required");
    });
}

#[test]
fn a_token_opens_what_is_for_contacts_and_nothing_else() {
    on_both(async |api| {
        let (client, _) = jane(api).await;
        let before = api.row_counts().await;
        let closed: Vec<_> =
            api.registry.methods().iter().filter(|method| method.entry.access != Access::Public).collect();
        let (open, closed): (Vec<_>, Vec<_>) = closed.into_iter().partition(|method| method.entry.for_contacts);
        assert!(closed.len() > 100, "{}", closed.len());
        for method in closed {
            client.post(method.name(), &json!({})).await.refused(403, "no_permission");
        }
        assert_eq!(api.row_counts().await, before);
        for method in open {
            let reply = client.post(method.name(), &json!({})).await;
            assert!(!matches!(reply.code(), "no_permission" | "missing_scope" | "invalid_auth"), "{}", reply.text);
        }
        let listed = api.nobody().ok("api.methods", json!({})).await;
        let said: Vec<bool> =
            listed["data"].as_array().unwrap().iter().map(|one| one["for_contacts"].as_bool().unwrap()).collect();
        let meant: Vec<bool> = api.registry.methods().iter().map(|method| method.entry.for_contacts).collect();
        assert_eq!(said, meant);
    });
}

#[test]
fn a_contact_sees_their_own_conversations_alone() {
    on_both(async |api| {
        let admin = api.admin();
        let (client, jane) = jane(api).await;
        let john = admin.ok("contacts.create", json!({ "name": "John" })).await;
        let channel = json!({ "type": "api", "name": "Chat", "source": "acme.chat" });
        let channel = admin.ok("channels.create", channel).await;
        let open = async |contact: &Value| {
            let body = json!({ "contact_id": contact["id"], "channel_id": channel["id"] });
            admin.ok("conversations.create", body).await
        };
        let (own, other) = (open(&jane).await, open(&john).await);
        assert_eq!(client.ok("conversations.info", json!({ "id": own["id"] })).await["id"], own["id"]);
        let hidden = client.post("conversations.info", &json!({ "id": other["id"] })).await;
        hidden.refused(404, "conversation_not_found");
        let by_number = client.post("conversations.info", &json!({ "number": other["number"] })).await;
        by_number.refused(404, "conversation_not_found");
    });
}

#[test]
fn a_token_stops_with_its_hour_and_with_its_contact() {
    on_both(async |api| {
        let admin = api.admin();
        let (client, jane) = jane(api).await;
        let id = json!({ "id": jane["id"] });
        let call = async |client: &Client| client.post("conversations.info", &json!({ "id": api.unknown_id() })).await;
        call(&client).await.refused(404, "conversation_not_found");
        admin.ok("contacts.block", id.clone()).await;
        call(&client).await.refused(403, "contact_blocked");
        admin
            .post("contacts.authenticate", &json!({ "email": "jane@example.com" }))
            .await
            .refused(403, "contact_blocked");
        admin.ok("contacts.unblock", id.clone()).await;
        call(&client).await.refused(404, "conversation_not_found");
        admin.post("contacts.delete", &id).await;
        call(&client).await.refused(401, "token_revoked");
        admin.ok("contacts.restore", id.clone()).await;
        api.pass_seconds(HOUR - 1);
        call(&client).await.refused(404, "conversation_not_found");
        api.pass_seconds(1);
        call(&client).await.refused(401, "token_expired");
        let answer = authenticate(api, json!({ "email": "jane@example.com" })).await;
        let client = api.client(answer["token"].as_str().unwrap());
        let other = admin.ok("contacts.create", json!({ "name": "Other" })).await;
        let merge = json!({ "source_id": answer["contact"]["id"], "destination_id": other["id"] });
        admin.ok("contacts.merge", merge).await;
        call(&client).await.refused(401, "token_revoked");
    });
}

#[test]
fn tokens_stay_in_their_space_and_organization() {
    on_both(async |api| {
        let (client, _) = jane(api).await;
        let theirs = api.stranger().ok("contacts.authenticate", json!({ "email": "jane@example.com" })).await;
        let their_client = api.client(theirs["token"].as_str().unwrap());
        assert_ne!(theirs["contact"]["id"], json!(null));
        for client in [&client, &their_client] {
            let unknown = json!({ "id": api.unknown_id() });
            client.post("conversations.info", &unknown).await.refused(404, "conversation_not_found");
        }
        let read_only = organization::key_with(
            &api.app,
            &api.acme,
            [dotdesk::method::Scope::read(dotdesk::method::Area::Contacts)],
        )
        .await;
        let vouch = json!({ "email": "x@example.com" });
        api.client(&read_only).post("contacts.authenticate", &vouch).await.refused(403, "missing_scope");
        let mut forged: Vec<char> = theirs["token"].as_str().unwrap().chars().collect();
        let middle = forged.len() / 2;
        forged[middle] = if forged[middle] == 'A' { 'B' } else { 'A' };
        let forged: String = forged.into_iter().collect();
        api.client(&forged).post("conversations.info", &json!({})).await.refused(401, "invalid_auth");
    });
}
