//! One of everything, and arguments for every method that refer to it.

use dotdesk::method::Described;
use serde_json::{Value, json};

use super::contacts::Contacts;
use super::crm::Crm;
use super::server::Api;

/// Objects of Acme that the examples of methods can be pointed at.
pub struct Fixtures {
    crm: Crm,
    contacts: Contacts,
    audit_entry: Value,
    team: Value,
    user: Value,
    invited: Value,
    owner: Value,
    contact: Value,
    conversation: Value,
    other_conversation: Value,
    survey: Value,
    view: Value,
    merge: Value,
    messages: Value,
    agent_role: Value,
    role: Value,
    key: Value,
    session: Value,
    channel: Value,
    file: Value,
    upload: Value,
    uploaded: Value,
    job: Value,
    open_job: Value,
    import: Value,
    open_import: Value,
    export: Value,
    open_export: Value,
    webhook: Value,
    event: Value,
    delivery: Value,
    access_token: String,
    admin_token: String,
    unique: String,
}

/// Where nobody listens: who calls is told so at once.
const NOBODY: &str = "http://127.0.0.1:9/hook";

/// Methods whose examples cannot run as they are, and why. This list may only shrink.
const NOT_BY_THEMSELVES: &[&str] = &[
    // Belongs to the session of the caller, and tests call with keys.
    "auth.logout",
    // Needs the present password, which no example knows.
    "users.changePassword",
];

impl Fixtures {
    /// Creates two of everything.
    pub async fn create(api: &Api) -> Self {
        let admin = api.admin();
        let unique = api.app.new_id().hex();
        let mut last = json!({});
        for n in 0..2 {
            let key = admin.ok("apiKeys.create", json!({ "name": "Fixture", "scopes": ["teams:read"] })).await;
            let role = json!({ "name": format!("Fixture {n} {unique}"), "permissions": ["teams:read"] });
            let role = admin.ok("roles.create", role).await;
            let user = json!({
                "name": "Fixture", "email": format!("fixture{n}-{unique}@acme.test"), "role_id": role["id"],
                "password": super::organization::PASSWORD,
            });
            let user = admin.ok("users.create", user).await;
            let invited = json!({ "name": "Invited", "email": format!("invited{n}-{unique}@acme.test") });
            let invited = admin.ok("users.create", invited).await;
            let signature = json!({ "user_id": user["id"], "language": "en", "text": "Kind regards" });
            admin.ok("users.setSignature", signature).await;
            let team = json!({
                "name": "Fixture", "user_ids": [user["id"], api.acme.owner], "is_support_enabled": true,
                "query": { "conversations": "source:fixture.sms" },
            });
            let team = admin.ok("teams.create", team).await;
            let login = json!({ "email": "owner@acme.test", "password": super::organization::PASSWORD });
            let session = api.nobody().ok("auth.login", login).await;
            let channel = json!({ "type": "api", "name": "Fixture", "source": "fixture.sms" });
            let channel = admin.ok("channels.create", channel).await;
            let contact =
                json!({ "name": format!("Fixture {n}"), "email": format!("contact{n}-{unique}@example.com") });
            let contact = admin.ok("contacts.create", contact).await;
            let file = json!({ "name": "fixture.txt", "content_base64": "Rml4dHVyZQ==" });
            let file = admin.ok("files.create", file).await;
            let upload = json!({ "name": "fixture.mp4", "content_type": "video/mp4", "size": 12 });
            let (begun, uploaded) =
                (admin.ok("files.createUpload", upload.clone()).await, admin.ok("files.createUpload", upload).await);
            let chunk = json!({ "id": uploaded["id"], "offset": 0, "content_base64": "AAAAGGZ0eXBtcDQy" });
            admin.ok("files.appendChunk", chunk).await;
            let conversation =
                json!({ "contact_id": contact["id"], "channel_id": channel["id"], "subject": "Fixture" });
            let conversation = admin.ok("conversations.create", conversation).await;
            let survey = admin.ok("csat.request", json!({ "conversation_id": conversation["id"] })).await;
            let view = json!({ "name": "Fixture", "object": "conversation", "query": "status:open" });
            let view = admin.ok("views.create", view).await;
            for step in 1..=2 {
                let checkpoint = json!({ "id": conversation["id"], "payload": { "step": step } });
                admin.ok("conversations.addCheckpoint", checkpoint).await;
            }
            let messages = api.messages_to_try(&conversation["id"]).await;
            let webhook = json!({ "url": NOBODY, "events": ["team.*"], "verify": false });
            let webhook = admin.ok("webhooks.create", webhook).await;
            admin.ok("webhooks.test", json!({ "id": webhook["id"] })).await;
            let delivery = admin.ok("webhooks.test", json!({ "id": webhook["id"] })).await;
            last = json!({ "webhook": webhook, "delivery": delivery, "messages": messages, "survey": survey, "view": view, "file": file, "upload": begun, "uploaded": uploaded, "conversation": conversation, "contact": contact, "channel": channel, "key": key, "role": role, "user": user, "team": team, "login": session, "invited": invited });
        }
        let online = json!({ "user_id": api.acme.owner, "availability": "online" });
        admin.ok("users.setAvailability", online).await;
        let mut more = Vec::new();
        for _ in 0..3 {
            let conversation = json!({ "contact_id": last["contact"]["id"], "channel_id": last["channel"]["id"] });
            more.push(admin.ok("conversations.create", conversation).await["id"].clone());
        }
        let merge = json!({ "source_ids": [more[0]], "destination_id": more[1] });
        admin.ok("conversations.merge", merge).await;
        let history = admin.ok("conversations.history", json!({ "id": more[1] })).await;
        let access_token = last["login"]["access_token"].as_str().unwrap_or_default().to_owned();
        let sessions = api.client(&access_token).ok("auth.listSessions", json!({ "sort": "created_at:desc" })).await;
        api.settle().await;
        let newest = admin.ok("events.list", json!({ "limit": 1 })).await;
        let many = json!({ "ids": [more[1], more[2]], "set": { "priority": "high" } });
        let job = admin.ok("conversations.bulkUpdate", many.clone()).await;
        let export = json!({ "object": "tag", "format": "csv" });
        admin.ok("exports.create", export.clone()).await;
        let done_export = admin.ok("exports.create", export.clone()).await;
        let broken = json!({ "object": "tag", "records": [{ "name": unique }, { "name": 1 }, { "name": 2 }] });
        admin.ok("imports.create", json!({ "object": "tag", "records": [] })).await;
        let import = admin.ok("imports.create", broken).await;
        api.work().await;
        let open_export = admin.ok("exports.create", export).await;
        let open_import = admin.ok("imports.create", json!({ "object": "tag", "records": [] })).await;
        let open_job = admin.ok("conversations.bulkUpdate", many).await;
        Self {
            export: done_export["id"].clone(),
            open_export: open_export["id"].clone(),
            import: import["id"].clone(),
            open_import: open_import["id"].clone(),
            job: job["id"].clone(),
            open_job: open_job["id"].clone(),
            crm: Crm::create(api, &unique).await,
            audit_entry: admin.ok("audit.list", json!({ "limit": 1 })).await["data"][0]["id"].clone(),
            contacts: Contacts::create(api, &unique, &last["contact"]).await,
            contact: last["contact"]["id"].clone(),
            conversation: last["conversation"]["id"].clone(),
            other_conversation: more[2].clone(),
            survey: last["survey"]["id"].clone(),
            view: last["view"]["id"].clone(),
            merge: history["data"][0]["event"]["data"]["merge_id"].clone(),
            messages: last["messages"].clone(),
            team: last["team"]["id"].clone(),
            user: last["user"]["id"].clone(),
            invited: last["invited"]["id"].clone(),
            owner: json!(api.acme.owner),
            agent_role: json!(api.acme.agent_role),
            role: last["role"]["id"].clone(),
            key: last["key"]["id"].clone(),
            session: sessions["data"][1]["id"].clone(),
            channel: last["channel"]["id"].clone(),
            file: last["file"]["id"].clone(),
            upload: last["upload"]["id"].clone(),
            uploaded: last["uploaded"]["id"].clone(),
            webhook: last["webhook"]["id"].clone(),
            event: newest["data"][0]["id"].clone(),
            delivery: last["delivery"]["id"].clone(),
            access_token,
            admin_token: api.acme.key.clone(),
            unique,
        }
    }

    /// The method's example, pointed at these objects.
    pub fn arguments(&self, method: &Described) -> Value {
        let mut example: Value = serde_json::from_str(method.entry.example).unwrap();
        let resource = method.name().split('.').next().unwrap_or_default();
        for (name, value) in example.as_object_mut().unwrap() {
            let crm = self.contacts.argument(method, name).or_else(|| self.crm.argument(method, name));
            if let Some(replacement) = crm {
                *value = replacement;
                continue;
            }
            let replacement = match (name.as_str(), resource) {
                ("calls", "batch") => {
                    let mut calls = value.clone();
                    calls[1]["args"]["user_id"] = self.user.clone();
                    calls
                }
                ("id", "audit") => self.audit_entry.clone(),
                ("id", "teams") => self.team.clone(),
                ("id", "users") if method.name() == "users.resendInvite" => self.invited.clone(),
                ("id", "users") => self.user.clone(),
                ("id", "roles") => self.role.clone(),
                ("id", "apiKeys") => self.key.clone(),
                ("id", "channels") => self.channel.clone(),
                ("id", "files") => match method.name() {
                    "files.appendChunk" => self.upload.clone(),
                    "files.completeUpload" => self.uploaded.clone(),
                    _ => self.file.clone(),
                },
                ("file_id", _) => self.file.clone(),
                ("file_ids", _) => json!([self.file]),
                ("channel_id", _) => self.channel.clone(),
                ("id", "exports") if method.name() == "exports.cancel" => self.open_export.clone(),
                ("id", "exports") => self.export.clone(),
                ("id", "imports") if method.name() == "imports.cancel" => self.open_import.clone(),
                ("id", "imports") => self.import.clone(),
                ("id", "jobs") if method.name() == "jobs.cancel" => self.open_job.clone(),
                ("id", "jobs") => self.job.clone(),
                ("ids", "conversations") => json!([self.conversation]),
                ("id", "conversations") => self.conversation.clone(),
                ("conversation_id", "csat") if method.name() == "csat.request" => self.other_conversation.clone(),
                ("conversation_id", "csat") => self.conversation.clone(),
                ("id", "csat") => self.survey.clone(),
                ("id", "events") => self.event.clone(),
                ("id", "webhooks") => self.webhook.clone(),
                ("delivery_id", _) => self.delivery.clone(),
                ("url", "webhooks") => json!(NOBODY),
                ("id", "views") => self.view.clone(),
                ("source_ids", "conversations") => json!([self.other_conversation]),
                ("destination_id", "conversations") => self.conversation.clone(),
                ("merge_id", _) => self.merge.clone(),
                ("contact_id", _) => self.contact.clone(),
                ("id", "messages") => self.message_for(method.name()).clone(),
                ("message_ids", _) => json!([self.messages["received"]]),
                ("conversation_id", _) => self.conversation.clone(),
                ("session_id", _) => self.session.clone(),
                ("user_id" | "act_as_user_id", _) => self.user.clone(),
                ("reassign_to_user_id", _) => self.owner.clone(),
                ("user_ids", _) => json!([self.user]),
                ("team_id", _) => self.team.clone(),
                ("team_ids", _) => json!([self.team]),
                ("role_id", _) => self.role.clone(),
                ("replace_with_role_id", _) => self.agent_role.clone(),
                ("email", "users") => json!(format!("new-{}@acme.test", self.unique)),
                ("username", "users") => json!(format!("new-{}", self.unique)),
                ("name", "roles") => json!(format!("New {}", self.unique)),
                _ => continue,
            };
            *value = replacement;
        }
        example
    }

    /// A message that stands where the method needs it.
    fn message_for(&self, method: &str) -> &Value {
        match method {
            "messages.schedule"
            | "messages.requestApproval"
            | "messages.delete"
            | "messages.addAttachment"
            | "messages.removeAttachment" => &self.messages["draft"],
            "messages.cancelScheduled" => &self.messages["scheduled"],
            "messages.resend" => &self.messages["failed"],
            "messages.approve" | "messages.reject" => &self.messages["pending"],
            "messages.vote" | "messages.reportDelivery" => &self.messages["sent"],
            _ => &self.messages["received"],
        }
    }

    /// Whether the example works without further preparation.
    pub fn runs_by_itself(method: &Described) -> bool {
        !NOT_BY_THEMSELVES.contains(&method.name())
    }

    /// The token to call the method with: a session's for what belongs to sessions, else the owner's key.
    pub fn token(&self, method: &Described) -> String {
        match method.name() {
            "auth.revokeSession" => self.access_token.clone(),
            _ => self.admin_token.clone(),
        }
    }
}
