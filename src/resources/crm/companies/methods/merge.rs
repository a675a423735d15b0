use super::super::model::Company;
use super::super::{belongings, placing, store};
use crate::arguments;
use crate::db::Id;
use crate::method::{Access, Area, Code, Context, Document, Error, FieldError, Kind, Method, Result, Tx, merge_map};
use crate::resources::crm::tags::{self, TaggedType};

/// The most domains of a company.
const MAX_DOMAINS: usize = 20;

arguments! {
    /// Merges a company into another one.
    ///
    /// The destination keeps what it has and takes over what it lacks. Domains, tags, custom fields and metadata become those of
    /// both, it is a customer if one of them was, and contacts and conversations move to it. The source is gone then; whoever asks
    /// for it is told where it went.
    pub struct Merge {
        /// The company that is merged into the other one.
        pub source_id: Id,
        /// The company that stays.
        pub destination_id: Id,
    }
}

impl Method for Merge {
    const NAME: &'static str = "companies.merge";
    const ACCESS: Access = Access::write(Area::Companies);
    const KIND: Kind = Kind::Write;
    const ERRORS: &'static [Code] = &[Code::Cycle, Code::LimitExceeded];
    const EVENTS: &'static [&'static str] = &["company.merged", "company.deleted"];
    const EXAMPLE: &'static str = r#"{"source_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","destination_id":"0193f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f7"}"#;
    const DRY_RUN: bool = true;
    type Output = Company;

    async fn call(self, ctx: Context) -> Result<Company> {
        if self.source_id == self.destination_id {
            return Err(Error::new(Code::Cycle, "A company cannot be merged into itself."));
        }
        ctx.write(async move |tx| {
            let stage = placing::lock_stage_of(tx, self.source_id).await?;
            let (source, destination) = lock_both(tx, self.source_id, self.destination_id).await?;
            placing::still_in(&source, stage)?;
            let mut merged = destination.clone();
            take_over(&mut merged, &source)?;
            if destination.stage_id.is_some() {
                placing::leave(tx, &mut source.clone()).await?;
                if destination.stage_id == source.stage_id && destination.position > source.position {
                    merged.position -= 1;
                }
            }
            let wanted = [destination.tags.0.clone(), source.tags.0.clone()].concat();
            tags::store::retag(tx, TaggedType::Company, destination.id, &mut merged.tags, wanted).await?;
            belongings::hand_over(tx, source.id, destination.id).await?;
            store::delete(tx, &source).await?;
            store::replace(tx, &destination, merged, "company.merged").await
        })
        .await
    }
}

/// Both companies, locked in the order of their ids, which keeps two calls from waiting for each other.
async fn lock_both(tx: &mut Tx<'_>, source: Id, destination: Id) -> Result<(Company, Company)> {
    let (first, second) = (source.min(destination), source.max(destination));
    let first = store::lock_to_merge(tx, first).await?;
    let second = store::lock_to_merge(tx, second).await?;
    let (from, into) = if source < destination { (first, second) } else { (second, first) };
    match (from, into) {
        (Some(from), Some(into)) => Ok((from, into)),
        (from, into) => {
            let missing = [("/source_id", from.is_none(), source), ("/destination_id", into.is_none(), destination)];
            let problems = missing
                .into_iter()
                .filter(|(_, is_missing, _)| *is_missing)
                .map(|(pointer, _, id)| FieldError::new(pointer, "unknown_id", format!("there is no company {id}")));
            Err(Error::arguments(tx.ctx().method(), problems.collect()))
        }
    }
}

/// What a company becomes when another one is merged into it; its tags are for the caller to change.
fn take_over(company: &mut Company, source: &Company) -> Result<()> {
    fn lacking<T: Clone>(target: &mut Option<T>, source: &Option<T>) {
        if target.is_none() {
            target.clone_from(source);
        }
    }
    lacking(&mut company.website, &source.website);
    lacking(&mut company.industry, &source.industry);
    lacking(&mut company.logo_url, &source.logo_url);
    lacking(&mut company.notes, &source.notes);
    lacking(&mut company.owner_user_id, &source.owner_user_id);
    lacking(&mut company.external_id, &source.external_id);
    if company.deal_value.is_none() && source.deal_value.is_some() {
        company.deal_value = source.deal_value;
        company.currency.clone_from(&source.currency);
    }
    if company.stage_id.is_none() {
        // The place in the stage is taken over as well, so that the others stay where they are.
        company.stage_id = source.stage_id;
        company.position = source.position;
    }
    company.last_contact = company.last_contact.max(source.last_contact);
    company.is_customer |= source.is_customer;
    company.contact_count += source.contact_count;
    company.open_ticket_count += source.open_ticket_count;
    let new: Vec<String> = source.domains.iter().filter(|domain| !company.domains.contains(domain)).cloned().collect();
    company.domains.extend(new);
    if company.domains.len() > MAX_DOMAINS {
        return Err(Error::new(Code::LimitExceeded, format!("Together they have more than {MAX_DOMAINS} domains.")));
    }
    for (into, from, what) in [
        (&mut company.custom_fields, &source.custom_fields, "custom fields"),
        (&mut company.metadata, &source.metadata, "metadata"),
    ] {
        let mut both = from.0.clone();
        merge_map(&mut both, std::mem::take(&mut into.0));
        into.0 = both;
        if let Some(problem) = Document::problem(into) {
            return Err(Error::new(Code::LimitExceeded, format!("Together their {what} are {problem}.")));
        }
    }
    Ok(())
}
