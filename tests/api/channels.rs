//! Channels: the two types that need no provider, custom sources, and the default ones.

use dotdesk::access::authenticate::server_itself;
use dotdesk::method::Context;
use dotdesk::resources::channels::channels::{Channel, ChannelType, store};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Api, on_both};

async fn channel(api: &Api, more: Value) -> Value {
    let mut args = json!({ "type": "api", "name": "SMS" });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    api.admin().ok("channels.create", args).await
}

#[test]
fn a_source_is_the_type_unless_it_is_named() {
    on_both(async |api| {
        let admin = api.admin();
        assert_eq!(channel(api, json!({})).await["source"], "api");
        assert_eq!(channel(api, json!({ "source": "Twilio.SMS" })).await["source"], "twilio.sms");
        assert_eq!(channel(api, json!({ "type": "internal" })).await["source"], "internal");
        let internal = json!({ "type": "internal", "name": "X", "source": "acme.sms" });
        admin.post("channels.create", &internal).await.wrong("/source", "not_allowed");
        let spaced = json!({ "type": "api", "name": "X", "source": "acme sms" });
        admin.post("channels.create", &spaced).await.wrong("/source", "format");
        let whatsapp = admin.post("channels.create", &json!({ "type": "whatsapp", "name": "X" })).await;
        whatsapp.wrong("/type", "enum");
        assert_eq!(whatsapp.body["error"]["errors"][0]["allowed"], json!(["api", "internal"]));

        let of = async |filter: Value| admin.ok("channels.list", filter).await["data"].as_array().unwrap().len();
        assert_eq!(of(json!({ "type": "api" })).await, 2);
        assert_eq!(of(json!({ "source": "twilio.sms" })).await, 1);
        assert_eq!(of(json!({ "source": "twilio.sms", "type": "internal" })).await, 0);
        assert_eq!(of(json!({ "is_active": false })).await, 0);
        assert_eq!(of(json!({})).await, 3);
    });
}

#[test]
fn the_id_at_the_source_is_unique_until_it_is_free_again() {
    on_both(async |api| {
        let admin = api.admin();
        let number = json!({ "source": "twilio.sms", "source_channel_id": "+4930123456" });
        let first = channel(api, number.clone()).await;
        let again = json!({ "type": "api", "name": "X", "source": "twilio.sms", "source_channel_id": "+4930123456" });
        let before = api.row_counts().await;
        admin.post("channels.create", &again).await.refused(409, "already_exists");
        assert_eq!(api.row_counts().await, before);
        channel(api, json!({ "source": "twilio.whatsapp", "source_channel_id": "+4930123456" })).await;
        api.stranger().ok("channels.create", again.clone()).await;

        admin.ok("channels.delete", json!({ "id": first["id"] })).await;
        admin.post("channels.info", &json!({ "id": first["id"] })).await.refused(404, "channel_not_found");
        admin.post("channels.update", &json!({ "id": first["id"] })).await.refused(404, "channel_not_found");
        admin.post("channels.delete", &json!({ "id": first["id"] })).await.refused(404, "channel_not_found");
        admin.ok("channels.create", again).await;
    });
}

#[test]
fn what_is_changed_is_merged_and_told() {
    on_both(async |api| {
        let admin = api.admin();
        let types = json!(["IMAGE/*", "application/pdf"]);
        let made = channel(api, json!({ "metadata": { "a": 1, "b": 2 }, "allowed_file_types": types })).await;
        assert_eq!(made["allowed_file_types"], json!(["image/*", "application/pdf"]));
        let parsed: Channel = serde_json::from_value({
            let mut made = made.clone();
            made["organization_id"] = json!(api.acme.id);
            made
        })
        .unwrap();
        assert!(parsed.allows("image/png") && parsed.allows("application/pdf") && !parsed.allows("text/plain"));

        let update = json!({ "id": made["id"], "metadata": { "a": null, "c": 3 }, "is_active": false });
        let (changed, events) = api.events_of(admin.post("channels.update", &update)).await;
        assert_eq!(changed.body["metadata"], json!({ "b": 2, "c": 3 }));
        assert_eq!((changed.body["version"].clone(), events.len()), (json!(2), 1));
        assert_eq!(events[0].previous, json!({ "metadata": { "a": 1, "b": 2 }, "is_active": true }));
        let (same, events) = api.events_of(admin.post("channels.update", &update)).await;
        assert_eq!((same.body["version"].clone(), events.len()), (json!(2), 0));
        assert_eq!(admin.ok("channels.list", json!({ "is_active": false })).await["data"], json!([changed.body]));
        let large = json!({ "id": made["id"], "metadata": { "x": "x".repeat(16_380) } });
        assert_eq!(admin.post("channels.update", &large).await.status, 400);
    });
}

#[test]
fn a_channel_follows_its_team() {
    on_both(async |api| {
        let admin = api.admin();
        let team = async |name: &str| admin.ok("teams.create", json!({ "name": name })).await["id"].clone();
        let (sms, heir) = (team("SMS").await, team("Heir").await);
        let unknown = json!({ "type": "api", "name": "X", "default_team_id": api.unknown_id() });
        admin.post("channels.create", &unknown).await.wrong("/default_team_id", "unknown_id");
        let made = channel(api, json!({ "default_team_id": sms })).await;
        let delete = json!({ "id": sms, "move_to_team_id": heir });
        let (_, events) = api.events_of(admin.post("teams.delete", &delete)).await;
        assert_eq!(events.last().unwrap().kind, "channel.updated");
        let info = async || admin.ok("channels.info", json!({ "id": made["id"] })).await;
        assert_eq!(info().await["default_team_id"], heir);
        admin.ok("teams.delete", json!({ "id": heir })).await;
        assert_eq!(info().await["default_team_id"], Value::Null);
        assert_eq!(info().await["version"], 3);
    });
}

#[test]
fn the_default_channel_of_a_type_is_made_once() {
    on_both(async |api| {
        let default_of = |type_| {
            let ctx = Context::internal(api.app.clone(), server_itself(api.acme.id), "conversations.create");
            async move { ctx.write(async move |tx| store::default_of(tx, type_).await).await.unwrap() }
        };
        for type_ in [ChannelType::Api, ChannelType::Internal] {
            let all = join_all((0..20).map(|_| default_of(type_))).await;
            assert!(all.iter().all(|channel| channel.id == all[0].id && channel.default_for == Some(type_)));
        }
        let admin = api.admin();
        let listed = admin.ok("channels.list", json!({})).await;
        assert_eq!(listed["data"].as_array().unwrap().len(), 2);
        let created = api.events().await.into_iter().filter(|event| event.kind == "channel.created").count();
        assert_eq!(created, 2, "each is announced once");

        let first = listed["data"][0]["id"].clone();
        admin.ok("channels.delete", json!({ "id": first })).await;
        let next = default_of(ChannelType::Api).await;
        assert_ne!(json!(next.id), first, "what is deleted is not used again");
    });
}
