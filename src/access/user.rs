//! The facts of a user that decide what he may do.

use crate::text_enum;

text_enum! {
    /// What a user is.
    pub enum UserKind {
        /// A person.
        Human = "human",
        /// An AI teammate.
        Ai = "ai",
    }
}

text_enum! {
    /// Where a user stands.
    pub enum UserStatus {
        /// Was sent an invitation and has not accepted it yet.
        Invited = "invited",
        /// May log in and work.
        Active = "active",
        /// May not log in.
        Inactive = "inactive",
    }
}

text_enum! {
    /// Which conversations the holders of a role see.
    pub enum ConversationVisibility {
        /// All of the organization.
        All = "all",
        /// What their teams' queries show, and what is assigned to, mentions or is followed by them.
        Team = "team",
        /// Only what is assigned to, mentions or is followed by them.
        Assigned = "assigned",
    }
}

text_enum! {
    /// What an opaque token opens.
    pub enum TokenPurpose {
        /// An API key.
        ApiKey = "api_key",
        /// A session, to get its next access token.
        Refresh = "refresh",
        /// A user's new password.
        Reset = "reset",
        /// A user's first password.
        Invite = "invite",
    }
}

text_enum! {
    /// Whether what a key does is real.
    pub enum Environment {
        /// It is.
        Live = "live",
        /// It is a test: marked as such, and never delivered outside.
        Test = "test",
    }
}
