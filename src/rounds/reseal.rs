//! Seals the secrets of organizations and webhooks again after the server's own secret was rotated, so that the old one can go.

use std::time::{Duration, Instant};

use crate::db::prelude::*;
use crate::db::{Id, Transaction};
use crate::method::{App, Error, Result};
use crate::resources::integrations::webhooks::{PURPOSE, store};
use crate::run;
use crate::schema::secrets;

/// A secret by its key, with what is sealed of it.
type Row = (Id, String, Vec<u8>, Option<Vec<u8>>);

/// Seals again what an older secret sealed; answers how many rows that were.
pub(super) async fn run(app: &App) -> Result<usize> {
    let mut conn = app.db.read().await?;
    let rows: Vec<Row> = run!(conn, |c| secrets::table
        .select((secrets::organization_id, secrets::name, secrets::sealed, secrets::previous_sealed))
        .load(c))?;
    drop(conn);
    let mut count = 0;
    for row in rows.into_iter().filter(|row| app.keyring().is_outdated(&row.2)) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let keys = app.clone();
        count += app.db.write(deadline, async move |tx| one(tx, &keys, &row).await).await?;
    }
    let webhooks = store::all_sealed(&mut *app.db.read().await?).await?;
    for (organization, id, sealed) in webhooks.into_iter().filter(|row| app.keyring().is_outdated(&row.2)) {
        let secret = app.keyring().open(PURPOSE, &sealed).map_err(Error::internal)?;
        let again = app.keyring().seal(PURPOSE, &secret).map_err(Error::internal)?;
        let deadline = Instant::now() + Duration::from_secs(30);
        let work = async move |tx: &mut Transaction| -> Result<bool> {
            store::seal_again(tx, (organization, id), &sealed, &again).await
        };
        count += usize::from(app.db.write(deadline, work).await?);
    }
    Ok(count)
}

async fn one(tx: &mut Transaction, app: &App, (organization, name, sealed, previous): &Row) -> Result<usize> {
    let purpose = format!("secret:{name}");
    let again = |sealed: &[u8]| -> Result<Vec<u8>> {
        let secret = app.keyring().open(&purpose, sealed).map_err(Error::internal)?;
        app.keyring().seal(&purpose, &secret).map_err(Error::internal)
    };
    let (now, before) = (again(sealed)?, previous.as_deref().map(again).transpose()?);
    // Only if nobody set another secret meanwhile.
    Ok(run!(tx, |c| diesel::update(secrets::table.find((*organization, name)))
        .filter(secrets::sealed.eq(sealed))
        .set((secrets::sealed.eq(&now), secrets::previous_sealed.eq(&before)))
        .execute(c))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Db, Ids, Options, Timestamp};
    use crate::method::{Clock, Generation, Keyring, Services};

    #[tokio::test]
    async fn a_secret_outlives_the_key_that_sealed_it() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let db = Db::open(Options { url, max_connections: 1, synchronous: "off".into() }).await.unwrap();
        let (old, new) = (Generation::new(None).unwrap(), Generation::new(Some(0)).unwrap());
        let sealed = Keyring::new(std::slice::from_ref(&old)).unwrap().seal("secret:api_token", b"hush").unwrap();
        let ring = Keyring::new(&[new.clone(), old]).unwrap();
        let app = App::new(db, Clock::System, Ids::random(), ring, Services::default());
        let deadline = Instant::now() + Duration::from_secs(5);
        let stored: Result<usize> = app
            .db
            .write(deadline, async move |tx| {
                let id = Id::from_bytes([1; 16]);
                let at = Timestamp::from_millis(0);
                use crate::schema::organizations as o;
                run!(tx, |c| diesel::insert_into(o::table)
                    .values((
                        (o::id.eq(id), o::name.eq("A"), o::slug.eq("a"), o::language.eq("en"), o::timezone.eq("UTC")),
                        (o::currency.eq("EUR"), o::plan.eq("x"), o::version.eq(1i64)),
                        (o::created_at.eq(at), o::updated_at.eq(at)),
                        (o::hostnames.eq(empty()), o::default_models.eq(empty()), o::connectors.eq(empty())),
                        (o::settings.eq(empty()), o::features.eq(empty())),
                    ))
                    .execute(c))?;
                Ok(run!(tx, |c| diesel::insert_into(secrets::table)
                    .values((
                        secrets::organization_id.eq(id),
                        secrets::name.eq("api_token"),
                        secrets::sealed.eq(&sealed),
                        secrets::last4.eq("hush"),
                        secrets::set_at.eq(at),
                    ))
                    .execute(c))?)
            })
            .await;
        assert_eq!(stored.unwrap(), 1);
        assert_eq!(run(&app).await.unwrap(), 1);
        assert_eq!(run(&app).await.unwrap(), 0, "once is enough");
        let mut conn = app.db.read().await.unwrap();
        let now: Vec<u8> = run!(conn, |c| secrets::table.select(secrets::sealed).first(c)).unwrap();
        let only_new = Keyring::new(&[new]).unwrap();
        assert_eq!(only_new.open("secret:api_token", &now).unwrap(), b"hush");
    }

    fn empty() -> crate::db::Json<serde_json::Value> {
        crate::db::Json(serde_json::json!({}))
    }
}
