//! Lists, a page at a time: by keyset, never by offset, so that a walk neither repeats nor skips (wire contract, "Pagination").

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::context::Context;
use super::cursor::{self, Asked, Key, Position};
use super::error::{Error, FieldError, Result};
use super::fields::{Int, List, Words};
use super::object::{Object, Output};
use crate::db::Id;
use crate::text_enum;

/// How many items a page has when the request does not say.
pub const DEFAULT_LIMIT: i64 = 50;
/// Up to where `total` is exact.
pub const EXACT_TOTAL: i64 = 10_000;

/// The number of items on a page.
pub type Limit = Int<1, 1000>;
/// The fields of each item to answer with.
pub type FieldNames = List<Words<100>, 100>;

text_enum! {
    /// The order of a list.
    pub enum Sort {
        /// Oldest first.
        CreatedAtAsc = "created_at:asc",
        /// Newest first.
        CreatedAtDesc = "created_at:desc",
    }
}

text_enum! {
    /// What a list may answer besides its items.
    pub enum Include {
        /// How many objects match in all: `total`, exact up to 10,000.
        Total = "total",
    }
}

/// Arguments of a list; implemented by [`arguments!`](crate::arguments).
pub trait Paged: Serialize {
    /// How many items a page has, at the most.
    fn limit(&self) -> Option<Limit>;
    /// Where the previous page ended.
    fn cursor(&self) -> Option<&str>;
    /// The order.
    fn sort(&self) -> Option<Sort>;
    /// The fields of each item to answer with.
    fn fields(&self) -> Option<&FieldNames>;
    /// What to answer besides.
    fn include(&self) -> Option<&List<Include, 1>>;
}

/// Which part of a list to read.
pub struct Window {
    /// The row after which the page starts.
    pub after: Id,
    /// Newest first.
    pub descending: bool,
    /// Whether to count all matches.
    pub wants_total: bool,
    frame: PageFrame,
}

impl Window {
    pub(super) fn new<A: Paged>(ctx: &Context, args: &A) -> Result<Self> {
        let descending = args.sort() == Some(Sort::CreatedAtDesc);
        let frame = PageFrame::new(ctx, args, args.limit(), args.fields(), args.include())?;
        let after = match args.cursor() {
            Some(text) => frame.after(ctx, text, descending)?.1,
            None if descending => Id::from_bytes([0xff; 16]),
            None => Id::NIL,
        };
        Ok(Self { after, descending, wants_total: frame.wants_total(), frame })
    }

    /// How many rows to fetch: one more than the page has, to know whether there is a next page.
    pub fn fetch(&self) -> i64 {
        self.frame.fetch()
    }

    /// The page made of the rows that were fetched; `total` counts all matches, up to one more than is exact.
    pub fn page<T: Object>(self, ctx: &Context, (mut rows, total): (Vec<T>, Option<i64>)) -> Page<T> {
        let more = self.frame.cut(&mut rows);
        let last = rows.last().filter(|_| more).map(|row| (Key::None, row.id()));
        self.frame.page(ctx, rows, last, self.descending, total)
    }
}

/// What every page has, however its list is sorted: its size, its cursor, the fields to answer with, the total.
pub struct PageFrame {
    limit: usize,
    asked: Asked,
    fields: Option<Vec<String>>,
    wants_total: bool,
    wants_pagination_data: bool,
}

impl PageFrame {
    /// What the arguments of a list ask for.
    pub fn new<A: Serialize>(
        ctx: &Context,
        args: &A,
        limit: Option<Limit>,
        fields: Option<&FieldNames>,
        include: Option<&List<Include, 1>>,
    ) -> Result<Self> {
        Ok(Self {
            limit: usize::try_from(limit.map_or(DEFAULT_LIMIT, |limit| limit.0)).unwrap_or(1),
            asked: asked(ctx, args)?,
            fields: fields.map(|names| known_fields(ctx, names)).transpose()?,
            wants_total: include.is_some_and(|include| include.contains(&Include::Total)),
            wants_pagination_data: ctx.options().wants_pagination_data,
        })
    }

    /// Whether to count all matches.
    pub fn wants_total(&self) -> bool {
        self.wants_total
    }

    /// How many rows to fetch: one more than the page has, to know whether there is a next page.
    pub fn fetch(&self) -> i64 {
        self.limit as i64 + 1
    }

    /// Where the page before ended: the sort key and the id of its last row.
    pub fn after(&self, ctx: &Context, text: &str, is_descending: bool) -> Result<(Key, Id)> {
        let position = cursor::read(ctx.app().keyring(), text, ctx.method(), u8::from(is_descending), &self.asked)?;
        Ok((position.key, position.last))
    }

    /// The error for a cursor that was made for another list.
    pub fn foreign_cursor(&self, ctx: &Context) -> Error {
        cursor::foreign(ctx.method())
    }

    /// Leaves as many rows as the page has, and says whether there are more.
    pub fn cut<T>(&self, rows: &mut Vec<T>) -> bool {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        more
    }

    /// The page; `last` is the sort key and the id of its last row, if there are more after it.
    pub fn page<T>(
        self,
        ctx: &Context,
        data: Vec<T>,
        last: Option<(Key, Id)>,
        is_descending: bool,
        total: Option<i64>,
    ) -> Page<T> {
        let next_cursor = last.map(|(key, last)| {
            let position = Position { sort: u8::from(is_descending), key, last };
            cursor::write(ctx.app().keyring(), &position, &self.asked)
        });
        Page {
            data,
            next_cursor,
            total: total.map(|total| total.min(EXACT_TOTAL)),
            total_is_exact: total.map(|total| total <= EXACT_TOTAL),
            fields: self.fields,
            wants_pagination_data: self.wants_pagination_data,
        }
    }
}

/// The hash of method, organization and filters; what may change between pages is left out.
fn asked<A: Serialize>(ctx: &Context, args: &A) -> Result<Asked> {
    let mut filters = serde_json::to_value(args)?;
    if let Value::Object(filters) = &mut filters {
        for name in ["limit", "cursor", "fields", "include"] {
            filters.shift_remove(name);
        }
    }
    filters.sort_all_objects();
    let hash = Sha256::new()
        .chain_update(ctx.method())
        .chain_update(ctx.organization().as_bytes())
        .chain_update(serde_json::to_vec(&filters)?)
        .finalize();
    let mut asked = [0; 8];
    asked.copy_from_slice(&hash[..8]);
    Ok(asked)
}

/// The names in `fields`, if the items have them all.
fn known_fields(ctx: &Context, names: &FieldNames) -> Result<Vec<String>> {
    let known = ctx.described().map(|method| method.item_fields()).unwrap_or_default();
    let unknown: Vec<FieldError> = names
        .iter()
        .enumerate()
        .filter(|(_, name)| !known.iter().any(|known| **known == ***name))
        .map(|(index, _)| {
            FieldError::new(format!("/fields/{index}"), "enum", "no such field").with("allowed", known.to_vec())
        })
        .collect();
    if !unknown.is_empty() {
        return Err(Error::arguments(ctx.method(), unknown));
    }
    Ok(names.iter().map(|name| name.to_string()).collect())
}

/// One page of a list.
#[derive(Debug, Deserialize)]
pub struct Page<T> {
    /// The objects.
    pub data: Vec<T>,
    /// Where the next page starts; null when there is nothing more.
    pub next_cursor: Option<String>,
    /// How many objects match in all, when asked for.
    #[serde(default)]
    pub total: Option<i64>,
    /// Whether `total` is exact.
    #[serde(default)]
    pub total_is_exact: Option<bool>,
    #[serde(skip)]
    fields: Option<Vec<String>>,
    #[serde(skip)]
    wants_pagination_data: bool,
}

impl<T: Serialize> Serialize for Page<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut page = serializer.serialize_struct("Page", 5)?;
        match &self.fields {
            None => page.serialize_field("data", &self.data)?,
            Some(fields) => page.serialize_field("data", &self.chosen(fields))?,
        }
        page.serialize_field("next_cursor", &self.next_cursor)?;
        if let Some(total) = self.total {
            page.serialize_field("total", &total)?;
            page.serialize_field("total_is_exact", &self.total_is_exact)?;
        }
        if self.wants_pagination_data {
            let data = serde_json::json!({
                "previous_cursor": null, "next_cursor": self.next_cursor, "total": self.total,
            });
            page.serialize_field("pagination_data", &data)?;
        }
        page.end()
    }
}

impl<T> Page<T> {
    /// A list that is short enough to be one page.
    pub fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None, total: None, total_is_exact: None, fields: None, wants_pagination_data: false }
    }
}

impl<T: Serialize> Page<T> {
    fn chosen(&self, fields: &[String]) -> Vec<Map<String, Value>> {
        let choose = |item: &T| match serde_json::to_value(item) {
            Ok(Value::Object(item)) => item.into_iter().filter(|(name, _)| fields.contains(name)).collect(),
            _ => Map::new(),
        };
        self.data.iter().map(choose).collect()
    }
}

impl<T: JsonSchema> JsonSchema for Page<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}Page", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "One page of a list.",
            "properties": {
                "data": {
                    "type": "array", "description": "The objects.", "items": generator.subschema_for::<T>(),
                },
                "next_cursor": {
                    "type": ["string", "null"],
                    "description": "Send it as `cursor` to get the next page; null when there is nothing more.",
                },
                "total": {
                    "type": "integer", "description": "How many objects match in all; with `include: [\"total\"]`.",
                },
                "total_is_exact": {
                    "type": "boolean", "description": "False when more than 10,000 match: `total` stops there.",
                },
            },
            "required": ["data", "next_cursor"],
        })
    }
}

impl<T: Serialize + serde::de::DeserializeOwned + Send + 'static> Output for Page<T> {
    fn next_cursor(&self) -> Option<&str> {
        Some(self.next_cursor.as_deref().unwrap_or_default())
    }
}

/// Runs a list query for a [`Window`]: `run_page!(conn, window, teams::id, Team, teams::table.filter(…))` answers the rows and,
/// if asked for, the total. The query serves both orders, so it has neither an order nor a selection of its own.
#[macro_export]
macro_rules! run_page {
    ($conn:expr, $window:expr, $key:expr, $row:ty, $query:expr) => {{
        use $crate::db::prelude::*;
        let total = if $window.wants_total {
            let most = $crate::method::EXACT_TOTAL + 1;
            let ids = $crate::run!($conn, |c| $query.select($key).limit(most).load::<$crate::db::Id>(c))?;
            Some(ids.len() as i64)
        } else {
            None
        };
        let rows = if $window.descending {
            $crate::run!($conn, |c| $query
                .select(<$row>::as_select())
                .filter($key.lt($window.after))
                .order($key.desc())
                .limit($window.fetch())
                .load(c))?
        } else {
            $crate::run!($conn, |c| $query
                .select(<$row>::as_select())
                .filter($key.gt($window.after))
                .order($key.asc())
                .limit($window.fetch())
                .load(c))?
        };
        (rows, total)
    }};
}
