//! Every error code there is, with its type, its status and what it means to a caller. Codes are never renamed.

/// What kind of thing went wrong: the closed list that clients switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    /// The request is wrong; fix the code that made it.
    InvalidRequest,
    /// Who is calling is not known.
    Authentication,
    /// The caller may not do this.
    Permission,
    /// There is no such thing, or the caller may not see it.
    NotFound,
    /// It does not fit the present state; read again and decide again.
    Conflict,
    /// The condition that the request set (`If-Match`) does not hold.
    Precondition,
    /// Too much at once; wait and send the same again.
    RateLimit,
    /// Our fault; nothing was committed, send the same again.
    Server,
}

impl ErrorType {
    /// The word in `error.type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Precondition => "precondition",
            Self::RateLimit => "rate_limit",
            Self::Server => "server",
        }
    }
}

macro_rules! codes {
    ($($variant:ident = $word:literal $type:ident $status:literal $meaning:literal;)+) => {
        /// A stable error code; `error.code` on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $meaning] $variant),+ }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The word in `error.code`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $word),+ }
            }

            /// The word in `error.type`.
            pub const fn error_type(self) -> ErrorType {
                match self { $(Code::$variant => ErrorType::$type),+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Code::$variant => $status),+ }
            }

            /// What it means and what to do, for the documentation.
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $meaning),+ }
            }
        }
    };
}

codes! {
    InvalidJson = "invalid_json" InvalidRequest 400 "The body is not JSON; `line` and `column` say where it stops being so.";
    JsonNotObject = "json_not_object" InvalidRequest 400 "The body is JSON, but not an object.";
    InvalidArguments = "invalid_arguments" InvalidRequest 400 "One or more arguments are wrong; `errors` lists every one with its pointer.";
    InvalidQuery = "invalid_query" InvalidRequest 400 "A query is not understood; `errors` says where, and what may have been meant.";
    InvalidCursor = "invalid_cursor" InvalidRequest 400 "The cursor was not made by this method with these arguments; start again without it.";
    InvalidCharset = "invalid_charset" InvalidRequest 400 "The body is in another charset than UTF-8 (under /api/ only).";
    InvalidFormData = "invalid_form_data" InvalidRequest 400 "The form cannot be read, or has a file where the method takes none (under /api/ only).";
    InvalidAuthHeader = "invalid_auth_header" InvalidRequest 400 "The credentials are sent in a form we do not know, or two different ones are sent at once.";
    IdempotencyKeyInvalid = "idempotency_key_invalid" InvalidRequest 400 "An idempotency key has 1 to 255 visible ASCII characters.";
    WeakPassword = "weak_password" InvalidRequest 400 "The password is too easy to guess; use a longer or less common one.";
    UnsafeUrl = "unsafe_url" InvalidRequest 400 "The address may not be fetched from here: it leads to this server's own network, or onward.";
    LimitExceeded = "limit_exceeded" InvalidRequest 400 "The request asks for more than a documented limit allows.";
    NotAtomic = "not_atomic" InvalidRequest 400 "The call waits for more than the database, such as the hash of a password, so it cannot be part of an atomic batch; make it before or after.";
    MethodNotAllowed = "method_not_allowed" InvalidRequest 405 "Methods are called with POST.";
    RequestTooLarge = "request_too_large" InvalidRequest 413 "The body or the headers are larger than `limit_bytes`.";
    UnsupportedMediaType = "unsupported_media_type" InvalidRequest 415 "The body is in a format or encoding that is not read here; send JSON.";
    NotAuthed = "not_authed" Authentication 401 "No credentials were sent.";
    InvalidAuth = "invalid_auth" Authentication 401 "The credentials are wrong.";
    TokenExpired = "token_expired" Authentication 401 "The token was valid once; get a new one.";
    TokenRevoked = "token_revoked" Authentication 401 "The token was revoked.";
    AccountInactive = "account_inactive" Authentication 401 "The user behind the token is not active.";
    MissingScope = "missing_scope" Permission 403 "The token lacks a scope; `needed` and `provided` say which.";
    NoPermission = "no_permission" Permission 403 "The caller may not do this, whatever the scopes.";
    ContactBlocked = "contact_blocked" Permission 403 "The contact is blocked: nothing new begins with them, and their token opens nothing.";
    IpNotAllowed = "ip_not_allowed" Permission 403 "The key may not be used from this address.";
    TakeoverRequired = "takeover_required" Permission 403 "AI answers in this conversation; take it over first, or say `take_over`.";
    UnknownMethod = "unknown_method" NotFound 404 "There is no such method; `suggestions` lists the nearest.";
    OrganizationNotFound = "organization_not_found" NotFound 404 "There is no such organization.";
    UserNotFound = "user_not_found" NotFound 404 "There is no such user.";
    RoleNotFound = "role_not_found" NotFound 404 "There is no such role.";
    TeamNotFound = "team_not_found" NotFound 404 "There is no such team.";
    ApiKeyNotFound = "api_key_not_found" NotFound 404 "There is no such API key.";
    SessionNotFound = "session_not_found" NotFound 404 "There is no such session.";
    CompanyNotFound = "company_not_found" NotFound 404 "There is no such company; if it was merged into another one, `merged_into_id` says which.";
    PipelineNotFound = "pipeline_not_found" NotFound 404 "There is no such pipeline.";
    StageNotFound = "stage_not_found" NotFound 404 "There is no such stage.";
    TagNotFound = "tag_not_found" NotFound 404 "There is no such tag.";
    CustomFieldNotFound = "custom_field_not_found" NotFound 404 "There is no such custom field.";
    SignatureNotFound = "signature_not_found" NotFound 404 "The user has no signature in this language.";
    ContactNotFound = "contact_not_found" NotFound 404 "There is no such contact; `merged_into_id` says which one it became, if it did.";
    ConversationNotFound = "conversation_not_found" NotFound 404 "There is no such conversation, or the caller may not see it.";
    MessageNotFound = "message_not_found" NotFound 404 "There is no such message, or the caller may not see its conversation.";
    ViewNotFound = "view_not_found" NotFound 404 "There is no such view, or the caller does not have it.";
    CsatSurveyNotFound = "csat_survey_not_found" NotFound 404 "There is no such survey, or the caller may not see its conversation.";
    ChannelNotFound = "channel_not_found" NotFound 404 "There is no such channel.";
    FileNotFound = "file_not_found" NotFound 404 "There is no such file.";
    SegmentNotFound = "segment_not_found" NotFound 404 "There is no such segment.";
    AuditEntryNotFound = "audit_entry_not_found" NotFound 404 "There is no such entry in the audit.";
    EventNotFound = "event_not_found" NotFound 404 "There is no such event, it is not kept any more, or the caller may not see it.";
    MergeNotFound = "merge_not_found" NotFound 404 "There is no such merge.";
    ExportNotFound = "export_not_found" NotFound 404 "There is no such export.";
    ImportNotFound = "import_not_found" NotFound 404 "There is no such import.";
    JobNotFound = "job_not_found" NotFound 404 "There is no such job.";
    WebhookNotFound = "webhook_not_found" NotFound 404 "There is no such webhook.";
    WebhookDeliveryNotFound = "webhook_delivery_not_found" NotFound 404 "There is no such delivery, or it is more than 30 days old.";
    VersionConflict = "version_conflict" Conflict 409 "The object changed since the version you named; `current` is what it is now. With If-Match the status is 412 and the type `precondition`.";
    AlreadyExists = "already_exists" Conflict 409 "There is one with this key already.";
    NameTaken = "name_taken" Conflict 409 "Another one has this name.";
    InvalidState = "invalid_state" Conflict 409 "The object's state does not allow this.";
    InUse = "in_use" Conflict 409 "Something still refers to the object.";
    MergeConflict = "merge_conflict" Conflict 409 "The values that are to find the object belong to several; `ids` names them: merge these first, or send fewer values. Or what is to be merged cannot be, such as conversations with different contacts.";
    Cycle = "cycle" Conflict 409 "An object cannot be merged into itself, nor into what was merged into it.";
    IdempotencyInProgress = "idempotency_in_progress" Conflict 409 "A request with this idempotency key is still running; retry in a second.";
    BatchAborted = "batch_aborted" Conflict 409 "A call of an atomic batch failed, so nothing of the batch was done. `failed` and `failed_index` say which, `cause` is its error; the status and the type are those of the cause.";
    Expired = "expired" Conflict 410 "What the token or link stood for is over; ask for a new one.";
    CursorExpired = "cursor_expired" Conflict 410 "What came after this place in the feed is not kept any more: list the objects again, then go on from `latest_seq`.";
    IdempotencyKeyReused = "idempotency_key_reused" Conflict 422 "This idempotency key was used for another call.";
    DependencyFailed = "dependency_failed" Conflict 424 "The call was not made, because it refers to the result of a call of the same batch that failed; `failed` says which.";
    Ratelimited = "ratelimited" RateLimit 429 "Too many calls; wait `retry_after` seconds.";
    TooManyConcurrentRequests = "too_many_concurrent_requests" RateLimit 429 "Too many streams are open at once with these credentials; close one.";
    InternalError = "internal_error" Server 500 "A fault of ours. Nothing was committed; the request id finds it in our logs.";
    ProviderError = "provider_error" Server 502 "An outside service did not do what it was asked for; the message says what it answered. Nothing was committed.";
    ServiceUnavailable = "service_unavailable" Server 503 "The database or a part of the server is away. Nothing was committed, unless the message says that this is not known; retry.";
    RequestTimeout = "request_timeout" Server 504 "The call took longer than allowed. Nothing was committed; retry.";
}
