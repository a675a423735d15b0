//! A receiver of webhooks: believes only what is signed, knows what it has seen before, and answers at once.
//!
//! ```text
//! DOTDESK_ALLOW_PRIVATE_WEBHOOKS=on dotdesk demo
//! dotdesk call webhooks.create url=http://127.0.0.1:9000/ verify=false                   answers the secret
//! WEBHOOK_SECRET=whsec_… cargo run --example webhook_receiver
//! ```

use std::collections::HashSet;
use std::sync::Mutex;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use dotdesk::db::Timestamp;
use dotdesk::providers::standard_webhooks::{ID, SIGNATURE, Signed, SigningSecret, TIMESTAMP};
use serde_json::Value;

/// What the receiver knows.
struct Receiver {
    secret: SigningSecret,
    /// The events that were taken. A real receiver keeps these with its data, in the transaction that takes the event.
    seen: Mutex<HashSet<String>>,
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let secret = std::env::var("WEBHOOK_SECRET").map_err(|_| std::io::Error::other("set WEBHOOK_SECRET"))?;
    let secret = SigningSecret::parse(&secret).map_err(std::io::Error::other)?;
    let receiver = web::Data::new(Receiver { secret, seen: Mutex::default() });
    HttpServer::new(move || App::new().app_data(receiver.clone()).default_service(web::post().to(receive)))
        .bind("127.0.0.1:9000")?
        .run()
        .await
}

/// Takes an event. Whatever is not answered with 2xx within 15 seconds is sent again.
async fn receive(request: HttpRequest, body: web::Bytes, receiver: web::Data<Receiver>) -> HttpResponse {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = Signed { id: header(ID), timestamp: header(TIMESTAMP), signature: header(SIGNATURE) };
    // The bytes as they came: JSON that was read and written again has another signature.
    if let Err(error) = receiver.secret.verify(signed, &body, Timestamp::now().seconds()) {
        return HttpResponse::Unauthorized().body(error.to_string());
    }
    let is_new = receiver.seen.lock().is_ok_and(|mut seen| seen.insert(signed.id.to_owned()));
    match serde_json::from_slice::<Value>(&body) {
        Ok(event) if is_new => println!("{} {} {}", event["seq"], event["type"], event["object"]["id"]),
        Ok(_) => println!("{} again", signed.id),
        Err(error) => return HttpResponse::BadRequest().body(error.to_string()),
    }
    HttpResponse::NoContent().finish()
}
