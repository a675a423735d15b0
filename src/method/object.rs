//! What the server knows about every object and every answer, whatever the method.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codes::Code;
use super::stream::ByteStream;
use crate::db::Id;

/// Something with an id that callers see: a team, a user.
pub trait Object: Serialize + Send + 'static {
    /// The object's type in events and messages, such as `team`.
    const TYPE: &'static str;
    /// The error for an id that leads nowhere.
    const NOT_FOUND: Code;

    /// The object's id.
    fn id(&self) -> Id;

    /// How often it was changed, from 1; `None` for objects that have no versions.
    fn version(&self) -> Option<i64> {
        None
    }
}

/// What a method answers.
pub trait Output: Serialize + DeserializeOwned + 'static {
    /// Whether the answer is 204, without a body.
    const IS_VOID: bool = false;
    /// Whether the answer goes on for as long as the caller listens.
    const IS_STREAM: bool = false;

    /// The version to send as `ETag`.
    fn etag(&self) -> Option<i64> {
        None
    }

    /// For a list: where the next page starts, empty if there is none. Slack's SDKs read it beside the result.
    fn next_cursor(&self) -> Option<&str> {
        None
    }

    /// The error that the caller asked for, to see how their client takes it; Slack's `api.test` has that.
    fn rehearsed_error(&self) -> Option<&str> {
        None
    }

    /// What goes on for as long as the caller listens.
    fn stream(self) -> Option<ByteStream>
    where
        Self: Sized,
    {
        None
    }
}

/// Declares an object: its type, its not-found code, and where its id and version are.
#[macro_export]
macro_rules! object {
    ($type:ty, $word:literal, $code:ident) => {
        $crate::object!(@ $type, $word, $code, {});
    };
    ($type:ty, $word:literal, $code:ident, versioned) => {
        $crate::object!(@ $type, $word, $code, {
            fn version(&self) -> Option<i64> {
                Some(self.version)
            }
        });
    };
    (@ $type:ty, $word:literal, $code:ident, { $($version:tt)* }) => {
        impl $crate::method::Object for $type {
            const TYPE: &'static str = $word;
            const NOT_FOUND: $crate::method::Code = $crate::method::Code::$code;

            fn id(&self) -> $crate::db::Id {
                self.id
            }

            $($version)*
        }

        impl $crate::method::Output for $type {
            fn etag(&self) -> Option<i64> {
                $crate::method::Object::version(self)
            }
        }
    };
}

/// The answer of methods that answer nothing: 204.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Void {}

impl Output for Void {
    const IS_VOID: bool = true;
}
