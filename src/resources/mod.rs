//! What the methods do, by area; each resource is a folder with its methods, its model and its SQL.

pub mod account;
pub mod channels;
pub mod crm;
pub mod data;
pub mod inbox;
pub mod integrations;
pub mod system;
