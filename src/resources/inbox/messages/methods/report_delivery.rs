use crate::arguments;
use crate::db::{Id, Timestamp};
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Name, Result, Tx, Void, Words};
use crate::resources::inbox::conversations::{self, Conversation};
use crate::resources::inbox::messages::{Direction, Message, MessageStatus, SendError, store};
use crate::text_enum;

text_enum! {
    /// What became of a message on its way.
    pub enum Delivery {
        /// It reached the contact.
        Delivered = "delivered",
        /// The contact has read it.
        Read = "read",
        /// It could not be delivered.
        Failed = "failed",
    }
}

arguments! {
    /// Why a message could not be delivered.
    pub struct DeliveryError {
        /// The code of whoever was to deliver it.
        pub code: Name<100>,
        /// The same in words.
        pub message: Option<Words<1000>>,
    }
}

arguments! {
    /// Reports what became of a message that was sent.
    ///
    /// Reports may come in any order and more than once: a message never goes back, so that one which was read is not delivered again,
    /// and one that was delivered did not fail.
    pub struct ReportDelivery {
        /// The message; or else `external_message_id`.
        pub id: Option<Id>,
        /// Its id in the system that delivers it. With `id`, the message is known by it from then on.
        pub external_message_id: Option<Name<255>>,
        /// What became of it.
        pub status: Delivery,
        /// When; now, if left out.
        pub at: Option<Timestamp>,
        /// Why it failed.
        pub error: Option<DeliveryError>,
    }
}

impl Method for ReportDelivery {
    const NAME: &'static str = "messages.reportDelivery";
    const ACCESS: Access = Access::write(Area::Messages);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["message.delivered", "message.read", "message.failed"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","status":"delivered"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        if self.at.is_some_and(|at| at > ctx.now()) {
            return Err(Error::argument("/at", "too_large", "must not lie in the future"));
        }
        if self.error.is_some() && self.status != Delivery::Failed {
            return Err(Error::argument("/error", "not_allowed", "only what failed has an error"));
        }
        ctx.write(async move |tx| {
            let (conversation, before) = self.target(tx).await?;
            let (after, event) = self.apply(tx, &before)?;
            let after = store::save(tx, before, after, event).await?;
            let mut followed = conversation.clone();
            followed.follow(&after);
            conversations::store::settle(tx, &conversation, &followed).await?;
            Ok(Void {})
        })
        .await
    }
}

impl ReportDelivery {
    async fn target(&self, tx: &mut Tx<'_>) -> Result<(Conversation, Message)> {
        let space = tx.space();
        let id = match (self.id, &self.external_message_id) {
            (Some(id), _) => id,
            (None, Some(external)) => {
                let found = store::by_external_id(tx, space, external).await?;
                found.ok_or_else(Error::not_found::<Message>)?
            }
            (None, None) => {
                return Err(Error::argument("/id", "required", "give id or external_message_id"));
            }
        };
        store::target(tx, id).await
    }

    /// The message as it is after the report, and the event that tells so.
    fn apply(&self, tx: &Tx<'_>, before: &Message) -> Result<(Message, &'static str)> {
        use MessageStatus as S;
        if before.direction != Direction::Outbound {
            return Err(Error::new(Code::InvalidState, "Only what goes to the contact is delivered."));
        }
        before.require(&[S::Queued, S::Sent, S::Delivered, S::Read, S::Failed])?;
        let at = Some(self.at.unwrap_or(tx.now()));
        let mut after = before.clone();
        if let (Some(_), Some(external)) = (self.id, &self.external_message_id) {
            after.external_message_id = Some(external.to_string());
        }
        let event = match self.status {
            Delivery::Delivered => "message.delivered",
            Delivery::Read => "message.read",
            Delivery::Failed => "message.failed",
        };
        match (self.status, before.status) {
            (Delivery::Delivered, S::Queued | S::Sent) => {
                after.status = S::Delivered;
                after.delivered_at = at;
            }
            // The news of its delivery comes after that of its being read.
            (Delivery::Delivered, S::Read) => after.delivered_at = before.delivered_at.or(at),
            (Delivery::Read, S::Queued | S::Sent | S::Delivered) => {
                after.status = S::Read;
                after.read_at = at;
            }
            (Delivery::Failed, S::Queued | S::Sent) => {
                after.status = S::Failed;
                after.details.failure = Some(self.error.as_ref().map_or_else(
                    || SendError { code: "failed".into(), message: "no reason was given".into() },
                    |error| SendError {
                        code: error.code.to_string(),
                        message: error.message.as_deref().unwrap_or_default().to_owned(),
                    },
                ));
            }
            _ => {}
        }
        Ok((after, event))
    }
}
