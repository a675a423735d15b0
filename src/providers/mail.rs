//! Mail: written down in the transaction that calls for it, sent by a worker afterwards.

mod mailer;
mod worker;

use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::method::{Error, Result, Tx};
use crate::run;
use crate::schema::mails;

pub use mailer::{BadMailer, Mailer};
pub use worker::send_due;

/// Mails are sealed for this purpose: they carry links that log people in.
const PURPOSE: &str = "mail";

/// A mail to one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// Has a mail sent once this transaction is committed.
pub async fn enqueue(tx: &mut Tx<'_>, mail: &Mail) -> Result<()> {
    let sealed = tx.ctx().app().keyring().seal(PURPOSE, &serde_json::to_vec(mail)?).map_err(Error::internal)?;
    let (organization, id, now) = (tx.organization(), tx.new_id(), tx.now());
    run!(tx, |c| diesel::insert_into(mails::table)
        .values((
            mails::organization_id.eq(organization),
            mails::id.eq(id),
            mails::sealed.eq(&sealed),
            mails::attempts.eq(0),
            mails::next_attempt_at.eq(Some(now)),
            mails::last_error.eq(None::<String>),
            mails::created_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}
