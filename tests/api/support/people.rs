//! People of Acme, made as they are in life: through the API.

use serde_json::{Value, json};

use super::client::Client;
use super::organization::PASSWORD;
use super::server::Api;

/// A user who has just logged in.
pub struct Person {
    /// His id.
    pub id: Value,
    /// His address.
    pub email: String,
    /// What `auth.login` answered.
    pub login: Value,
    /// Calls as him.
    pub client: Client,
}

/// The text of a JSON string.
#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

impl Api {
    /// A person of Acme, with a role of his own that grants these scopes, who has just logged in.
    pub async fn person(&self, name: &str, scopes: &[&str]) -> Person {
        let role = self.admin().ok("roles.create", json!({ "name": name, "permissions": scopes })).await;
        self.person_with(name, &role["id"]).await
    }

    /// A person of Acme, with this role, who has just logged in.
    pub async fn person_with(&self, name: &str, role: &Value) -> Person {
        let email = format!("{}@acme.test", name.to_lowercase());
        let user = json!({ "name": name, "email": email, "password": PASSWORD, "role_id": role });
        let id = self.admin().ok("users.create", user).await["id"].clone();
        let login = self.log_in(&email).await;
        let client = self.client(text(&login["access_token"]));
        Person { id, email, login, client }
    }

    /// Logs somebody in who has the usual password, and answers what `auth.login` did.
    pub async fn log_in(&self, email: &str) -> Value {
        self.nobody().ok("auth.login", json!({ "email": email, "password": PASSWORD })).await
    }

    /// A client in a new session of somebody who has the usual password.
    pub async fn session(&self, email: &str) -> Client {
        self.client(text(&self.log_in(email).await["access_token"]))
    }

    /// The id of a role of Acme.
    pub async fn role(&self, name: &str) -> Value {
        let roles = self.admin().ok("roles.list", json!({ "limit": 100 })).await;
        let role = roles["data"].as_array().unwrap().iter().find(|role| role["name"] == name);
        role.unwrap()["id"].clone()
    }
}
