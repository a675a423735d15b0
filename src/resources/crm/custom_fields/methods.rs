//! What can be done with custom fields.

use std::collections::HashSet;

use serde_json::Value;

use super::model::{CustomField, FieldObject, FieldOption, FieldType, MAX_FIELDS, NewOption, RequiredOn};
use super::{store, values};
use crate::arguments;
use crate::db::{Id, Json};
use crate::method::{
    Access, Area, Code, Context, Entry, Error, FieldName, Int, Kind, List, Method, Name, Nullable, Page, Patch, Result,
    Tx, Void, Words, stored,
};

/// The methods of custom fields.
pub const METHODS: &[Entry] = &[
    Entry::of::<Create>(),
    Entry::of::<ListFields>(),
    Entry::of::<Info>(),
    Entry::of::<Update>(),
    Entry::of::<Delete>(),
];

arguments! {
    /// Adds a custom field to a kind of object.
    ///
    /// `object`, `name` and `type` cannot be changed later. A kind of object has at most 200 fields.
    pub struct Create {
        /// The kind of object that gets the field.
        pub object: FieldObject,
        /// The key under which values are sent and answered; unique for each kind of object.
        pub name: FieldName,
        /// What the field holds.
        #[serde(rename = "type")]
        pub type_: FieldType,
        /// What people call the field.
        pub display_name: Name<120>,
        /// What the field is for.
        pub description: Nullable<Words<500>>,
        /// The place of the field among others, smallest first; 0 if left out.
        pub order: Option<Int<-1_000_000, 1_000_000>>,
        /// What can be chosen; for dropdown and multi_select, which need it.
        pub options: Option<List<NewOption, 500>>,
        /// When the field must have a value; `never` if left out. Only conversations are closed.
        pub is_required_on: Option<RequiredOn>,
        /// The value that new objects get which are created without one.
        pub default: Nullable<Value>,
        /// A regular expression that the whole of a value must match; for text.
        pub regex: Nullable<Words<300>>,
        /// Whether old values are kept out of the audit log; false if left out.
        pub is_sensitive: Option<bool>,
    }
}

impl Method for Create {
    const NAME: &'static str = "customFields.create";
    const ACCESS: Access = Access::write(Area::Fields);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::AlreadyExists, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["custom_field.created"];
    const EXAMPLE: &'static str =
        r#"{"object":"company","name":"contract_number","type":"text","display_name":"Contract number"}"#;
    type Output = CustomField;

    async fn call(self, ctx: Context) -> Result<CustomField> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let mut field = CustomField {
                organization_id: tx.space(),
                id: tx.new_id(),
                object: args.object,
                name: args.name.to_string(),
                type_: args.type_,
                display_name: args.display_name.to_string(),
                description: stored(args.description),
                order: args.order.map(Int::as_i32).unwrap_or(0),
                options: args.options.map(stored).unwrap_or_default(),
                is_required_on: args.is_required_on.unwrap_or(RequiredOn::Never),
                default: args.default.0.map(Json),
                regex: stored(args.regex),
                is_sensitive: args.is_sensitive.unwrap_or(false),
                archived: false,
                version: 1,
                created_at: tx.now(),
                updated_at: tx.now(),
            };
            check(tx, &mut field).await?;
            if store::count(tx, field.object).await? >= MAX_FIELDS {
                let message = format!("A kind of object has at most {MAX_FIELDS} custom fields.");
                return Err(Error::new(Code::LimitExceeded, message));
            }
            store::insert(tx, field).await
        })
        .await
    }
}

arguments! {
    /// Lists custom fields, archived ones included.
    pub struct ListFields paged {
        /// Only fields of this kind of object.
        pub object: Option<FieldObject>,
    }
}

impl Method for ListFields {
    const NAME: &'static str = "customFields.list";
    const ACCESS: Access = Access::read(Area::Fields);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"object":"company"}"#;
    type Output = Page<CustomField>;

    async fn call(self, ctx: Context) -> Result<Page<CustomField>> {
        let window = ctx.page(&self)?;
        let rows = store::list(&mut *ctx.read().await?, ctx.space(), self.object, &window).await?;
        Ok(window.page(&ctx, rows))
    }
}

arguments! {
    /// Answers one custom field.
    pub struct Info {
        /// The field.
        pub id: Option<Id>,
        /// The kind of object; with `name`, in place of `id`.
        pub object: Option<FieldObject>,
        /// The key of the field; with `object`, in place of `id`.
        pub name: Option<Name<60>>,
    }
}

impl Method for Info {
    const NAME: &'static str = "customFields.info";
    const ACCESS: Access = Access::read(Area::Fields);
    const KIND: Kind = Kind::Read;
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    type Output = CustomField;

    async fn call(self, ctx: Context) -> Result<CustomField> {
        let mut conn = ctx.read().await?;
        let organization = ctx.space();
        let found = match (self.id, self.object, &self.name) {
            (Some(id), None, None) => store::find(&mut conn, organization, id).await?,
            (None, Some(object), Some(name)) => store::find_by_name(&mut conn, organization, object, name).await?,
            (None, Some(_), None) => return Err(Error::argument("/name", "required", "send name beside object")),
            (None, None, Some(_)) => return Err(Error::argument("/object", "required", "send object beside name")),
            (None, None, None) => return Err(Error::argument("/id", "required", "send id, or object and name")),
            (Some(_), ..) => {
                return Err(Error::argument("/id", "not_allowed", "send id, or object and name, not both"));
            }
        };
        found.ok_or_else(Error::not_found::<CustomField>)
    }
}

arguments! {
    /// Changes how a custom field is shown and checked.
    ///
    /// Values that are there already stay, whatever they look like. An option that objects have cannot be left out; archive it.
    pub struct Update {
        /// The field.
        pub id: Id,
        /// What people call the field.
        pub display_name: Patch<Name<120>>,
        /// What the field is for.
        pub description: Patch<Nullable<Words<500>>>,
        /// The place of the field among others, smallest first.
        pub order: Patch<Int<-1_000_000, 1_000_000>>,
        /// What can be chosen; all of it.
        pub options: Patch<List<NewOption, 500>>,
        /// When the field must have a value. Only conversations are closed.
        pub is_required_on: Patch<RequiredOn>,
        /// The value that new objects get which are created without one.
        pub default: Patch<Nullable<Value>>,
        /// A regular expression that the whole of a value must match; for text.
        pub regex: Patch<Nullable<Words<300>>>,
        /// Whether old values are kept out of the audit log.
        pub is_sensitive: Patch<bool>,
    }
}

impl Method for Update {
    const NAME: &'static str = "customFields.update";
    const ACCESS: Access = Access::write(Area::Fields);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::InUse];
    const EVENTS: &'static [&'static str] = &["custom_field.updated"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","display_name":"Contract"}"#;
    type Output = CustomField;

    async fn call(self, ctx: Context) -> Result<CustomField> {
        ctx.write(async move |tx| {
            let args = self.clone();
            let before = store::target(tx, args.id).await?;
            let mut field = before.clone();
            args.display_name.apply(&mut field.display_name);
            args.description.apply(&mut field.description);
            args.order.apply(&mut field.order);
            args.options.apply(&mut field.options);
            if let Patch::Set(moment) = args.is_required_on {
                field.is_required_on = moment;
            }
            if let Patch::Set(default) = args.default {
                field.default = default.0.map(Json);
            }
            args.regex.apply(&mut field.regex);
            args.is_sensitive.apply(&mut field.is_sensitive);
            check(tx, &mut field).await?;
            let is_gone = |option: &&FieldOption| !field.options.iter().any(|kept| kept.value == option.value);
            for option in before.options.iter().filter(is_gone) {
                if store::has_value(tx, &field, &option.value).await? {
                    let message = format!("There are objects with the option {}; archive it instead.", option.value);
                    return Err(Error::new(Code::InUse, message));
                }
            }
            store::save(tx, before, field, "custom_field.updated").await
        })
        .await
    }
}

arguments! {
    /// Archives a custom field, or takes it away with all its values.
    ///
    /// An archived field takes no new values, and the old ones stay where they are. With `purge` they are removed from all objects,
    /// which get a new version and no event of their own, and the name is free again.
    pub struct Delete {
        /// The field.
        pub id: Id,
        /// Whether the values are removed from all objects; false if left out.
        pub purge: Option<bool>,
    }
}

impl Method for Delete {
    const NAME: &'static str = "customFields.delete";
    const ACCESS: Access = Access::write(Area::Fields);
    const KIND: Kind = Kind::Delete;
    const EVENTS: &'static [&'static str] = &["custom_field.deleted"];
    const EXAMPLE: &'static str = r#"{"id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6"}"#;
    const DRY_RUN: bool = true;
    type Output = Void;

    async fn call(self, ctx: Context) -> Result<Void> {
        ctx.write(async move |tx| {
            let field = store::target(tx, self.id).await?;
            if self.purge == Some(true) {
                store::purge(tx, &field).await?;
            } else {
                let archived = CustomField { archived: true, ..field.clone() };
                store::save(tx, field, archived, "custom_field.deleted").await?;
            }
            Ok(Void {})
        })
        .await
    }
}

/// Refuses what makes no sense for the field's type, and brings its default into the spelling in which values are stored.
async fn check(tx: &mut Tx<'_>, field: &mut CustomField) -> Result<()> {
    let refuse = |pointer: &str, code: &str, message: &str| Err(Error::argument(pointer, code, message));
    if field.type_.has_options() && field.options.is_empty() {
        return refuse("/options", "required", "there must be something to choose");
    }
    if !field.type_.has_options() && !field.options.is_empty() {
        return refuse("/options", "not_allowed", "only dropdown and multi_select have options");
    }
    let mut seen = HashSet::new();
    if let Some(index) = field.options.iter().position(|option| !seen.insert(&option.value)) {
        return refuse(&format!("/options/{index}/value"), "duplicate", "there is an option with this value already");
    }
    if field.is_required_on == RequiredOn::Close && field.object != FieldObject::Conversation {
        return refuse("/is_required_on", "not_allowed", "only conversations are closed");
    }
    if let Some(regex) = &field.regex {
        if field.type_ != FieldType::Text {
            return refuse("/regex", "not_allowed", "only text has a regular expression");
        }
        values::expression(regex).map_err(|why| Error::argument("/regex", "format", why))?;
    }
    if let Some(default) = field.default.clone() {
        field.default = Some(Json(values::check_default(tx, field, &default).await?));
    }
    Ok(())
}
