//! Why a user may or may not see or do something.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::store;
use crate::access::user::UserStatus;
use crate::db::{Conn, Id};
use crate::method::{
    Access, Area, Context, Error, FieldError, Kind, Method, Name, Output, Registry, Result, Scope, ScopeSet,
};
use crate::resources::account::{teams, users};
use crate::resources::inbox::conversations::reasons::{self, Reason};
use crate::resources::inbox::conversations::visibility::View;
use crate::resources::inbox::{conversations, messages};
use crate::{arguments, text_enum};

text_enum! {
    /// What can be out of sight.
    pub enum TargetType {
        /// A conversation.
        Conversation = "conversation",
        /// A message; it is seen with its conversation.
        Message = "message",
    }
}

arguments! {
    /// A conversation or a message.
    pub struct Target {
        /// What it is.
        pub r#type: TargetType,
        /// Which one.
        pub id: Id,
    }
}

text_enum! {
    /// What a finding is about.
    pub enum Question {
        /// Whether the user may log in at all.
        Status = "status",
        /// Whether the user holds the scope of the method.
        Scope = "scope",
        /// Whether the user sees the target.
        Sight = "sight",
    }
}

/// One thing that decides, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What it is about.
    pub about: Question,
    /// Whether this speaks for it.
    pub allowed: bool,
    /// The same in words, for people.
    pub message: String,
    /// The scope that the method needs.
    pub scope: Option<String>,
    /// The roles that grant that scope: the user's own, and those of teams.
    pub role_ids: Vec<Id>,
    /// The rules by which the user sees the target.
    pub via: Vec<Reason>,
}

/// Whether a user may see or do something, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// Whether they may.
    pub allowed: bool,
    /// What decides. All must speak for it.
    pub reasons: Vec<Finding>,
}

impl Output for Explanation {}

arguments! {
    /// Explains why a user may or may not call a method, or see a conversation.
    ///
    /// Name a method, a target, or both. What a single API key may do besides can be less than what its user may.
    pub struct Explain {
        /// The user.
        pub user_id: Id,
        /// A method, such as `conversations.close`.
        pub method: Option<Name<64>>,
        /// A conversation or a message.
        pub target: Option<Target>,
    }
}

impl Method for Explain {
    const NAME: &'static str = "roles.explain";
    const ACCESS: Access = Access::read(Area::Roles);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str =
        r#"{"user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","method":"conversations.close"}"#;
    type Output = Explanation;

    async fn call(self, ctx: Context) -> Result<Explanation> {
        if self.method.is_none() && self.target.is_none() {
            let missing =
                ["/method", "/target"].map(|at| FieldError::new(at, "required", "name a method, a target, or both"));
            return Err(Error::arguments(ctx.method(), missing.into()));
        }
        let mut conn = ctx.read().await?;
        let user = users::store::find(&mut conn, ctx.organization(), self.user_id).await?;
        let user = user.ok_or_else(|| Error::argument("/user_id", "unknown_id", "there is no such user"))?;
        let mut reasons = vec![status(user.status)];
        if let Some(name) = &self.method {
            reasons.push(scope(&ctx, &mut conn, &user, name).await?);
        }
        if let Some(target) = &self.target {
            reasons.push(sight(&ctx, &mut conn, user.id, target).await?);
        }
        Ok(Explanation { allowed: reasons.iter().all(|reason| reason.allowed), reasons })
    }
}

fn status(status: UserStatus) -> Finding {
    let allowed = status == UserStatus::Active;
    finding(Question::Status, allowed, format!("The user is {status}."))
}

async fn scope(ctx: &Context, conn: &mut Conn, user: &users::User, name: &str) -> Result<Finding> {
    let registry: &Arc<Registry> = ctx.service()?;
    let method = registry.find(name).map_err(|error| {
        let suggestions = error.details().get("suggestions").cloned().unwrap_or_default();
        let problem = FieldError::new("/method", "enum", "there is no such method").with("suggestions", suggestions);
        Error::arguments(ctx.method(), vec![problem])
    })?;
    let Access::Scope(needed) = method.entry.access else {
        return Ok(finding(Question::Scope, true, format!("{} asks for no scope.", method.name())));
    };
    let granting = granting(conn, ctx.organization(), user, needed).await?;
    let message = match granting.is_empty() {
        true => format!("No role of the user grants {needed}."),
        false => format!("{needed} is granted by a role of the user."),
    };
    let found = finding(Question::Scope, !granting.is_empty(), message);
    Ok(Finding { scope: Some(needed.to_string()), role_ids: granting, ..found })
}

/// The roles that grant a scope to a user.
async fn granting(conn: &mut Conn, organization: Id, user: &users::User, needed: Scope) -> Result<Vec<Id>> {
    let mut roles = vec![user.role_id];
    roles.extend(teams::store::of_user(conn, organization, user.id).await?.iter().filter_map(|team| team.role_id));
    let mut granting = Vec::new();
    for role in roles {
        let permissions: ScopeSet =
            store::find(conn, organization, role).await?.map(|role| role.permissions.0).unwrap_or_default();
        if permissions.has(needed) && !granting.contains(&role) {
            granting.push(role);
        }
    }
    Ok(granting)
}

async fn sight(ctx: &Context, conn: &mut Conn, user: Id, target: &Target) -> Result<Finding> {
    let unknown = || Error::argument("/target/id", "unknown_id", format!("there is no such {}", target.r#type));
    let id = match target.r#type {
        TargetType::Conversation => target.id,
        TargetType::Message => {
            messages::store::find(conn, ctx.space(), target.id).await?.ok_or_else(unknown)?.conversation_id
        }
    };
    // Who asks must see it too, or the answer would tell them that it is there.
    let own = conversations::visibility::Sight::of(ctx, conn).await?;
    let conversation = conversations::store::seen(conn, &own, ctx.space(), id).await?.ok_or_else(unknown)?;
    let viewers = reasons::viewers(conn, View::of(ctx), &conversation, Some(user)).await?;
    let via = viewers.into_iter().next().map(|viewer| viewer.via).unwrap_or_default();
    let message = match via.is_empty() {
        true => {
            "It is not assigned to the user, they neither follow it nor are mentioned, and no team of theirs shows it."
        }
        false => "The user sees it.",
    };
    let found = finding(Question::Sight, !via.is_empty(), message.to_owned());
    Ok(Finding { via, ..found })
}

fn finding(about: Question, allowed: bool, message: String) -> Finding {
    Finding { about, allowed, message, scope: None, role_ids: Vec::new(), via: Vec::new() }
}
