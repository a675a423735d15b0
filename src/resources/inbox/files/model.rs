//! The file, as it is stored and as callers see it.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::prelude::*;
use crate::db::{Id, Json, Timestamp};
use crate::method::{Code, Object, Output};
use crate::schema::files;
use crate::text_enum;

/// The most bytes of a file.
pub const MAX_BYTES: usize = 50 << 20;

text_enum! {
    /// How far a file is.
    pub enum FileStatus {
        /// Its chunks are still coming.
        Uploading = "uploading",
        /// It can be read and attached.
        Ready = "ready",
        /// Its bytes are not what it says it is; it is kept and shown to nobody.
        Quarantined = "quarantined",
        /// Its bytes are not those that were announced; they were not kept.
        Rejected = "rejected",
    }
}

text_enum! {
    /// What came of looking at the bytes of a file.
    pub enum ScanState {
        /// They have not been looked at yet.
        Pending = "pending",
        /// Nothing speaks against them.
        Clean = "clean",
        /// They are not what the content type says.
        Suspicious = "suspicious",
        /// They are not those that were announced.
        Failed = "failed",
    }
}

/// What came of looking at the bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scan {
    /// How it came out.
    pub state: ScanState,
    /// What was looked for: `signatures`, the marks by which formats are known.
    pub engine: String,
    /// When they were looked at.
    pub at: Option<Timestamp>,
    /// What was found, in words.
    pub message: Option<String>,
}

impl Default for Scan {
    fn default() -> Self {
        Self { state: ScanState::Pending, engine: "signatures".into(), at: None, message: None }
    }
}

/// What is stored of a file.
#[derive(
    Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = files, primary_key(organization_id, id), treat_none_as_null = true)]
pub struct FileRow {
    #[serde(skip)]
    pub organization_id: Id,
    /// The file's id.
    pub id: Id,
    /// What it is called.
    pub name: String,
    /// What it says it is, such as `image/png`.
    pub content_type: String,
    /// How many bytes it has; while it is being uploaded, how many it is to have.
    pub size: i64,
    /// How many of them have arrived.
    pub received_size: i64,
    /// The SHA-256 digest of its bytes, in hexadecimal; while it is being uploaded, the one that was announced.
    pub sha256: Option<String>,
    /// How far it is.
    pub status: FileStatus,
    /// What opens it, for whoever has it: `GET /f/<token>`.
    pub token: String,
    /// When the token opens it no more; null for never.
    pub expires_at: Option<Timestamp>,
    /// What came of looking at its bytes.
    pub scan: Json<Scan>,
    /// The contact who sent it, if one did.
    #[serde(skip)]
    pub contact_id: Option<Id>,
    /// When the file was created.
    pub created_at: Timestamp,
    /// When the file was last changed.
    pub updated_at: Timestamp,
}

/// Bytes with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// What is stored of it.
    #[serde(flatten)]
    pub row: FileRow,
    /// Where anybody can get it: a path on this server, with the server's own address before it where that is configured. Null
    /// while the file is not ready.
    pub url: Option<String>,
    /// What the file belongs to.
    pub linked_to: Vec<Link>,
}

/// Something that a file belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// What kind of object, such as `message`.
    #[serde(rename = "type")]
    pub type_: LinkType,
    /// The object.
    pub id: Id,
}

text_enum! {
    /// What a file can belong to.
    pub enum LinkType {
        /// A message, which it is attached to.
        Message = "message",
    }
}

impl Deref for File {
    type Target = FileRow;

    fn deref(&self) -> &FileRow {
        &self.row
    }
}

impl Object for File {
    const TYPE: &'static str = "file";
    const NOT_FOUND: Code = Code::FileNotFound;

    fn id(&self) -> Id {
        self.row.id
    }
}

impl Output for File {}

/// A file as part of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// The file.
    pub file_id: Id,
    /// What it is called.
    pub name: String,
    /// What it says it is, such as `image/png`.
    pub content_type: String,
    /// How many bytes it has.
    pub size: i64,
    /// The SHA-256 digest of its bytes, in hexadecimal.
    pub sha256: String,
    /// Where anybody can get it; null if its bytes are not what it says it is.
    pub url: Option<String>,
    /// Whether the message's HTML shows it.
    pub is_inline: bool,
    /// Whether it is shown to nobody, because its bytes are not what it says it is.
    pub quarantined: bool,
}

impl Attachment {
    /// The file as a part of a message that does not show it in its text.
    pub fn of(file: &FileRow, url: Option<String>) -> Self {
        Self {
            file_id: file.id,
            name: file.name.clone(),
            content_type: file.content_type.clone(),
            size: file.size,
            sha256: file.sha256.clone().unwrap_or_default(),
            url,
            is_inline: false,
            quarantined: file.status == FileStatus::Quarantined,
        }
    }
}

/// A part of a file's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// The bytes, as base64.
    pub content_base64: String,
    /// Where in the file they begin.
    pub offset: i64,
    /// How many bytes the whole file has.
    pub size: i64,
    /// What the file says it is, such as `image/png`.
    pub content_type: String,
}

impl Output for Part {}
