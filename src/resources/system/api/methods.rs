//! What can be asked of the API itself.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Catalogue, Checks, Echo, ErrorInfo, Health, Identity, MethodInfo, ServerInfo, ServerLimits};
use crate::method::args::strict::{MAX_DEPTH, StrictObject};
use crate::method::{
    Access, BODY_LIMIT, Code, Context, Credential, Entry, Kind, Method, Registry, Result, Words, idempotency,
};
use crate::{arguments, run};

/// The methods of the API about itself.
pub const METHODS: &[Entry] = &[
    Entry::of::<Methods>(),
    Entry::of::<Info>(),
    Entry::of::<Errors>(),
    Entry::of::<HealthCheck>(),
    Entry::of::<Test>(),
    Entry::of::<AuthTest>(),
];

arguments! {
    /// Lists every method with its schemas, scopes, errors and examples.
    ///
    /// The answer is made from the code that serves the methods, so it is never out of date.
    pub struct Methods {
        /// Only methods whose names begin with this, such as `teams.`.
        pub prefix: Option<Words<64>>,
    }
}

impl Method for Methods {
    const NAME: &'static str = "api.methods";
    const ACCESS: Access = Access::Public;
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"prefix":"teams."}"#;
    type Output = Catalogue<MethodInfo>;

    async fn call(self, ctx: Context) -> Result<Self::Output> {
        let registry: &Arc<Registry> = ctx.service()?;
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let wanted = registry.methods().iter().filter(|method| method.name().starts_with(prefix));
        Ok(wanted.map(|method| MethodInfo::of(method)).collect::<Vec<_>>().into())
    }
}

arguments! {
    /// Answers what this server is and what its limits are.
    pub struct Info {}
}

impl Method for Info {
    const NAME: &'static str = "api.info";
    const ACCESS: Access = Access::Public;
    const KIND: Kind = Kind::Read;
    type Output = ServerInfo;

    async fn call(self, ctx: Context) -> Result<ServerInfo> {
        let registry: &Arc<Registry> = ctx.service()?;
        Ok(ServerInfo {
            name: "dotdesk".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            api_version: crate::method::API_VERSION.into(),
            database: ctx.app().db.name().into(),
            method_count: registry.methods().len(),
            limits: ServerLimits {
                body_bytes: BODY_LIMIT,
                body_depth: MAX_DEPTH,
                page_size: 1000,
                idempotency_seconds: idempotency::KEPT_SECONDS,
            },
        })
    }
}

arguments! {
    /// Lists every error code with its type, its status and what it means.
    pub struct Errors {}
}

impl Method for Errors {
    const NAME: &'static str = "api.errors";
    const ACCESS: Access = Access::Public;
    const KIND: Kind = Kind::Read;
    type Output = Catalogue<ErrorInfo>;

    async fn call(self, _: Context) -> Result<Self::Output> {
        Ok(Code::ALL.iter().map(ErrorInfo::from).collect::<Vec<_>>().into())
    }
}

arguments! {
    /// Answers whether the server and its database are well.
    ///
    /// `GET /health` tells load balancers that the process lives, `GET /ready` that it can work.
    pub struct HealthCheck {}
}

impl Method for HealthCheck {
    const NAME: &'static str = "api.health";
    const ACCESS: Access = Access::Public;
    const KIND: Kind = Kind::Read;
    type Output = Health;

    async fn call(self, ctx: Context) -> Result<Health> {
        let mut conn = ctx.read().await?;
        run!(conn, |c| diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1")).get_result::<i32>(c))?;
        Ok(Health { status: "ok".into(), checks: Checks { database: "ok".into() } })
    }
}

/// Answers the arguments that were sent: tells whether requests arrive as they are meant to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Test(pub StrictObject);

impl Method for Test {
    const NAME: &'static str = "api.test";
    const ACCESS: Access = Access::Public;
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"foo":"bar"}"#;
    type Output = Echo;

    async fn call(self, _: Context) -> Result<Echo> {
        Ok(Echo { args: self.0.0 })
    }
}

arguments! {
    /// Answers who the token belongs to and what it may do.
    pub struct AuthTest {}
}

impl Method for AuthTest {
    const NAME: &'static str = "auth.test";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Read;
    type Output = Identity;

    async fn call(self, ctx: Context) -> Result<Identity> {
        let caller = ctx.caller()?;
        Ok(Identity {
            url: format!("{}/", ctx.request().base_url),
            team: caller.organization_name.to_string(),
            user: caller.actor.name.clone(),
            team_id: caller.organization,
            user_id: caller.actor.id,
            bot_id: matches!(caller.credential, Credential::ApiKey(_)).then_some(caller.credential_id),
            scopes: caller.scopes,
            token_expires_at: caller.expires_at,
        })
    }
}
