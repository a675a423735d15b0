//! Arguments that several methods take.

use super::details::{External, ExternalIdType};
use super::model::Priority;
use crate::arguments;
use crate::method::{Assign, Name};

arguments! {
    /// What a conversation is called in another system.
    pub struct ExternalReference {
        /// The system.
        pub system: Name<40>,
        /// The id in that system.
        pub id: Name<255>,
        /// What the id is the id of.
        pub id_type: Option<ExternalIdType>,
    }
}

impl Assign<External> for ExternalReference {
    fn assign(self, target: &mut External) {
        *target = External { system: self.system.to_string(), id: self.id.to_string(), id_type: self.id_type };
    }
}

impl Assign<Priority> for Priority {
    fn assign(self, target: &mut Priority) {
        *target = self;
    }
}
