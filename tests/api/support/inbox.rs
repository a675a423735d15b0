//! What tests of the inbox begin with: a contact who has written, and AI teammates.

use dotdesk::access::authenticate::server_itself;
use dotdesk::access::user::UserKind;
use dotdesk::db::Id;
use dotdesk::db::prelude::*;
use dotdesk::method::{Context, ScopeSet};
use dotdesk::run;
use dotdesk::schema::users;
use serde_json::{Value, json};

use super::client::Client;
use super::organization;
use super::server::Api;

/// An AI teammate with a key of its own.
pub struct Teammate {
    /// Its id.
    pub id: Id,
    /// Calls as it.
    pub client: Client,
}

impl Api {
    /// A channel of the type `api`, by its id.
    pub async fn sms(&self) -> Value {
        let channel = json!({ "type": "api", "name": "SMS", "source": "acme.sms" });
        self.admin().ok("channels.create", channel).await["id"].clone()
    }

    /// What `messages.receive` answers to a contact who writes on a channel, known by a telephone number.
    pub async fn hear(&self, channel: &Value, number: &str, text: &str) -> Value {
        let contact = json!({ "type": "phone", "value": number, "name": "Jane Doe" });
        let args = json!({ "contact": contact, "channel_id": channel, "text": text });
        self.admin().ok("messages.receive", args).await
    }

    /// A conversation that a contact has just begun, by its id.
    pub async fn conversation(&self) -> Value {
        let channel = self.sms().await;
        self.hear(&channel, "+1-555-0123", "Hello").await["message"]["conversation_id"].clone()
    }

    /// Messages of a conversation that stand where methods need them, each under its status.
    pub async fn messages_to_try(&self, conversation: &Value) -> Value {
        let admin = self.admin();
        let hello = json!({ "conversation_id": conversation, "text": "Hello" });
        let received = admin.ok("messages.receive", hello.clone()).await["message"].clone();
        let sent = admin.ok("messages.send", hello.clone()).await;
        let failed = admin.ok("messages.send", hello.clone()).await;
        admin.ok("messages.reportDelivery", json!({ "id": failed["id"], "status": "failed" })).await;
        let mut later = hello.clone();
        later["scheduled_at"] = json!(self.now().plus_seconds(3600));
        let scheduled = admin.ok("messages.send", later).await;
        let mut draft = hello;
        draft["direction"] = json!("outbound");
        draft["status"] = json!("draft");
        // Nobody approves what they wrote themselves, so it is a program that asks.
        let program = organization::key(&self.app, self.acme.id, None, ScopeSet::ALL, None).await;
        let program = self.client(&program);
        let pending = program.ok("messages.create", draft.clone()).await;
        program.ok("messages.requestApproval", json!({ "id": pending["id"] })).await;
        let draft = admin.ok("messages.create", draft).await;
        json!({
            "received": received["id"], "sent": sent["id"], "failed": failed["id"], "scheduled": scheduled["id"],
            "draft": draft["id"], "pending": pending["id"],
        })
    }

    /// A conversation as it is stored.
    pub async fn stored_conversation(&self, id: &Value) -> dotdesk::resources::inbox::conversations::Conversation {
        use dotdesk::resources::inbox::conversations::store;
        let mut conn = self.app.db.read().await.unwrap();
        let id: Id = serde_json::from_value(id.clone()).unwrap();
        store::find(&mut conn, self.acme.id, id).await.unwrap().unwrap()
    }

    /// Has AI answer in a conversation, or people.
    pub async fn hand_to(&self, conversation: &Value, handler: &str) {
        use dotdesk::resources::inbox::conversations::{Handler, Status, store};
        let id: Id = serde_json::from_value(conversation.clone()).unwrap();
        let handler: Handler = handler.parse().unwrap();
        let ctx = Context::internal(self.app.clone(), server_itself(self.acme.id), "setup");
        ctx.write(async move |tx| {
            let before = store::lock(tx, id).await?.unwrap();
            let mut after = before.clone();
            after.hand_to(handler);
            after.status = if handler == Handler::Ai { Status::Pending } else { Status::Open };
            store::save(tx, before, after, "conversation.updated").await
        })
        .await
        .unwrap();
    }

    /// An AI teammate of Acme.
    pub async fn ai(&self, name: &str) -> Teammate {
        let ctx = Context::internal(self.app.clone(), server_itself(self.acme.id), "setup");
        let (organization, owner) = (self.acme.id, self.acme.owner);
        let name = name.to_owned();
        let id = ctx
            .write(async move |tx| {
                let person: dotdesk::resources::account::users::UserRow = run!(tx, |c| users::table
                    .find((organization, owner))
                    .select(SelectableHelper::as_select())
                    .first(c))?;
                let row = dotdesk::resources::account::users::UserRow {
                    id: tx.new_id(),
                    kind: UserKind::Ai,
                    name: name.clone(),
                    email: None,
                    ..person
                };
                run!(tx, |c| diesel::insert_into(users::table).values(&row).execute(c))?;
                Ok(row.id)
            })
            .await
            .unwrap();
        // What an AI teammate may do is what its key says, so it gets the role of owners.
        let key = organization::key(&self.app, organization, Some(id), ScopeSet::ALL, None).await;
        Teammate { id, client: self.client(&key) }
    }
}
