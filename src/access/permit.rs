//! Whether a caller may call a method at all, from whichever door they come.

use std::net::IpAddr;

use crate::method::{Access, Caller, Code, Credential, Described, Error, Result};

/// Whether the caller may call the method from this address.
pub fn permit(caller: &Caller, method: &Described, ip: Option<IpAddr>) -> Result<()> {
    if let Credential::ApiKey(limits) = &caller.credential {
        if !limits.ip_allowlist.is_empty()
            && !ip.is_some_and(|ip| limits.ip_allowlist.iter().any(|net| net.contains(&ip)))
        {
            return Err(Error::new(Code::IpNotAllowed, "This key may not be used from your address."));
        }
        if !limits.allowed_methods.is_empty() && !limits.allowed_methods.iter().any(|name| name == method.name()) {
            return Err(Error::new(Code::NoPermission, format!("This key may not call {}.", method.name())));
        }
    }
    if caller.contact.is_some() {
        // Contacts have no scopes: what they may call is what is made for them.
        return match method.entry.for_contacts {
            true => Ok(()),
            false => Err(Error::new(Code::NoPermission, format!("A contact may not call {}.", method.name()))),
        };
    }
    match method.entry.access {
        Access::Scope(scope) if !caller.scopes.has(scope) => {
            Err(Error::new(Code::MissingScope, format!("{} needs the scope {scope}.", method.name()))
                .with("needed", scope.to_string())
                .with("provided", caller.scopes.words().join(",")))
        }
        _ => Ok(()),
    }
}
