//! Lists, walked from their first page to their last.

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::call::Reply;
use super::{Client, Error};
use crate::method::{Method, Page};

/// A page, and where the next one starts.
type Read<P> = fn(&Reply) -> Result<(P, Option<String>), Error>;

impl Client {
    /// The pages of a list, each fetched when it is asked for. All arguments but `cursor` are sent again with every page; `cursor`, if
    /// it is set, says where the walk begins.
    pub fn pages<M, T>(&self, args: M) -> BoxStream<'static, Result<Page<T>, Error>>
    where
        M: Method<Output = Page<T>>,
        T: DeserializeOwned + Send + 'static,
    {
        let args = serde_json::to_value(args).map_err(Error::arguments);
        self.walk(M::NAME, args, |reply| {
            let page: Page<T> = reply.parse()?;
            let next = page.next_cursor.clone();
            Ok((page, next))
        })
    }

    /// The objects of a list, page after page.
    pub fn items<M, T>(&self, args: M) -> BoxStream<'static, Result<T, Error>>
    where
        M: Method<Output = Page<T>>,
        T: DeserializeOwned + Send + 'static,
    {
        self.pages(args).map_ok(|page| stream::iter(page.data.into_iter().map(Ok))).try_flatten().boxed()
    }

    /// The pages of a list by its name, as they come.
    pub fn raw_pages(&self, method: &str, args: &Value) -> BoxStream<'static, Result<Map<String, Value>, Error>> {
        self.walk(method, Ok(args.clone()), |reply| {
            let page: Map<String, Value> = reply.parse()?;
            let next = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
            Ok((page, next))
        })
    }

    fn walk<P: Send + 'static>(
        &self,
        method: &str,
        args: Result<Value, Error>,
        read: Read<P>,
    ) -> BoxStream<'static, Result<P, Error>> {
        let (client, method) = (self.clone(), method.to_owned());
        stream::try_unfold(Some(args), move |args| {
            let (client, method) = (client.clone(), method.clone());
            async move {
                let Some(args) = args else { return Ok(None) };
                let args = args?;
                let reply = client.raw(&method, &args).await?;
                let (page, next) = read(&reply)?;
                Ok(Some((page, next.map(|cursor| from(args, cursor)))))
            }
        })
        .boxed()
    }
}

/// The same arguments from this cursor on.
fn from(mut args: Value, cursor: String) -> Result<Value, Error> {
    match &mut args {
        Value::Object(fields) if fields.get("cursor").and_then(Value::as_str) != Some(cursor.as_str()) => {
            fields.insert("cursor".into(), cursor.into());
            Ok(args)
        }
        _ => Err(Error::Setup("the list does not go on: its pages are not told apart by a cursor".into())),
    }
}
