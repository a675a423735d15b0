//! `files.rotateToken`, `delete`.

use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Result, Void};
use crate::resources::inbox::files::model::File;
use crate::resources::inbox::files::{assembly, store};

arguments! {
    /// Gives a file a new token: addresses with the old one stop to work.
    pub struct RotateToken {
        /// The file.
        pub id: Id,
    }
}

impl Method for RotateToken {
    const NAME: &'static str = "files.rotateToken";
    const ACCESS: Access = Access::write(Area::Files);
    const KIND: Kind = Kind::Write;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = File;

    async fn call(self, ctx: Context) -> Result<File> {
        let token = store::new_token()?;
        ctx.write(async move |tx| {
            let file = store::target(tx, self.id).await?;
            store::replace_token(tx, file, token.clone()).await
        })
        .await
    }
}

arguments! {
    /// Deletes a file that belongs to nothing, for good.
    ///
    /// A file that is attached to a message is taken off it first. The bytes go some minutes later, once no other file has them.
    pub struct Delete {
        /// The file.
        pub id: Id,
    }
}

impl Method for Delete {
    const NAME: &'static str = "files.delete";
    const ACCESS: Access = Access::write(Area::Files);
    const KIND: Kind = Kind::Delete;
    const ERRORS: &'static [Code] = &[Code::InUse];
    const EVENTS: &'static [&'static str] = &["file.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let file = store::target_to_delete(tx, self.id).await?;
            if !file.linked_to.is_empty() {
                return Err(Error::new(Code::InUse, "The file is attached to a message.")
                    .with("linked_to", serde_json::to_value(&file.linked_to)?));
            }
            assembly::remove(tx, &file).await?;
            Ok(Void {})
        })
        .await
    }
}
