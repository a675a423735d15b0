//! Files as attachments: what messages use of them.

use dotdesk::access::authenticate::server_itself;
use dotdesk::db::Id;
use dotdesk::method::{Context, Result};
use dotdesk::resources::inbox::files::{Attachment, links};
use serde_json::{Value, json};

use super::create;
use crate::support::{Api, on_both};

fn id(file: &Value) -> Id {
    file["id"].as_str().unwrap().parse().unwrap()
}

fn context(api: &Api) -> Context {
    Context::internal(api.app.clone(), server_itself(api.acme.id), "messages.create")
}

async fn attach(api: &Api, files: &[Id], message: Id) -> Result<Vec<Attachment>> {
    let files = files.to_vec();
    let attach = async move |tx: &mut dotdesk::method::Tx<'_>| {
        links::attach(tx, "/file_ids", &files, message, |content_type| content_type != "image/gif").await
    };
    context(api).write(attach).await
}

#[test]
fn files_are_attached_in_their_order_and_stay_while_they_are() {
    on_both(async |api| {
        let (admin, message) = (api.admin(), api.app.new_id());
        let one = create(api, "one.txt", "text/plain", b"one").await;
        let two = create(api, "two.png", "image/png", b"no image").await;
        let three = create(api, "three.txt", "text/plain", b"three").await;
        let attached = attach(api, &[id(&two), id(&one), id(&two)], message).await.unwrap();
        let attached = [attached, attach(api, &[id(&one), id(&three)], message).await.unwrap().split_off(2)].concat();
        let names: Vec<&str> = attached.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["two.png", "one.txt", "three.txt"]);
        assert_eq!(json!(attached[1].url), one["url"]);
        assert!(attached[0].quarantined && attached[0].url.is_none() && !attached[1].quarantined);

        let linked = admin.ok("files.info", json!({ "id": one["id"] })).await;
        assert_eq!(linked["linked_to"], json!([{ "type": "message", "id": message }]));
        let refused = admin.post("files.delete", &json!({ "id": one["id"] })).await;
        assert_eq!(refused.refused(409, "in_use").body["error"]["linked_to"], linked["linked_to"]);

        let one_id = id(&one);
        assert!(context(api).write(async move |tx| links::detach(tx, one_id, message).await).await.unwrap());
        assert!(!context(api).write(async move |tx| links::detach(tx, one_id, message).await).await.unwrap());
        admin.ok("files.delete", json!({ "id": one["id"] })).await;
        context(api).write(async move |tx| links::detach_all(tx, &[message]).await).await.unwrap();
        admin.ok("files.delete", json!({ "id": two["id"] })).await;
    });
}

#[test]
fn files_that_cannot_be_attached_are_named_by_their_place() {
    on_both(async |api| {
        let message = api.app.new_id();
        let good = create(api, "a.txt", "text/plain", b"a").await;
        let gif = create(api, "a.gif", "image/gif", b"GIF89a").await;
        let upload = json!({ "name": "x", "content_type": "text/plain", "size": 1 });
        let upload = api.admin().ok("files.createUpload", upload).await;
        let theirs = api.stranger().ok("files.create", json!({ "name": "x", "content_base64": "QQ==" })).await;
        let before = api.row_counts().await;
        let files = [id(&good), id(&gif), id(&upload), id(&theirs), api.unknown_id()];
        let error = attach(api, &files, message).await.unwrap_err();
        let problems: Vec<_> =
            error.fields().iter().map(|field| (field.pointer.as_str(), field.code.as_str())).collect();
        let expected = [
            ("/file_ids/1", "not_allowed"),
            ("/file_ids/2", "not_ready"),
            ("/file_ids/3", "unknown_id"),
            ("/file_ids/4", "unknown_id"),
        ];
        assert_eq!(problems, expected);
        assert_eq!(api.row_counts().await, before);
    });
}

#[test]
fn a_file_is_deleted_or_attached_but_not_both() {
    on_both(async |api| {
        for _ in 0..10 {
            let message = api.app.new_id();
            let file = create(api, "race.txt", "text/plain", b"race").await;
            let (admin, delete, ids) = (api.admin(), json!({ "id": file["id"] }), [id(&file)]);
            let deleted = admin.post("files.delete", &delete);
            let (deleted, attached) = futures_util::future::join(deleted, attach(api, &ids, message)).await;
            match attached {
                Ok(_) => drop(deleted.refused(409, "in_use")),
                Err(error) => {
                    assert_eq!((deleted.status, error.fields()[0].code.as_str()), (204, "unknown_id"), "{error:?}");
                }
            }
        }
    });
}
