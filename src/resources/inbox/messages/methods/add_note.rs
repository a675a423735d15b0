use super::BODY_LIMIT;
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Document, Kind, List, Method, Name, Nullable, Result};
use crate::resources::account::users;
use crate::resources::inbox::messages::compose::{self, Content};
use crate::resources::inbox::messages::thread::Thread;
use crate::resources::inbox::messages::{Direction, Message, author};

arguments! {
    /// Adds a private note to a conversation, which the contact never sees.
    ///
    /// Who is mentioned in it sees the conversation from then on.
    pub struct AddNote {
        /// The conversation.
        pub conversation_id: Id,
        /// What it says.
        pub text: Name<100000>,
        /// The files that belong to it.
        pub file_ids: Option<List<Id, 20>>,
        /// The users it mentions.
        pub mentions: Option<List<Id, 50>>,
        /// Anything you want to keep with the note.
        pub metadata: Option<Document>,
        /// An id of your own: sent again with the same one, it is the same note, and stored once.
        pub client_message_id: Option<Name<128>>,
    }
}

impl Method for AddNote {
    const NAME: &'static str = "messages.addNote";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::ConversationNotFound];
    const EVENTS: &'static [&'static str] = &["message.created"];
    const EXAMPLE: &'static str =
        r#"{"conversation_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","text":"She called about this on Monday."}"#;
    const BODY_LIMIT: usize = BODY_LIMIT;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let thread = Thread::seen(tx, args.conversation_id).await?;
            if let Some(message) = thread.already(tx, args.client_message_id.as_deref()).await? {
                return Ok(message);
            }
            let mut mentions: Vec<Id> = Vec::new();
            let mut named = Vec::new();
            for (index, user) in args.mentions.unwrap_or_default().0.into_iter().enumerate() {
                named.push((format!("/mentions/{index}"), user));
                if !mentions.contains(&user) {
                    mentions.push(user);
                }
            }
            users::store::require(tx, &named).await?;
            let author = author::of_caller(tx).await?;
            let mut note = compose::blank(tx, &thread.conversation, Direction::Internal, author, tx.now());
            note.fill(Content {
                text: Nullable(Some(args.text.to_string().into())),
                metadata: args.metadata,
                client_message_id: args.client_message_id,
                ..Content::default()
            });
            note.details.mentions = mentions;
            note.attach(tx, args.file_ids.as_deref(), |_| true).await?;
            Ok(thread.add(tx, note, &["message.created"]).await?.0)
        })
        .await
    }
}
