//! The ways by which messages come in and go out.

#[expect(clippy::module_inception, reason = "the area and its first resource have the same name")]
pub mod channels;
