use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Error, Kind, Method, Page, Result};
use crate::resources::account::users::store::{self, Filter};
use crate::resources::account::users::{User, UserKind, UserStatus};

arguments! {
    /// Lists the users of the organization, people and AI teammates.
    pub struct ListUsers paged {
        /// Only people, or only AI teammates.
        pub kind: Option<UserKind>,
        /// Only users who stand there.
        pub status: Option<UserStatus>,
        /// Only members of this team.
        pub team_id: Option<Id>,
        /// Only users who have this role.
        pub role_id: Option<Id>,
    }
}

impl Method for ListUsers {
    const NAME: &'static str = "users.list";
    const ACCESS: Access = Access::read(Area::Users);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"kind":"human","status":"active"}"#;
    type Output = Page<User>;

    async fn call(self, ctx: Context) -> Result<Page<User>> {
        let window = ctx.page(&self)?;
        let filter = Filter { kind: self.kind, status: self.status, role: self.role_id, team: self.team_id };
        let rows = store::list(&mut *ctx.read().await?, ctx.organization(), filter, &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

arguments! {
    /// Answers one user.
    pub struct Info {
        /// The user.
        pub id: Id,
    }
}

impl Method for Info {
    const NAME: &'static str = "users.info";
    const ACCESS: Access = Access::read(Area::Users);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = User;

    async fn call(self, ctx: Context) -> Result<User> {
        let found = store::find(&mut *ctx.read().await?, ctx.organization(), self.id).await?;
        found.ok_or_else(Error::not_found::<User>)
    }
}

arguments! {
    /// Answers the user that the token stands for.
    ///
    /// A key that acts for the organization itself stands for no user.
    pub struct Me {}
}

impl Method for Me {
    const NAME: &'static str = "users.me";
    const ACCESS: Access = Access::Authenticated;
    const KIND: Kind = Kind::Read;
    const ERRORS: &'static [Code] = &[Code::NoPermission];
    type Output = User;

    async fn call(self, ctx: Context) -> Result<User> {
        let id = ctx.user()?;
        let found = store::find(&mut *ctx.read().await?, ctx.organization(), id).await?;
        found.ok_or_else(Error::not_found::<User>)
    }
}
