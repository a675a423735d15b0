//! The parts of a company that are not taken over as they were sent, but checked against other things that are stored.

use std::collections::HashSet;

use super::model::Company;
use crate::db::Id;
use crate::method::{Currency, Document, Error, Hostname, List, Money, Name, Nullable, Patch, Result, Tx, stored};
use crate::resources::account::users;
use crate::resources::crm::custom_fields::FieldObject;
use crate::resources::crm::custom_fields::values::{self, Moment};
use crate::resources::crm::tags::{self, TaggedType};

/// What was sent for these parts.
pub struct Details {
    pub domains: Patch<List<Hostname, 20>>,
    pub deal_value: Patch<Nullable<Money>>,
    pub currency: Patch<Currency>,
    pub owner_user_id: Patch<Nullable<Id>>,
    pub tags: Patch<List<Name<50>, 100>>,
    pub custom_fields: Patch<Document>,
    pub metadata: Patch<Document>,
}

impl Details {
    /// Puts them into a company, which is locked or about to be created.
    pub async fn apply(self, tx: &mut Tx<'_>, company: &mut Company, moment: Moment) -> Result<()> {
        let old_owner = company.owner_user_id;
        self.domains.apply(&mut company.domains);
        let mut seen = HashSet::new();
        company.domains.retain(|domain| seen.insert(domain.clone()));
        self.currency.apply(&mut company.currency);
        match self.deal_value {
            Patch::Absent => {
                if company.deal_value.is_some_and(|amount| !amount.fits(&company.currency)) {
                    let message = format!("deal_value has more decimals than {} allows; send both", company.currency);
                    return Err(Error::argument("/currency", "format", message));
                }
            }
            Patch::Set(Nullable(None)) => company.deal_value = None,
            Patch::Set(Nullable(Some(money))) => {
                let amount = money.in_currency(&company.currency);
                company.deal_value = Some(amount.map_err(|why| Error::argument("/deal_value", "format", why))?);
            }
        }
        self.owner_user_id.apply(&mut company.owner_user_id);
        if let Some(owner) = company.owner_user_id.filter(|_| company.owner_user_id != old_owner) {
            users::store::require(tx, &[("/owner_user_id".into(), owner)]).await?;
        }
        self.metadata.apply(&mut company.metadata);
        if let Some(problem) = Document::problem(&company.metadata) {
            return Err(Error::argument("/metadata", "too_long", format!("with what is there already {problem}")));
        }
        let sent = match self.custom_fields {
            Patch::Absent => None,
            Patch::Set(Document(sent)) => Some(sent),
        };
        values::apply(tx, FieldObject::Company, &mut company.custom_fields, sent, moment).await?;
        if let Patch::Set(List(wanted)) = self.tags {
            let wanted = wanted.into_iter().map(stored).collect();
            tags::store::retag(tx, TaggedType::Company, company.id, &mut company.tags, wanted).await?;
        }
        Ok(())
    }
}

/// Puts what the arguments of create, update and upsert have in common into a company.
macro_rules! take {
    ($tx:expr, $args:expr, $company:expr, $moment:expr) => {{
        $args.website.apply(&mut $company.website);
        $args.industry.apply(&mut $company.industry);
        $args.logo_url.apply(&mut $company.logo_url);
        $args.notes.apply(&mut $company.notes);
        $args.last_contact.apply(&mut $company.last_contact);
        $args.is_customer.apply(&mut $company.is_customer);
        $args.external_id.apply(&mut $company.external_id);
        let details = $crate::resources::crm::companies::details::Details {
            domains: $args.domains,
            deal_value: $args.deal_value,
            currency: $args.currency,
            owner_user_id: $args.owner_user_id,
            tags: $args.tags,
            custom_fields: $args.custom_fields,
            metadata: $args.metadata,
        };
        details.apply($tx, &mut $company, $moment).await
    }};
}
pub(super) use take;
