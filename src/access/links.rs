//! Links that mails carry lead to this server, and to nowhere that a stranger chose.

use url::Host;

use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Context, Result};
use crate::run;
use crate::schema::hostnames;

/// The address under which people reach this server, such as `https://desk.example.com`; from the configuration.
pub struct PublicUrl(pub String);

/// Where links for the people of an organization begin; `None` where no address can be trusted.
///
/// Without a configured address it is the one that the request came to, but only if the organization has that host name: the
/// client chooses what the `Host` header says, and would have somebody else's token sent to a server of his own.
pub async fn base(ctx: &Context, conn: &mut Conn, organization: Id) -> Result<Option<String>> {
    if let Some(PublicUrl(address)) = ctx.app().services().get() {
        return Ok(Some(address.trim_end_matches('/').to_owned()));
    }
    let Ok(address) = url::Url::parse(&ctx.request().base_url) else { return Ok(None) };
    let trusted = match address.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain("localhost")) => true,
        Some(Host::Domain(name)) => {
            let owner: Option<Id> =
                run!(conn, |c| hostnames::table.find(name).select(hostnames::organization_id).first(c)).optional()?;
            owner == Some(organization)
        }
        None => false,
    };
    Ok(trusted.then(|| address.origin().ascii_serialization()))
}
