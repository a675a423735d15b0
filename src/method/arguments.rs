//! The one way to declare the arguments of a method.

/// Declares the argument struct of a method. Fields of type `Patch`, `Nullable` and `Option` may be left out; unknown fields
/// are refused. `paged` adds what every list takes: `limit`, `cursor`, `sort`, `fields`, `include`. `filtered` adds the same and
/// `filters`, a query; such a list is sorted by any field that can be sorted by.
#[macro_export]
macro_rules! arguments {
    ($(#[$meta:meta])* pub struct $name:ident paged { $($body:tt)* }) => {
        $crate::arguments! {
            $(#[$meta])*
            pub struct $name {
                $($body)*
                /// How many objects a page has, at the most; 50 if left out.
                pub limit: Option<$crate::method::Limit>,
                /// `next_cursor` of the previous page. Send the other arguments again with it.
                pub cursor: Option<String>,
                /// The order; oldest first if left out.
                pub sort: Option<$crate::method::Sort>,
                /// Answer only these fields of each object.
                pub fields: Option<$crate::method::FieldNames>,
                /// `total` to learn how many objects match in all.
                pub include: Option<$crate::method::List<$crate::method::Include, 1>>,
            }
        }

        impl $crate::method::Paged for $name {
            fn limit(&self) -> Option<$crate::method::Limit> {
                self.limit
            }

            fn cursor(&self) -> Option<&str> {
                self.cursor.as_deref()
            }

            fn sort(&self) -> Option<$crate::method::Sort> {
                self.sort
            }

            fn fields(&self) -> Option<&$crate::method::FieldNames> {
                self.fields.as_ref()
            }

            fn include(&self) -> Option<&$crate::method::List<$crate::method::Include, 1>> {
                self.include.as_ref()
            }
        }
    };
    ($(#[$meta:meta])* pub struct $name:ident filtered { $($body:tt)* }) => {
        $crate::arguments! {
            $(#[$meta])*
            pub struct $name {
                $($body)*
                /// Which objects, in the query language: `status:open AND tags:(urgent OR vip)`.
                pub filters: Option<$crate::method::Words<2000>>,
                /// How many objects a page has, at the most; 50 if left out.
                pub limit: Option<$crate::method::Limit>,
                /// `next_cursor` of the previous page. Send the other arguments again with it.
                pub cursor: Option<String>,
                /// The order: a field that can be sorted by, and `asc` or `desc`, as in `created_at:desc`; oldest first if left out.
                pub sort: Option<$crate::method::Words<100>>,
                /// Answer only these fields of each object.
                pub fields: Option<$crate::method::FieldNames>,
                /// `total` to learn how many objects match in all.
                pub include: Option<$crate::method::List<$crate::method::Include, 1>>,
            }
        }

        impl $crate::query::Filtered for $name {
            fn filters(&self) -> Option<&str> {
                self.filters.as_deref()
            }

            fn sort(&self) -> Option<&str> {
                self.sort.as_deref()
            }

            fn limit(&self) -> Option<$crate::method::Limit> {
                self.limit
            }

            fn cursor(&self) -> Option<&str> {
                self.cursor.as_deref()
            }

            fn fields(&self) -> Option<&$crate::method::FieldNames> {
                self.fields.as_ref()
            }

            fn include(&self) -> Option<&$crate::method::List<$crate::method::Include, 1>> {
                self.include.as_ref()
            }
        }
    };
    // So that a client names only what it means: `Create { name: "Sms".into(), ..Default::default() }`. Where something that must be
    // named has no default value, such as a word of a closed list, neither has the struct; `for<'a>` lets the compiler find that out
    // where the default is asked for.
    (@default $name:ident { $( $(#[$meta:meta])* pub $field:ident: $type:ty ),* $(,)? }) => {
        impl Default for $name
        where
            $(for<'a> $type: Default),*
        {
            fn default() -> Self {
                Self { $($field: Default::default()),* }
            }
        }
    };
    ($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* }) => {
        $crate::arguments! { @default $name { $($body)* } }

        #[serde_with::apply(
            Patch => #[serde(default, skip_serializing_if = "Patch::is_absent")],
            Nullable => #[serde(default, skip_serializing_if = "Nullable::is_none")],
            Option => #[serde(default, skip_serializing_if = "Option::is_none")],
        )]
        #[derive(Clone, Debug, ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema)]
        #[serde(deny_unknown_fields, remote = "Self")]
        $(#[$meta])*
        pub struct $name { $($body)* }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            /// Takes an object and nothing else; what is derived alone would take a list of the fields' values too.
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;

                impl<'de> ::serde::de::Visitor<'de> for Object {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        $name::deserialize(::serde::de::value::MapAccessDeserializer::new(map))
                    }
                }

                deserializer.deserialize_map(Object)
            }
        }
    };
}
