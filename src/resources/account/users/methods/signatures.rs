use crate::arguments;
use crate::db::Id;
use crate::method::{
    Access, Area, Code, Context, Error, Kind, Language, Method, Nullable, Page, Result, Void, Words, stored,
};
use crate::resources::account::users::{Signature, User, rules, sanitize, store};

/// In how many languages a user may have a signature.
const MAX_LANGUAGES: usize = 20;

arguments! {
    /// Sets what a user's mails end with, in one language.
    ///
    /// It replaces the signature that the user has in this language. HTML is kept without what could run in a mail program. For
    /// another user it takes the scope `users:write`.
    pub struct SetSignature {
        /// The user.
        pub user_id: Id,
        /// The language; a user has signatures in at most 20.
        pub language: Language,
        /// The signature for HTML mail.
        pub html: Nullable<Words<20000>>,
        /// The signature for plain mail.
        pub text: Nullable<Words<5000>>,
    }
}

impl Method for SetSignature {
    const NAME: &'static str = "users.setSignature";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::LimitExceeded, Code::NoPermission];
    const EVENTS: &'static [&'static str] = &["user.updated"];
    const EXAMPLE: &'static str = r#"{"user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","language":"en","html":"<b>Jane Doe</b><br>Sales","text":"Jane Doe, Sales"}"#;
    type Output = Signature;

    async fn call(self, ctx: Context) -> Result<Signature> {
        rules::require_reach(&ctx, self.user_id)?;
        let html: Option<String> = stored(self.html.clone());
        let signature = Signature {
            language: self.language.to_string(),
            html: html.map(|html| sanitize::html(&html)).filter(|html| !html.trim().is_empty()),
            text: stored(self.text.clone()),
        };
        if signature.html.is_none() && signature.text.is_none() {
            let message = "html or text is needed, and HTML that shows something";
            return Err(Error::argument("/html", "required", message));
        }
        ctx.write(async move |tx| {
            let before = store::target(tx, self.user_id).await?;
            rules::require_power_over(tx, self.user_id).await?;
            let mut user = before.clone();
            match user.signatures.iter_mut().find(|kept| kept.language == signature.language) {
                Some(kept) => *kept = signature.clone(),
                None => user.signatures.push(signature.clone()),
            }
            if user.signatures.len() > MAX_LANGUAGES {
                return Err(Error::new(Code::LimitExceeded, "A user has signatures in at most 20 languages."));
            }
            store::save(tx, before, user, "user.updated").await?;
            Ok(signature.clone())
        })
        .await
    }
}

arguments! {
    /// Lists a user's signatures in all languages.
    pub struct ListSignatures {
        /// The user.
        pub user_id: Id,
    }
}

impl Method for ListSignatures {
    const NAME: &'static str = "users.listSignatures";
    const ACCESS: Access = Access::read(Area::Users);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Page<Signature>;

    async fn call(self, ctx: Context) -> Result<Page<Signature>> {
        let found = store::find(&mut *ctx.read().await?, ctx.organization(), self.user_id).await?;
        Ok(Page::whole(found.ok_or_else(Error::not_found::<User>)?.row.signatures.0))
    }
}

arguments! {
    /// Answers a user's signature in one language.
    pub struct SignatureInfo {
        /// The user.
        pub user_id: Id,
        /// The language.
        pub language: Language,
    }
}

impl Method for SignatureInfo {
    const NAME: &'static str = "users.signatureInfo";
    const ACCESS: Access = Access::read(Area::Users);
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::SignatureNotFound];
    const EXAMPLE: &'static str = r#"{"user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","language":"en"}"#;
    type Output = Signature;

    async fn call(self, ctx: Context) -> Result<Signature> {
        let found = store::find(&mut *ctx.read().await?, ctx.organization(), self.user_id).await?;
        let signatures = found.ok_or_else(Error::not_found::<User>)?.row.signatures.0;
        signatures.into_iter().find(|kept| kept.language == *self.language).ok_or_else(none)
    }
}

arguments! {
    /// Deletes a user's signature in one language.
    ///
    /// For another user it takes the scope `users:write`.
    pub struct DeleteSignature {
        /// The user.
        pub user_id: Id,
        /// The language.
        pub language: Language,
    }
}

impl Method for DeleteSignature {
    const NAME: &'static str = "users.deleteSignature";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Delete;
    const ERRORS: &'static [Code] = &[Code::SignatureNotFound, Code::NoPermission];
    const EVENTS: &'static [&'static str] = &["user.updated"];
    const EXAMPLE: &'static str = r#"{"user_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","language":"en"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        rules::require_reach(&ctx, self.user_id)?;
        ctx.write(async move |tx| {
            let before = store::target(tx, self.user_id).await?;
            rules::require_power_over(tx, self.user_id).await?;
            let mut user = before.clone();
            user.signatures.retain(|kept| kept.language != *self.language);
            if user.signatures.len() == before.signatures.len() {
                return Err(none());
            }
            store::save(tx, before, user, "user.updated").await?;
            Ok(Void {})
        })
        .await
    }
}

fn none() -> Error {
    Error::new(Code::SignatureNotFound, "The user has no signature in this language.")
}
