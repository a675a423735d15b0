//! What a token may do: scopes such as `teams:read`, and sets of them.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! areas {
    ($($variant:ident = $word:literal),+ $(,)?) => {
        /// A part of the API that is granted as one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Area { $(#[doc = $word] $variant),+ }

        impl Area {
            const ALL: &'static [Area] = &[$(Area::$variant),+];

            /// The word before the colon.
            pub const fn as_str(self) -> &'static str {
                match self { $(Area::$variant => $word),+ }
            }
        }
    };
}

areas! {
    Organization = "organization", Users = "users", Teams = "teams", Teammates = "teammates", Keys = "keys",
    Roles = "roles", Companies = "companies", Contacts = "contacts", Conversations = "conversations",
    Messages = "messages", Tickets = "tickets", Channels = "channels", Tags = "tags", Fields = "fields",
    Files = "files", Templates = "templates", Email = "email", Phone = "phone", Calls = "calls",
    Actions = "actions", Automations = "automations", Topics = "topics", Documents = "documents", Crawl = "crawl",
    Articles = "articles", Trainings = "trainings", Insights = "insights", Sequences = "sequences",
    Campaigns = "campaigns", Recruiting = "recruiting", Deals = "deals", Tasks = "tasks",
    Integrations = "integrations", Webhooks = "webhooks", Events = "events", Imports = "imports",
    Exports = "exports", Jobs = "jobs", Privacy = "privacy", Places = "places", Usage = "usage", Audit = "audit",
    Ai = "ai", Sla = "sla", Schedules = "schedules", Routing = "routing", Views = "views", Segments = "segments",
    Csat = "csat", Reports = "reports",
}

/// The right to read or to write one area. Writing does not imply reading.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    area: Area,
    write: bool,
}

impl Scope {
    /// The right to read the area.
    pub const fn read(area: Area) -> Self {
        Self { area, write: false }
    }

    /// The right to write the area.
    pub const fn write(area: Area) -> Self {
        Self { area, write: true }
    }

    /// The area it is about.
    pub const fn area(self) -> Area {
        self.area
    }

    /// Whether it is the right to write.
    pub const fn is_write(self) -> bool {
        self.write
    }

    /// Every scope there is.
    pub fn all() -> impl Iterator<Item = Scope> {
        Area::ALL.iter().flat_map(|&area| [Self::read(area), Self::write(area)])
    }

    const fn bit(self) -> u128 {
        1 << (self.area as u32 * 2 + self.write as u32)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.area.as_str(), if self.write { "write" } else { "read" })
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::all()
            .find(|scope| {
                text.split_once(':').is_some_and(|(area, way)| {
                    area == scope.area.as_str() && way == if scope.write { "write" } else { "read" }
                })
            })
            .ok_or_else(|| "expected a scope such as teams:read, or * for all".to_owned())
    }
}

/// A set of scopes; on the wire a list such as `["teams:read","teams:write"]`, or `["*"]` for all.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ScopeSet(u128);

impl ScopeSet {
    /// No scope.
    pub const NONE: ScopeSet = ScopeSet(0);
    /// Every scope, those that later versions add too.
    pub const ALL: ScopeSet = ScopeSet(u128::MAX);

    /// Whether the set has this scope.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The scopes of both sets together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The scopes that both sets have.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The scopes of `other` that this set lacks.
    pub const fn missing(self, other: Self) -> Self {
        Self(other.0 & !self.0)
    }

    /// Whether the set has no scope.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes as words; `*` alone when the set holds all.
    pub fn words(self) -> Vec<String> {
        if self == Self::ALL {
            return vec!["*".into()];
        }
        Scope::all().filter(|&scope| self.has(scope)).map(|scope| scope.to_string()).collect()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::NONE, |set, scope| Self(set.0 | scope.bit()))
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(","))
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.words())
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<String>::deserialize(deserializer)?.iter().try_fold(Self::NONE, |set, word| match word.as_str() {
            "*" => Ok(Self::ALL),
            word => word.parse::<Scope>().map(|scope| Self(set.0 | scope.bit())).map_err(D::Error::custom),
        })
    }
}

impl JsonSchema for ScopeSet {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ScopeSet".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<String> = std::iter::once("*".into()).chain(Scope::all().map(|s| s.to_string())).collect();
        json_schema!({"type": "array", "maxItems": words.len(), "items": {"type": "string", "enum": words}})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_read_and_write_words() {
        let set: ScopeSet = serde_json::from_str(r#"["teams:write","teams:read"]"#).unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["teams:read","teams:write"]"#);
        assert!(set.has(Scope::read(Area::Teams)) && !set.has(Scope::read(Area::Users)));
        assert_eq!(serde_json::from_str::<ScopeSet>(r#"["*"]"#).unwrap(), ScopeSet::ALL);
        assert!(serde_json::from_str::<ScopeSet>(r#"["teams"]"#).is_err());
    }
}
