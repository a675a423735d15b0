//! What a server is made of, handed to methods by type: the mailer, the password hasher, the token signer …
//!
//! Methods know no concrete service from here; each service offers `of(&Context)` to those who use it.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// Services by their type; filled once at start.
#[derive(Default)]
pub struct Services(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl Services {
    /// Adds a service.
    pub fn with<T: Any + Send + Sync>(mut self, service: T) -> Self {
        self.0.insert(TypeId::of::<T>(), Arc::new(service));
        self
    }

    /// The service of this type, if the server was started with one.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>()).and_then(|service| service.downcast_ref())
    }
}
