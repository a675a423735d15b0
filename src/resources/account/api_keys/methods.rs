//! What can be done with API keys.

use super::model::{ApiKey, ApiKeyRow, ApiKeyWithSecret, Environment, KeyStatus};
use super::{reach, store};
use crate::access::authenticate::Sessions;
use crate::arguments;
use crate::db::{Id, Json, Timestamp};
use crate::method::{
    Access, Area, Cidr, Code, Context, Entry, Error, FieldError, Int, Kind, List, Method, Name, Nullable, Page, Patch,
    Result, ScopeSet, Void, stored,
};

/// The methods of API keys.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListKeys>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<Rotate>(),
    Entry::of::<Delete>(),
];

/// How long the old secret of a rotated key goes on working if the call does not say, in seconds.
const GRACE_SECONDS: i64 = 3600;

arguments! {
    /// Creates an API key.
    ///
    /// The answer is the only one that ever holds its secret. A key cannot do what its creator cannot.
    pub struct Create {
        /// What the key is for.
        pub name: Name<80>,
        /// What the key may do; `["*"]` for everything, which only owners can give.
        pub scopes: ScopeSet,
        /// Whether what the key does is real; `live` if left out.
        pub environment: Option<Environment>,
        /// The only methods the key may call, such as `messages.send`; all that its scopes allow if left out.
        pub allowed_methods: Option<List<Name<64>, 200>>,
        /// The only addresses the key may be used from; all if left out.
        pub ip_allowlist: Option<List<Cidr, 50>>,
        /// The user the key acts as. It then does what both may: the key and, at that time, the user. Without one it acts for
        /// the organization itself, whoever comes and goes.
        pub act_as_user_id: Nullable<Id>,
        /// Calls a minute, in place of the server's setting.
        pub rate_limit_per_minute: Nullable<Int<1, 10000>>,
        /// When the key ends; never if left out.
        pub expires_at: Nullable<Timestamp>,
    }
}

impl Method for Create {
    const NAME: &'static str = "apiKeys.create";
    const ACCESS: Access = Access::write(Area::Keys);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::MissingScope, Code::NoPermission];
    const EVENTS: &'static [&'static str] = &["api_key.created"];
    const EXAMPLE: &'static str = r#"{"name":"Nightly export","scopes":["contacts:read","conversations:read"],"ip_allowlist":["203.0.113.0/24"]}"#;
    type Output = ApiKeyWithSecret;

    async fn call(self, ctx: Context) -> Result<ApiKeyWithSecret> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let row = ApiKeyRow {
                organization_id: tx.organization(),
                id: tx.new_id(),
                name: args.name.to_string(),
                environment: args.environment.unwrap_or(Environment::Live),
                scopes: Json(args.scopes),
                allowed_methods: args.allowed_methods.map(stored).unwrap_or_default(),
                ip_allowlist: args.ip_allowlist.map(stored).unwrap_or_default(),
                act_as_user_id: stored(args.act_as_user_id),
                rate_limit_per_minute: stored(args.rate_limit_per_minute),
                expires_at: stored(args.expires_at),
                prefix: String::new(),
                last4: String::new(),
                revoked_at: None,
                last_used_at: None,
                last_used_ip: None,
                created_by: tx.ctx().caller()?.user,
                created_at: tx.now(),
                updated_at: tx.now(),
            };
            check(tx.ctx(), None, &row)?;
            reach::require(tx, &row).await?;
            let (key, secret) = store::insert(tx, row).await?;
            Ok(ApiKeyWithSecret { key, secret })
        })
        .await
    }
}

arguments! {
    /// Lists the API keys of the organization, those that were deleted too.
    pub struct ListKeys paged {}
}

impl Method for ListKeys {
    const NAME: &'static str = "apiKeys.list";
    const ACCESS: Access = Access::read(Area::Keys);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"limit":50}"#;
    type Output = Page<ApiKey>;

    async fn call(self, ctx: Context) -> Result<Page<ApiKey>> {
        let window = ctx.page(&self)?;
        let rows = store::list(&mut *ctx.read().await?, ctx.organization(), ctx.now(), &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

arguments! {
    /// Answers one API key.
    pub struct Info {
        /// The key.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "apiKeys.info";
    const ACCESS: Access = Access::read(Area::Keys);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = ApiKey;

    async fn call(self, ctx: Context) -> Result<ApiKey> {
        let found = store::find(&mut *ctx.read().await?, ctx.organization(), self.id, ctx.now()).await?;
        found.ok_or_else(Error::not_found::<ApiKey>)
    }
}

arguments! {
    /// Changes an API key.
    ///
    /// Fields that are left out stay as they are. What comes of it may not go beyond what you may do yourself. A deleted
    /// key cannot be changed.
    pub struct Update {
        /// The key.
        pub id: Id,
        /// What the key is for.
        pub name: Patch<Name<80>>,
        /// What the key may do.
        pub scopes: Patch<ScopeSet>,
        /// The only methods the key may call; an empty list for all that its scopes allow.
        pub allowed_methods: Patch<List<Name<64>, 200>>,
        /// The only addresses the key may be used from; an empty list for all.
        pub ip_allowlist: Patch<List<Cidr, 50>>,
        /// Calls a minute; null for the server's setting.
        pub rate_limit_per_minute: Patch<Nullable<Int<1, 10000>>>,
        /// When the key ends; null for never.
        pub expires_at: Patch<Nullable<Timestamp>>,
    }
}

impl Method for Update {
    const NAME: &'static str = "apiKeys.update";
    const ACCESS: Access = Access::write(Area::Keys);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::MissingScope, Code::NoPermission, Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["api_key.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","scopes":["contacts:read"]}"#;
    type Output = ApiKey;

    async fn call(self, ctx: Context) -> Result<ApiKey> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.id).await?;
            if before.status == KeyStatus::Revoked {
                return Err(Error::new(Code::InvalidState, "This key was deleted; create another one."));
            }
            let mut row = before.row.clone();
            args.name.apply(&mut row.name);
            args.scopes.apply(&mut row.scopes);
            args.allowed_methods.apply(&mut row.allowed_methods);
            args.ip_allowlist.apply(&mut row.ip_allowlist);
            args.rate_limit_per_minute.apply(&mut row.rate_limit_per_minute);
            args.expires_at.apply(&mut row.expires_at);
            check(tx.ctx(), Some(&before), &row)?;
            reach::require(tx, &row).await?;
            Sessions::forget(tx)?;
            store::save(tx, before, row, "api_key.updated").await
        })
        .await
    }
}

arguments! {
    /// Gives an API key a new secret.
    ///
    /// The old secret goes on working for `grace_seconds`, so that programs can be changed over without a break.
    pub struct Rotate {
        /// The key.
        pub id: Id,
        /// How long the old secret goes on working; an hour if left out, 0 to end it at once.
        pub grace_seconds: Option<Int<0, 86400>>,
    }
}

impl Method for Rotate {
    const NAME: &'static str = "apiKeys.rotate";
    const ACCESS: Access = Access::write(Area::Keys);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::MissingScope, Code::NoPermission, Code::InvalidState];
    const EVENTS: &'static [&'static str] = &["api_key.rotated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","grace_seconds":600}"#;
    type Output = ApiKeyWithSecret;

    async fn call(self, ctx: Context) -> Result<ApiKeyWithSecret> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            if before.status != KeyStatus::Active {
                return Err(Error::new(
                    Code::InvalidState,
                    "This key does not work any more, so it has no use for a secret.",
                ));
            }
            // The caller will hold the new secret, and with it everything the key may do.
            reach::require(tx, &before).await?;
            let grace = self.grace_seconds.map_or(GRACE_SECONDS, |grace| grace.0);
            let (mut row, until) = (before.row.clone(), tx.now().plus_seconds(grace));
            let secret = store::replace_secret(tx, &mut row, until).await?;
            Sessions::forget(tx)?;
            let key = store::save(tx, before, row, "api_key.rotated").await?;
            Ok(ApiKeyWithSecret { key, secret })
        })
        .await
    }
}

arguments! {
    /// Ends an API key at once and for good.
    ///
    /// It stays in the list as `revoked`, so that what it did can be traced. Deleting it again changes nothing.
    pub struct Delete {
        /// The key.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "apiKeys.delete";
    const ACCESS: Access = Access::write(Area::Keys);
    const KIND: Kind = Kind::Delete;
    const EVENTS: &'static [&'static str] = &["api_key.revoked"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let before = store::target(tx, self.id).await?;
            let mut row = before.row.clone();
            row.revoked_at = row.revoked_at.or(Some(tx.now()));
            Sessions::forget(tx)?;
            store::save(tx, before, row, "api_key.revoked").await?;
            Ok(Void {})
        })
        .await
    }
}

/// Refuses names that no method can have, and an end that lies in the past already.
fn check(ctx: &Context, before: Option<&ApiKey>, key: &ApiKeyRow) -> Result<()> {
    let wrong = key.allowed_methods.iter().enumerate().filter(|(_, name)| !is_method_name(name));
    let mut problems: Vec<FieldError> = wrong
        .map(|(index, _)| {
            let pointer = format!("/allowed_methods/{index}");
            FieldError::new(pointer, "pattern", "expected the name of a method such as messages.send")
        })
        .collect();
    let is_new_end = before.is_none_or(|before| before.expires_at != key.expires_at);
    if is_new_end && key.expires_at.is_some_and(|end| end <= ctx.now()) {
        problems.push(FieldError::new("/expires_at", "too_small", "expected an instant in the future"));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::arguments(ctx.method(), problems)) }
}

/// Whether this could be the name of a method (wire contract, "URL and method").
fn is_method_name(name: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    name.contains('.') && name.split('.').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::is_method_name;

    #[test]
    fn names_of_methods_are_told_from_others() {
        for name in ["messages.send", "apiKeys.list", "a.b.c2"] {
            assert!(is_method_name(name), "{name}");
        }
        for name in ["messages", "messages.", ".send", "Messages.send", "messages.*", "messages.mark-read", "a..b"] {
            assert!(!is_method_name(name), "{name}");
        }
    }
}
