//! Who may do what: tokens, passwords, sessions, API keys, outside issuers, and the limits on how often.

pub mod authenticate;
pub mod jwt;
pub mod limits;
pub mod links;
pub mod oidc;
pub mod password;
pub mod permit;
pub mod session;
pub mod store;
pub mod token;
pub mod user;
