//! What can be done with an organization's secrets: set them, replace them, see that they are there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Secret, SecretName};
use super::store::{self, SecretRow};
use crate::arguments;
use crate::db::Timestamp;
use crate::method::{
    Access, Area, Context, Error, Int, Kind, Method, Nullable, Output, Page, Result, Tx, Words, stored,
};

/// How long the old webhook secret is good besides the new one when the call does not say, in seconds: an hour.
const GRACE_SECONDS: i64 = 60 * 60;
/// Of a shorter secret, four characters would tell too much.
const SHOWN_FROM: usize = 12;

arguments! {
    /// Sets a secret of the organization.
    ///
    /// The server keeps it encrypted, uses it where the name says, and never shows it again.
    pub struct SetSecret {
        /// What the secret is for.
        pub name: SecretName,
        // The path keeps `arguments!` from making it optional: who forgets the value must not delete the secret.
        /// The secret; null deletes it.
        pub value: crate::method::Nullable<Words<8000>>,
        /// When it ends.
        pub expires_at: Nullable<Timestamp>,
    }
}

impl Method for SetSecret {
    const NAME: &'static str = "organizations.setSecret";
    const ACCESS: Access = Access::write(Area::Organization);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["secret.updated"];
    const EXAMPLE: &'static str = r#"{"name":"smtp_password","value":"correct horse battery staple"}"#;
    type Output = Secret;

    async fn call(self, ctx: Context) -> Result<Secret> {
        ctx.write(async move |tx| {
            let Some(value) = &self.value.0 else { return store::remove_secret(tx, self.name).await };
            let expires_at: Option<Timestamp> = stored(self.expires_at.clone());
            if expires_at.is_some_and(|end| end <= tx.now()) {
                return Err(Error::argument("/expires_at", "too_small", "must lie in the future"));
            }
            let row = row(tx, self.name, value, expires_at)?;
            store::put_secret(tx, row).await
        })
        .await
    }
}

arguments! {
    /// Lists which secrets the organization has set.
    ///
    /// It tells when each was set and its last characters, never the secret itself.
    pub struct ListSecrets {}
}

impl Method for ListSecrets {
    const NAME: &'static str = "organizations.listSecrets";
    const ACCESS: Access = Access::read(Area::Organization);
    const KIND: Kind = Kind::Read;
    type Output = Page<Secret>;

    async fn call(self, ctx: Context) -> Result<Page<Secret>> {
        Ok(Page::whole(store::secrets(&mut *ctx.read().await?, ctx.organization()).await?))
    }
}

arguments! {
    /// Makes a new secret for signing inbound webhooks.
    ///
    /// It is shown this once. The old one is good for some time yet, so that nothing is lost while senders change over.
    pub struct RotateWebhookSecret {
        /// For how many seconds the old secret is still good; an hour if left out.
        pub grace_seconds: Option<Int<0, 86400>>,
    }
}

/// A new webhook secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewWebhookSecret {
    /// The secret; it is not shown again.
    pub secret: String,
    /// Its last four characters.
    pub last4: String,
}

impl Output for NewWebhookSecret {}

impl Method for RotateWebhookSecret {
    const NAME: &'static str = "organizations.rotateWebhookSecret";
    const ACCESS: Access = Access::write(Area::Organization);
    const KIND: Kind = Kind::Write;
    const EVENTS: &'static [&'static str] = &["secret.updated"];
    const EXAMPLE: &'static str = r#"{"grace_seconds":3600}"#;
    type Output = NewWebhookSecret;

    async fn call(self, ctx: Context) -> Result<NewWebhookSecret> {
        ctx.write(async move |tx| {
            let mut key = [0; 24];
            getrandom::fill(&mut key).map_err(Error::internal)?;
            let secret = format!("whsec_{}", STANDARD.encode(key));
            // Two rotations at once must not both keep the same old secret: one waits here for the other.
            store::lock(tx).await?;
            let organization = tx.organization();
            let before = store::secret(tx, organization, SecretName::WebhookSigning).await?;
            let mut row = row(tx, SecretName::WebhookSigning, &secret, None)?;
            let grace = self.grace_seconds.map_or(GRACE_SECONDS, |seconds| seconds.0);
            if let Some(before) =
                before.filter(|before| grace > 0 && before.expires_at.is_none_or(|end| end > tx.now()))
            {
                row.previous_until = Some(tx.now().plus_seconds(grace));
                row.previous_sealed = Some(before.sealed);
            }
            let last4 = row.last4.clone();
            store::put_secret(tx, row).await?;
            Ok(NewWebhookSecret { secret, last4 })
        })
        .await
    }
}

/// A secret that is set now, sealed.
fn row(tx: &Tx<'_>, name: SecretName, value: &str, expires_at: Option<Timestamp>) -> Result<SecretRow> {
    let purpose = format!("secret:{name}");
    let sealed = tx.ctx().app().keyring().seal(&purpose, value.as_bytes()).map_err(Error::internal)?;
    Ok(SecretRow {
        organization_id: tx.organization(),
        name,
        sealed,
        last4: last4(value),
        previous_sealed: None,
        previous_until: None,
        set_at: tx.now(),
        expires_at,
    })
}

/// The last four characters of a secret that is long enough to show them.
fn last4(value: &str) -> String {
    let length = value.chars().count();
    if length < SHOWN_FROM { String::new() } else { value.chars().skip(length - 4).collect() }
}

#[cfg(test)]
mod tests {
    use super::last4;

    #[test]
    fn short_secrets_show_nothing() {
        assert_eq!(last4("hunter2"), "");
        assert_eq!(last4("correct horse bättery"), "tery");
    }
}
