//! The groups of settings inside an organization.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments;
use crate::db::{Id, Json};
use crate::method::{Assign, Int, Nullable, Patch, Url, Words};
use crate::text_enum;

/// Declares a group of settings from one list of fields: as it is kept, with a default for each field, and as an update changes
/// it. What a newer version adds reads as its default from what an older one has stored.
macro_rules! group {
    (
        $(#[$meta:meta])*
        $kept:ident, $patch:ident {
            $( $(#[$field_meta:meta])* $field:ident: $type:ty = $default:expr, sent as $sent:ty; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(default)]
        pub struct $kept {
            $( $(#[$field_meta])* pub $field: $type, )+
        }

        impl Default for $kept {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        arguments! {
            $(#[$meta])*
            ///
            /// What is left out stays as it is.
            pub struct $patch {
                $( $(#[$field_meta])* pub $field: Patch<$sent>, )+
            }
        }

        /// Null sets everything in the group back to its default.
        impl Assign<$kept> for Nullable<$patch> {
            fn assign(self, target: &mut $kept) {
                match self.0 {
                    None => *target = $kept::default(),
                    Some(patch) => { $( patch.$field.apply(&mut target.$field); )+ }
                }
            }
        }
    };
}

/// The groups that are columns of their own.
macro_rules! in_column {
    ($($kept:ident, $patch:ident;)+) => {
        $(impl Assign<Json<$kept>> for Nullable<$patch> {
            fn assign(self, target: &mut Json<$kept>) {
                self.assign(&mut target.0);
            }
        })+
    };
}

macro_rules! assign_words {
    ($($type:ident),+) => {
        $(impl Assign<$type> for $type {
            fn assign(self, target: &mut $type) {
                *target = self;
            }
        })+
    };
}

in_column! {
    DefaultModels, DefaultModelsPatch;
    Connectors, ConnectorsPatch;
    Settings, SettingsPatch;
}

assign_words!(AuthType, EmailProvider);

group! {
    /// The AI models that are used where none is named.
    DefaultModels, DefaultModelsPatch {
        /// For finding what a conversation is about.
        topic: Option<Id> = None, sent as Nullable<Id>;
        /// For chats.
        chat: Option<Id> = None, sent as Nullable<Id>;
        /// For mail.
        email: Option<Id> = None, sent as Nullable<Id>;
        /// For telephone calls.
        call: Option<Id> = None, sent as Nullable<Id>;
        /// For telling spam.
        spam: Option<Id> = None, sent as Nullable<Id>;
        /// For deciding on conditions of rules.
        conditional_rules: Option<Id> = None, sent as Nullable<Id>;
        /// For summaries.
        summary: Option<Id> = None, sent as Nullable<Id>;
        /// For speech in real time.
        realtime: Option<Id> = None, sent as Nullable<Id>;
    }
}

impl DefaultModels {
    /// The models that are set, by the name of what they are for.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, Id)> {
        [
            ("topic", self.topic),
            ("chat", self.chat),
            ("email", self.email),
            ("call", self.call),
            ("spam", self.spam),
            ("conditional_rules", self.conditional_rules),
            ("summary", self.summary),
            ("realtime", self.realtime),
        ]
        .into_iter()
        .filter_map(|(name, model)| model.map(|model| (name, model)))
    }
}

group! {
    /// How the server reaches the organization's own systems; passwords and tokens are secrets and set by
    /// `organizations.setSecret`.
    Connectors, ConnectorsPatch {
        /// The organization's own API.
        api: ApiConnector = ApiConnector::default(), sent as Nullable<ApiConnectorPatch>;
        /// The organization's mail.
        email: EmailConnector = EmailConnector::default(), sent as Nullable<EmailConnectorPatch>;
        /// The organization's telephony.
        telephony: TelephonyConnector = TelephonyConnector::default(), sent as Nullable<TelephonyConnectorPatch>;
    }
}

text_enum! {
    /// How the server identifies itself to the organization's API.
    pub enum AuthType {
        /// Not at all.
        None = "none",
        /// With `username` and the secret `api_password`.
        Basic = "basic",
        /// With the secret `api_token` as a bearer token.
        Bearer = "bearer",
        /// With the secret `api_token` as `X-Api-Key`.
        ApiKey = "api_key",
    }
}

group! {
    /// The organization's own API, which actions call.
    ApiConnector, ApiConnectorPatch {
        /// What the addresses of its endpoints start with.
        base_url: Option<String> = None, sent as Nullable<Url>;
        /// The name to log in with.
        username: Option<String> = None, sent as Nullable<Words<255>>;
        /// How the server identifies itself; `none` at first.
        auth_type: AuthType = AuthType::None, sent as AuthType;
    }
}

text_enum! {
    /// How mail is received and sent.
    pub enum EmailProvider {
        /// Through Microsoft Graph.
        Graph = "graph",
        /// Through IMAP and SMTP.
        Imap = "imap",
        /// Not at all.
        None = "none",
    }
}

group! {
    /// The organization's mail.
    EmailConnector, EmailConnectorPatch {
        /// How mail is received and sent; `none` at first.
        provider: EmailProvider = EmailProvider::None, sent as EmailProvider;
        /// The tenant at Microsoft.
        graph_tenant_id: Option<String> = None, sent as Nullable<Words<255>>;
        /// The application at Microsoft.
        graph_client_id: Option<String> = None, sent as Nullable<Words<255>>;
        /// Where Microsoft issues tokens.
        graph_authority_url: Option<String> = None, sent as Nullable<Url>;
        /// The scope to ask Microsoft for.
        graph_scope: Option<String> = None, sent as Nullable<Words<500>>;
        /// The host of the mailbox.
        imap_server: Option<String> = None, sent as Nullable<Words<253>>;
        /// The port of the mailbox.
        imap_port: Option<i32> = None, sent as Nullable<Int<1, 65535>>;
        /// Whether the connection to the mailbox is encrypted from its start; true at first.
        imap_use_ssl: bool = true, sent as bool;
        /// The host that takes mail.
        smtp_server: Option<String> = None, sent as Nullable<Words<253>>;
        /// The port that takes mail.
        smtp_port: Option<i32> = None, sent as Nullable<Int<1, 65535>>;
        /// Whether the connection that mail is sent on is encrypted from its start; true at first.
        smtp_use_ssl: bool = true, sent as bool;
    }
}

group! {
    /// The organization's telephony.
    TelephonyConnector, TelephonyConnectorPatch {
        /// Who provides it, such as `twilio`.
        provider: Option<String> = None, sent as Nullable<Words<40>>;
        /// The account there.
        account_sid: Option<String> = None, sent as Nullable<Words<255>>;
    }
}

group! {
    /// How conversations are handled.
    Settings, SettingsPatch {
        /// After how many hours without a message a conversation is closed; null for never.
        auto_close_after_hours: Option<i32> = None, sent as Nullable<Int<1, 8760>>;
        /// Whether AI teammates may do anything at all; true at first.
        ai_enabled: bool = true, sent as bool;
        /// Whether a person must approve what AI teammates write; false at first.
        require_ai_approval: bool = false, sent as bool;
        /// Whether contacts are asked how content they are; false at first.
        csat_enabled: bool = false, sent as bool;
        /// For how many hours after its close a conversation is reopened by a new message; 72 at first.
        reopen_window_hours: i32 = 72, sent as Int<0, 8760>;
        /// Whether personal data is hidden from AI models; false at first.
        pii_masking: bool = false, sent as bool;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn groups_merge_by_key_and_null_sets_them_back() {
        let mut connectors = Connectors::default();
        let mut change = |patch| {
            let patch: Nullable<ConnectorsPatch> = serde_json::from_value(patch).unwrap();
            patch.assign(&mut connectors);
            serde_json::to_value(&connectors).unwrap()
        };
        change(json!({"email": {"provider": "imap", "imap_port": 993}, "api": {"username": "desk"}}));
        let after = change(json!({"email": {"imap_port": null, "smtp_use_ssl": false}, "api": null}));
        assert_eq!(after["email"]["provider"], "imap");
        assert_eq!(after["email"]["imap_port"], json!(null));
        assert_eq!(after["email"]["smtp_use_ssl"], false);
        assert_eq!(after["api"], serde_json::to_value(ApiConnector::default()).unwrap());
        assert_eq!(change(json!(null)), serde_json::to_value(Connectors::default()).unwrap());
    }

    #[test]
    fn what_is_kept_can_be_sent_back() {
        let settings = Settings { reopen_window_hours: 5, ..Settings::default() };
        let sent: SettingsPatch = serde_json::from_value(serde_json::to_value(&settings).unwrap()).unwrap();
        let mut kept = Settings::default();
        Nullable(Some(sent)).assign(&mut kept);
        assert_eq!(kept, settings);
    }

    #[test]
    fn what_an_older_version_stored_reads_with_defaults() {
        let settings: Settings = serde_json::from_value(json!({"csat_enabled": true})).unwrap();
        assert_eq!(settings, Settings { csat_enabled: true, ..Settings::default() });
    }
}
