//! Integrations: what connects the desk with other systems.

pub mod webhooks;
