//! Whom the organization deals with: companies and the stages they pass through, contacts and segments of them, and what describes objects of every kind:
//! tags and custom fields.

pub mod companies;
pub mod contacts;
pub mod custom_fields;
pub mod metadata;
pub mod pipelines;
pub mod segments;
pub mod tags;
