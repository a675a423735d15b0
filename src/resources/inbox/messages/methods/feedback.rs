use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Code, Context, Error, Kind, List, Method, Name, Nullable, Patch, Result, Words, stored,
};
use crate::resources::inbox::messages::{Direction, Feedback, Message, Suggestion, Visibility, Vote, store};

arguments! {
    /// An answer to suggest.
    pub struct NewSuggestion {
        /// What could be answered.
        pub content: Name<5000>,
    }
}

arguments! {
    /// Suggests answers to a message, in place of those that were suggested before.
    pub struct SuggestReplies {
        /// The message.
        pub id: Id,
        /// The answers, the best one first; an empty list takes all suggestions away.
        pub suggestions: List<NewSuggestion, 10>,
    }
}

impl Method for SuggestReplies {
    const NAME: &'static str = "messages.suggestReplies";
    const ACCESS: Access = Access::write(Area::Ai);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["message.updated"];
    const EXAMPLE: &'static str =
        r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","suggestions":[{"content":"We are open until six."}]}"#;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        ctx.write(async move |tx| {
            let (_, before) = store::target(tx, self.id).await?;
            let wanted: Vec<&str> = self.suggestions.iter().map(|suggestion| &*suggestion.content).collect();
            let present: Vec<&str> = before.details.suggestions.iter().map(|one| one.content.as_str()).collect();
            if wanted == present {
                return Ok(before);
            }
            let mut after = before.clone();
            after.details.suggestions = wanted
                .into_iter()
                .map(|content| Suggestion { id: tx.new_id(), content: content.to_owned(), confidence: None })
                .collect();
            store::save(tx, before, after, "message.updated").await
        })
        .await
    }
}

arguments! {
    /// Says whether an answer helped.
    pub struct VoteOn {
        /// The answer.
        pub id: Id,
        /// Whether it helped; null takes the vote back.
        pub vote: Patch<Nullable<Vote>>,
        /// What there is to say of it.
        pub comment: Nullable<Words<2000>>,
    }
}

impl Method for VoteOn {
    const NAME: &'static str = "messages.vote";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const FOR_CONTACTS: bool = true;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["message.feedback"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","vote":"up"}"#;
    type Output = Message;

    async fn call(self, ctx: Context) -> Result<Message> {
        let Patch::Set(Nullable(vote)) = self.vote else {
            return Err(Error::argument("/vote", "required", "say up, down or null"));
        };
        ctx.write(async move |tx| {
            let (_, before) = store::target(tx, self.id).await?;
            let is_contact = tx.ctx().caller()?.contact.is_some();
            if is_contact && (before.visibility != Visibility::Public || !before.is_said()) {
                // Notes and drafts do not exist for contacts.
                return Err(Error::not_found::<Message>());
            }
            if before.direction != Direction::Outbound || !before.is_said() {
                return Err(Error::new(Code::InvalidState, "Only an answer that was sent can be voted on.")
                    .with("from", before.status.as_str()));
            }
            let mut after = before.clone();
            after.details.feedback = vote.map(|vote| Feedback { vote, comment: stored(self.comment.clone()) });
            let mut message = store::save(tx, before, after, "message.feedback").await?;
            if is_contact {
                message.keep_to_what_contacts_see();
            }
            Ok(message)
        })
        .await
    }
}
