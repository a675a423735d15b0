//! Invitations: a mail with a token that sets the first password.

use super::model::User;
use crate::access::token::TokenKind;
use crate::access::user::TokenPurpose;
use crate::access::{self, links};
use crate::method::{Error, Result, Tx};
use crate::providers::mail::{self, Mail};

/// How long an invitation can be accepted, in seconds: 7 days.
const LIFETIME_SECONDS: i64 = 7 * 24 * 60 * 60;

/// Sends an invitation; earlier ones to the same user are good for nothing from then on.
pub async fn send(tx: &mut Tx<'_>, user: &User) -> Result<()> {
    let to = user.email.clone().ok_or_else(|| Error::internal("an invited user has an address"))?;
    let end = tx.now().plus_seconds(LIFETIME_SECONDS);
    access::store::withdraw(tx, TokenPurpose::Invite, user.id).await?;
    let token = access::store::issue(tx, TokenKind::Invite, TokenPurpose::Invite, user.id, Some(end)).await?;
    let organization = tx.organization();
    let ctx = tx.ctx().clone();
    let base = links::base(&ctx, tx, organization).await?;
    let organization = access::store::organization_name(tx, organization).await?;
    let how = match base {
        Some(base) => format!(
            "    curl {base}/auth.resetPassword -H 'Content-Type: application/json' \\\n      \
             -d '{{\"token\": \"{token}\", \"new_password\": \"<12 characters or more>\"}}'"
        ),
        None => format!(
            "POST /auth.resetPassword\n\
             {{\"token\": \"{token}\",\n \"new_password\": \"<12 characters or more>\"}}"
        ),
    };
    let text = format!(
        "Hello {name},\n\n\
         {inviter} invites you to {organization}. To accept, choose a password and send it with this token:\n\n\
         {how}\n\n\
         Then log in by auth.login with {to} and your password.\n\n\
         The token can be used once, until {end}. If you did not expect this mail, you need not do anything.\n",
        name = user.name,
        inviter = ctx.caller()?.actor.name,
    );
    mail::enqueue(tx, &Mail { to, subject: format!("Your invitation to {organization}"), text }).await
}
