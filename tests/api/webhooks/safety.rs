//! The server keeps out of its own network.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dotdesk::providers::guard::{self, Lookup};
use dotdesk::providers::post::Post;
use serde_json::json;

use super::receiver::Receiver;
use crate::support::server::{RECEIVER, Setup};
use crate::support::{on_both, on_both_with};

/// A server as it is unless somebody allows more.
fn strict(lookup: Lookup) -> Setup {
    let services: Arc<dyn Fn(dotdesk::method::Services) -> dotdesk::method::Services> =
        Arc::new(move |usual| usual.with(Post::with(false, RECEIVER, lookup.clone()).unwrap()));
    Setup { services, ..Setup::default() }
}

#[test]
fn addresses_in_private_networks_are_refused_in_every_spelling() {
    on_both_with(strict(guard::system_lookup()), async |api| {
        let admin = api.admin();
        let webhook = json!({ "url": "https://hooks.example.com/x", "verify": false });
        let webhook = admin.ok("webhooks.create", webhook).await;
        let before = api.row_counts().await;
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a00:1]/",
            "https://10.1.2.3/",
            "https://192.168.0.1:8443/",
            "https://169.254.169.254/latest/meta-data/",
            "https://localhost/",
            "https://Hooks.LocalHost./",
            "http://hooks.example.com/",
            "https://user:password@hooks.example.com/",
        ] {
            for verify in [false, true] {
                let args = json!({ "url": url, "verify": verify });
                admin.post("webhooks.create", &args).await.refused(400, "unsafe_url");
            }
            let args = json!({ "id": webhook["id"], "url": url });
            admin.post("webhooks.update", &args).await.refused(400, "unsafe_url");
        }
        for url in ["ftp://example.com/", "javascript:alert(1)", "/hook", "https://"] {
            admin.post("webhooks.create", &json!({ "url": url })).await.wrong("/url", "format");
        }
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn a_name_that_turns_out_to_be_private_is_a_failed_delivery() {
    let is_private = Arc::new(AtomicBool::new(false));
    let seen = is_private.clone();
    let lookup: Lookup = Arc::new(move |_| {
        let ip: IpAddr = if seen.load(Ordering::Relaxed) { "127.0.0.1" } else { "192.0.2.1" }.parse().unwrap();
        Box::pin(async move { Ok(vec![ip]) })
    });
    on_both_with(strict(lookup), async |api| {
        is_private.store(true, Ordering::Relaxed);
        let receiver = Receiver::start();
        let port = receiver.url.rsplit(':').next().unwrap().split('/').next().unwrap();
        let url = format!("https://rebound.example.com:{port}/");
        let admin = api.admin();
        // Where the ping would go shows at once.
        admin.post("webhooks.create", &json!({ "url": url })).await.refused(400, "unsafe_url");
        let webhook = admin.ok("webhooks.create", json!({ "url": url, "verify": false, "events": ["team.*"] })).await;
        api.new_team("Blue").await;
        api.deliver().await;
        let [delivery] = &api.deliveries(&webhook).await[..] else { panic!() };
        assert_eq!(delivery["status"], "retrying");
        assert!(delivery["attempts"][0]["error"].as_str().unwrap().starts_with("unsafe_url"), "{delivery}");
        assert_eq!((receiver.connections(), receiver.got().len()), (0, 0), "it was dialled");
    });
}

#[test]
fn redirects_are_not_followed() {
    on_both(async |api| {
        let target = Receiver::start();
        let location: &'static str = format!("Location: {}\r\n", target.url).leak();
        let receiver = Receiver::answering(move |_| super::receiver::Reply::With(307, location, ""));
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"] })).await;
        api.new_team("Blue").await;
        api.deliver().await;
        let [delivery] = &api.deliveries(&webhook).await[..] else { panic!() };
        let attempt = &delivery["attempts"][0];
        assert_eq!((&delivery["status"], &attempt["status_code"]), (&json!("retrying"), &json!(307)));
        assert!(attempt["error"].as_str().unwrap().contains("redirects"));
        assert_eq!((receiver.got().len(), target.got().len()), (1, 0));
    });
}

#[test]
fn nobody_gets_what_they_may_not_read_by_having_it_sent() {
    on_both(async |api| {
        let admin = api.admin();
        let key = |scopes: serde_json::Value| json!({ "name": "Narrow", "scopes": scopes });
        let narrow = admin.ok("apiKeys.create", key(json!(["webhooks:write", "webhooks:read", "teams:read"]))).await;
        let narrow = api.client(narrow["secret"].as_str().unwrap());
        let receiver = Receiver::start();
        let create = |events| json!({ "url": receiver.url, "events": events, "verify": false });
        let refused = narrow.post("webhooks.create", &create(json!(["team.*", "contact.created"]))).await;
        refused.refused(403, "missing_scope");
        assert_eq!(refused.body["error"]["needed"], "contacts:read");
        narrow.post("webhooks.create", &create(json!([]))).await.refused(403, "missing_scope");
        let teams = narrow.ok("webhooks.create", create(json!(["team.*"]))).await;
        let more = json!({ "id": teams["id"], "events": ["contact.*"] });
        narrow.post("webhooks.update", &more).await.refused(403, "missing_scope");
        // Neither by having somebody else's webhook send elsewhere, nor by looking at what it has sent.
        let contacts = admin.ok("webhooks.create", create(json!(["contact.*"]))).await;
        let elsewhere = json!({ "id": contacts["id"], "url": "http://127.0.0.1:9/" });
        narrow.post("webhooks.update", &elsewhere).await.refused(403, "missing_scope");
        narrow.ok("webhooks.update", json!({ "id": contacts["id"], "name": "Contacts" })).await;
        admin.ok("contacts.create", json!({ "name": "Jane" })).await;
        api.deliver().await;
        let delivery = json!({ "delivery_id": api.deliveries(&contacts).await[0]["id"] });
        assert_eq!(admin.ok("webhooks.deliveryInfo", delivery.clone()).await["payload"]["data"]["name"], "Jane");
        assert!(narrow.ok("webhooks.deliveryInfo", delivery).await["payload"].is_null());
        // What somebody keeps for themselves is sent nowhere.
        receiver.take();
        admin.ok("webhooks.create", create(json!(["view.*"]))).await;
        for visibility in ["private", "organization"] {
            let view = json!({ "name": visibility, "object": "conversation", "query": "status:open", "visibility": visibility });
            admin.ok("views.create", view).await;
        }
        api.deliver().await;
        assert_eq!(super::names(&receiver.take()), ["organization"]);
    });
}
