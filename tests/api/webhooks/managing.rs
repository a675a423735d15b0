//! Creating, changing and looking at webhooks.

use serde_json::{Value, json};

use super::receiver::{OK, Receiver, Reply};
use crate::support::on_both;

#[test]
fn a_new_webhook_is_pinged_and_its_secret_is_shown_once() {
    on_both(async |api| {
        let admin = api.admin();
        let receiver = Receiver::start();
        let args = json!({ "url": receiver.url, "events": ["team.*"], "description": "Teams" });
        let (created, events) = api.events_of(admin.ok("webhooks.create", args)).await;
        assert_eq!((events.len(), events[0].kind.as_str()), (1, "webhook.created"));
        let secret = created["secret"].as_str().unwrap();
        assert!(secret.starts_with("whsec_") && secret.len() == 38);
        assert_eq!(created["signing_secret"], created["secret"]);

        let pings = receiver.take();
        let [ping] = &pings[..] else { panic!("{pings:?}") };
        ping.verify(&created["secret"], api.now()).unwrap();
        assert_eq!(ping.line, "POST /hook?a=1 HTTP/1.1");
        assert_eq!(ping.header("content-type"), "application/json");
        assert_eq!(ping.header("user-agent"), concat!("dotdesk/", env!("CARGO_PKG_VERSION")));
        assert_eq!(ping.header("webhook-timestamp"), api.now().seconds().to_string());
        let body = ping.json();
        assert_eq!((&body["type"], &body["seq"]), (&json!("webhook.ping"), &json!(0)));
        assert_eq!((&body["id"], &body["data"]["id"]), (&json!(ping.header("webhook-id")), &created["id"]));
        assert!(!String::from_utf8_lossy(&ping.body).contains(secret));

        let shown = api.webhook_now(&created).await;
        let mut expected = created.clone();
        for name in ["secret", "signing_secret"] {
            expected.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(shown, expected);
        assert_eq!(shown["status"], "active");
        assert_eq!(admin.ok("webhooks.list", json!({})).await["data"], json!([shown]));
        assert_eq!(admin.ok("webhooks.list", json!({ "status": "paused" })).await["data"], json!([]));
        assert_eq!(api.stranger().ok("webhooks.list", json!({})).await["data"], json!([]));
    });
}

#[test]
fn a_receiver_that_does_not_answer_the_ping_gets_no_webhook() {
    on_both(async |api| {
        let admin = api.admin();
        for reply in
            [Reply::With(500, "", "no"), Reply::With(301, "Location: http://127.0.0.1:1/\r\n", ""), Reply::Close]
        {
            let receiver = Receiver::answering(move |_| reply.clone());
            let before = api.row_counts().await;
            let refused = admin.post("webhooks.create", &json!({ "url": receiver.url })).await;
            refused.refused(502, "provider_error");
            assert_eq!(api.row_counts().await, before);
            assert!(!receiver.got().is_empty());
        }
        let nobody = json!({ "url": "http://127.0.0.1:9/" });
        admin.post("webhooks.create", &nobody).await.refused(502, "provider_error");
        // What was answered once is answered again, whatever the receiver says by then.
        let receiver = Receiver::start();
        let keyed = admin.with("idempotency-key", "once");
        let first = keyed.post("webhooks.create", &json!({ "url": receiver.url })).await;
        receiver.answer(|_| Reply::With(500, "", ""));
        let second = keyed.post("webhooks.create", &json!({ "url": receiver.url })).await;
        assert_eq!((first.status, &first.text), (200, &second.text));
        assert_eq!(receiver.got().len(), 1);
    });
}

#[test]
fn a_secret_may_be_brought_along_and_replaced() {
    on_both(async |api| {
        let admin = api.admin();
        let receiver = Receiver::start();
        let own = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        for bad in ["whsec_", "whsec_AAEC", "whsec_!", "x"] {
            let args = json!({ "url": receiver.url, "signing_secret": bad });
            admin.post("webhooks.create", &args).await.wrong("/signing_secret", "format");
        }
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"], "signing_secret": own })).await;
        assert_eq!(webhook["secret"], own);
        let rotate = json!({ "id": webhook["id"], "grace_seconds": 3600 });
        let (rotated, events) = api.events_of(admin.ok("webhooks.rotateSecret", rotate)).await;
        assert_eq!((events.len(), events[0].kind.as_str()), (1, "webhook.updated"));
        assert_eq!(rotated["version"], 2);

        api.new_team("Both").await;
        api.deliver().await;
        api.pass_seconds(3601);
        api.new_team("New").await;
        api.deliver().await;
        let got = receiver.take();
        assert_eq!(got.len(), 2);
        let then = api.now().plus_seconds(-3601);
        assert_eq!(got[0].header("webhook-signature").split(' ').count(), 2);
        assert!(got[0].verify(&webhook["secret"], then).is_ok() && got[0].verify(&rotated["secret"], then).is_ok());
        assert_eq!(got[1].header("webhook-signature").split(' ').count(), 1);
        assert!(got[1].verify(&webhook["secret"], api.now()).is_err());
        got[1].verify(&rotated["secret"], api.now()).unwrap();

        let at_once = admin.ok("webhooks.rotateSecret", json!({ "id": webhook["id"], "grace_seconds": 0 })).await;
        api.new_team("Last").await;
        api.deliver().await;
        let got = receiver.take();
        assert!(got[0].verify(&rotated["secret"], api.now()).is_err());
        got[0].verify(&at_once["secret"], api.now()).unwrap();
    });
}

#[test]
fn what_is_secret_is_neither_shown_nor_stored_as_it_is() {
    on_both(async |api| {
        let admin = api.admin().with("idempotency-key", "one");
        let receiver = Receiver::start();
        let (header, token) = ("a header that nobody must see", "T0123456789/B0123456789/abcdefghijklmnopqrstwXyZ");
        let url = format!("{}/services/{token}", receiver.url.split("/hook").next().unwrap());
        let args = json!({ "url": url, "format": "slack", "headers": { "X-Token": header }, "events": ["team.*"] });
        let created = admin.ok("webhooks.create", args).await;
        let origin = receiver.url.split("/hook").next().unwrap();
        assert_eq!(created["url"], format!("{origin}/…wXyZ"));
        assert_eq!(created["headers"], json!({ "x-token": "[hidden]" }));
        let rotated = api
            .admin()
            .with("idempotency-key", "two")
            .ok("webhooks.rotateSecret", json!({ "id": created["id"] }))
            .await;
        api.admin().ok("webhooks.test", json!({ "id": created["id"] })).await;
        api.new_team("Blue").await;
        api.deliver().await;

        // As it is shown it can be sent back, and nothing changes.
        let mut echo = api.webhook_now(&created).await;
        let (same, events) = api.events_of(api.admin().ok("webhooks.update", echo.clone())).await;
        assert_eq!((&same, events.len()), (&echo, 0));
        echo["name"] = "Desk".into();
        let changed = api.admin().ok("webhooks.update", echo).await;
        assert_eq!((&changed["name"], &changed["version"]), (&json!("Desk"), &json!(3)));
        api.new_team("Red").await;
        api.deliver().await;
        let got = receiver.got();
        assert_eq!(got.len(), 4, "{got:?}");
        for received in got {
            assert!(received.line.contains(token) && received.header("x-token") == header);
        }
        // Nobody learns the address by having it shown in another format.
        let other = json!({ "id": created["id"], "format": "standard" });
        api.admin().post("webhooks.update", &other).await.wrong("/url", "required");

        let stored = api.stored().await;
        assert!(stored.holds("Desk") && stored.holds("/…wXyZ"), "what is not secret is found");
        for secret in [header, token, created["secret"].as_str().unwrap(), rotated["secret"].as_str().unwrap()] {
            assert!(!stored.holds(secret) && !stored.holds(secret.trim_start_matches("whsec_")), "{secret}");
        }
        for (method, args) in [
            ("webhooks.info", json!({ "id": created["id"] })),
            ("webhooks.list", json!({})),
            ("webhooks.listDeliveries", json!({ "id": created["id"] })),
            ("events.list", json!({ "after": "0" })),
        ] {
            let answer = api.admin().post(method, &args).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            for secret in [header, token, "whsec_"] {
                assert!(!answer.text.contains(secret), "{method}: {}", answer.text);
            }
        }
    });
}

#[test]
fn headers_are_sent_along_but_not_those_of_the_server() {
    on_both(async |api| {
        let admin = api.admin();
        let receiver = Receiver::start();
        for name in ["Host", "webhook-id", "Content-Length", "Transfer-Encoding"] {
            let args = json!({ "url": receiver.url, "headers": { name: "x" } });
            admin.post("webhooks.create", &args).await.wrong(&format!("/headers/{name}"), "not_allowed");
        }
        let headers = json!({ "X-One": "1", "X-Two": "2" });
        let webhook = api.webhook(&receiver, json!({ "events": ["team.*"], "headers": headers })).await;
        let headers = json!({ "x-one": null, "X-Two": "[hidden]", "X-Three": "3" });
        let changed = admin.ok("webhooks.update", json!({ "id": webhook["id"], "headers": headers })).await;
        assert_eq!(changed["headers"], json!({ "x-three": "[hidden]", "x-two": "[hidden]" }));
        api.new_team("Blue").await;
        api.deliver().await;
        let got = receiver.take();
        let sent: Vec<&str> = ["x-one", "x-two", "x-three"].iter().map(|name| got[0].header(name)).collect();
        assert_eq!(sent, ["", "2", "3"]);
        let bad = json!({ "id": webhook["id"], "headers": { "a b": "x" } });
        admin.post("webhooks.update", &bad).await.wrong("/headers/a b", "pattern");
    });
}

#[test]
fn only_what_can_happen_can_be_asked_for() {
    on_both(async |api| {
        let admin = api.admin();
        let create = async |more: Value| {
            let mut args = json!({ "url": "http://127.0.0.1:9/", "verify": false });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            admin.post("webhooks.create", &args).await
        };
        let typo = create(json!({ "events": ["team.*", "team.create", "taem.*"] })).await;
        typo.refused(400, "invalid_arguments");
        let problems = typo.problems();
        assert_eq!(problems, [("/events/1".into(), "enum".into()), ("/events/2".into(), "enum".into())]);
        assert_eq!(typo.body["error"]["errors"][0]["suggestions"][0], "team.created");
        assert!(!create(json!({ "events": ["team"] })).await.problems().is_empty());
        for (query, says) in [
            (json!({ "conversations": "status:" }), "column"),
            (json!({ "conversations": "no_such:x" }), "no_such"),
            (json!({ "conversations": "assigned_to_user_id:me" }), "me"),
            (json!({ "conversations": "contact.email:*@example.com" }), "contact.email"),
            (json!({ "contacts": "company.name:Acme" }), "company.name"),
            (json!({ "companies": "name:(" }), "column"),
        ] {
            let refused = create(json!({ "query": query })).await;
            refused.refused(400, "invalid_query");
            assert!(refused.text.contains(says), "{query}: {}", refused.text);
        }
        for query in [
            json!({ "conversations": "status:open AND tags:vip AND metadata.a.b:c AND last_message_at:[now-1d TO now]" }),
            json!({ "contacts": "email_domain:example.com OR identity.type:whatsapp OR custom_fields.a:b" }),
            json!({ "companies": "is_customer:true AND domains:acme.com AND deal_value:[100 TO *]" }),
        ] {
            let created = create(json!({ "query": query })).await;
            assert_eq!((created.status, &created.body["query"]), (200, &query), "{}", created.text);
        }
    });
}

#[test]
fn every_type_of_events_has_a_schema_and_a_sample_that_can_be_sent() {
    on_both(async |api| {
        let admin = api.admin();
        let receiver = Receiver::start();
        let webhook = api.webhook(&receiver, json!({})).await;
        let types = admin.ok("webhooks.listEventTypes", json!({})).await["data"].as_array().unwrap().clone();
        assert!(types.len() > 90, "{}", types.len());
        for kind in &types {
            let (name, sample) = (kind["type"].as_str().unwrap(), &kind["sample"]);
            assert_eq!(sample["type"], name);
            assert_eq!(kind["schema"]["properties"]["type"]["const"], name);
            assert!(kind["description"].as_str().unwrap().len() > 10);
            let data = sample["data"].as_object().unwrap();
            assert!(data.len() > 2, "{name} tells next to nothing: {sample}");
            let described = &kind["schema"]["properties"]["data"];
            let path = described["$ref"].as_str().map(|path| path.trim_start_matches('#').to_owned());
            let fields = path.map_or(described, |path| kind["schema"].pointer(&path).unwrap());
            assert!(fields["properties"].as_object().is_some_and(|fields| fields.len() == data.len()), "{name}");
        }
        let teams = admin.ok("webhooks.listEventTypes", json!({ "prefix": "team." })).await;
        assert_eq!(teams["data"].as_array().unwrap().len(), 5, "{teams}");

        for kind in ["conversation.created", "team.updated"] {
            let sent = admin.ok("webhooks.test", json!({ "id": webhook["id"], "event_type": kind })).await;
            assert_eq!((&sent["status"], &sent["event_type"]), (&json!("delivered"), &json!(kind)));
            assert_eq!(sent["attempts"][0]["status_code"], 200);
            let got = receiver.take();
            got[0].verify(&webhook["secret"], api.now()).unwrap();
            assert_eq!((&got[0].json(), &sent["payload"]["type"]), (&sent["payload"], &json!(kind)));
            assert_eq!(got[0].header("webhook-id"), sent["event_id"]);
            let info = admin.ok("webhooks.deliveryInfo", json!({ "delivery_id": sent["id"] })).await;
            assert_eq!(info, sent);
        }
        let unknown = json!({ "id": webhook["id"], "event_type": "team.create" });
        admin.post("webhooks.test", &unknown).await.wrong("/event_type", "enum");
        receiver.answer(|_| Reply::With(404, "", "nobody here"));
        let failed = admin.ok("webhooks.test", json!({ "id": webhook["id"] })).await;
        assert_eq!((&failed["status"], &failed["event_type"]), (&json!("dead"), &json!("webhook.ping")));
        assert_eq!(failed["attempts"][0]["response_snippet"], "nobody here");
        let now = api.webhook_now(&webhook).await;
        assert_eq!(now["consecutive_failures"], 0, "a test says nothing about how deliveries fare");
        // A test that failed can be sent again as it was.
        receiver.answer(|_| OK);
        receiver.take();
        admin.ok("webhooks.redeliver", json!({ "delivery_id": failed["id"] })).await;
        api.deliver().await;
        let got = receiver.take();
        assert_eq!(got[0].header("webhook-id"), failed["event_id"]);
        let info = admin.ok("webhooks.deliveryInfo", json!({ "delivery_id": failed["id"] })).await;
        assert_eq!((&info["status"], info["attempts"].as_array().unwrap().len()), (&json!("delivered"), 2));
    });
}
