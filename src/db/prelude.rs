//! What a file with queries imports: Diesel's query language without its `RunQueryDsl`, which [`run!`](crate::run) brings for
//! the database at hand.

pub use diesel::deserialize::Queryable;
pub use diesel::prelude::{
    AsChangeset, BoolExpressionMethods, ExpressionMethods, Identifiable, Insertable, JoinOnDsl,
    NullableExpressionMethods, OptionalExtension, QueryDsl, Selectable, SelectableHelper,
};
