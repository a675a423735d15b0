//! A call whose twin does not come to an end.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::on_both;

#[test]
fn a_duplicate_waits_for_ten_seconds_and_is_told_to_come_again() {
    on_both(async |api| {
        // On SQLite writes run one after the other, so there is nothing to wait for.
        if api.app.db.name() != "postgres" {
            return;
        }
        let admin = api.admin().with("idempotency-key", "twin");
        let (other, connection) = tokio_postgres::connect(&api.database.url, tokio_postgres::NoTls).await.unwrap();
        actix_web::rt::spawn(connection);
        // Another server has begun the same call, and is not done.
        let key = "INSERT INTO idempotency_keys
            SELECT organization_id, id, 'twin', 'teams.create', '', 'req_other', '', now(), now() + interval '1 day'
            FROM api_keys";
        other.batch_execute(&format!("BEGIN; {key}")).await.unwrap();
        let started = Instant::now();
        let told = admin.post("teams.create", &json!({ "name": "Twin" })).await;
        told.refused(409, "idempotency_in_progress");
        assert_eq!(told.header("retry-after"), "1");
        let waited = started.elapsed();
        assert!(waited > Duration::from_secs(9) && waited < Duration::from_secs(13), "{waited:?}");
        other.batch_execute("ROLLBACK").await.unwrap();
        admin.ok("teams.create", json!({ "name": "Twin" })).await;
    });
}
