//! All SQL of companies.

use diesel::expression::IntoSql;
use diesel::sql_types::Bool;

use super::model::Company;
use crate::db::prelude::*;
use crate::db::{Conn, Fault, Id, Timestamp};
use crate::method::{Code, Error, OrConflict, Result, Tx};
use crate::query::{Fetched, Listing, Predicate};
use crate::resources::crm::tags::{self, TaggedType};
use crate::schema::{companies, company_domains, company_merges};
use crate::{keep, lock, lock_to_delete, run, run_each, run_list};

/// A company.
pub async fn find(conn: &mut Conn, organization: Id, id: Id) -> Result<Option<Company>> {
    Ok(run!(conn, |c| companies::table.find((organization, id)).select(Company::as_select()).first(c)).optional()?)
}

/// Which companies a list is about; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    pub stage: Option<Id>,
    pub is_customer: Option<bool>,
    pub owner: Option<Id>,
}

/// The companies of an organization that a filter lets through.
pub async fn list(conn: &mut Conn, organization: Id, filter: Filter, list: &Listing) -> Result<Fetched<Company>> {
    let (stage, any_stage) = (filter.stage.unwrap_or(Id::NIL), filter.stage.is_none());
    let (owner, any_owner) = (filter.owner.unwrap_or(Id::NIL), filter.owner.is_none());
    let states = filter.is_customer.map_or(vec![true, false], |is_customer| vec![is_customer]);
    Ok(run_list!(
        conn,
        list,
        Company,
        companies::id,
        companies::table
            .filter(companies::organization_id.eq(organization).and(companies::is_customer.eq_any(&states)))
            .filter(any_stage.into_sql::<Bool>().nullable().or(companies::stage_id.eq(stage)))
            .filter(any_owner.into_sql::<Bool>().nullable().or(companies::owner_user_id.eq(owner)))
    ))
}

/// The company with this id in another system.
pub async fn find_by_external_id(conn: &mut Conn, organization: Id, external_id: &str) -> Result<Option<Company>> {
    Ok(run!(conn, |c| companies::table
        .filter(companies::organization_id.eq(organization).and(companies::external_id.eq(external_id)))
        .select(Company::as_select())
        .first(c))
    .optional()?)
}

/// The company that a write is about, locked.
pub async fn target(tx: &mut Tx<'_>, id: Id) -> Result<Company> {
    let found = lock(tx, id).await?;
    match found {
        None => Err(not_found(tx, id).await?),
        found => tx.target(found),
    }
}

/// The company that is about to be deleted, locked; nobody can come to refer to it meanwhile.
pub async fn target_to_delete(tx: &mut Tx<'_>, id: Id) -> Result<Company> {
    let organization = tx.space();
    let found: Option<Company> =
        lock_to_delete!(tx, companies::table.find((organization, id)).select(Company::as_select()))?;
    match found {
        None => Err(not_found(tx, id).await?),
        found => tx.target(found),
    }
}

/// A company that a write changes besides what it is about, locked.
pub async fn lock(tx: &mut Tx<'_>, id: Id) -> Result<Option<Company>> {
    let organization = tx.space();
    Ok(lock!(tx, companies::table.find((organization, id)).select(Company::as_select()))?)
}

/// A company that is merged into another one, or the other way round; locked as one that goes, because one of them does.
pub async fn lock_to_merge(tx: &mut Tx<'_>, id: Id) -> Result<Option<Company>> {
    let organization = tx.space();
    Ok(lock_to_delete!(tx, companies::table.find((organization, id)).select(Company::as_select()))?)
}

/// The error for an id that leads to no company; it says where the company went, if it was merged.
pub async fn not_found(tx: &mut Tx<'_>, id: Id) -> Result<Error> {
    let organization = tx.space();
    let merged = merged_into(tx, organization, id).await?;
    Ok(gone(merged))
}

/// The same, for whoever knows already where the company went.
pub fn gone(merged_into: Option<Id>) -> Error {
    let error = Error::not_found::<Company>();
    match merged_into {
        Some(id) => error.with("merged_into_id", id.to_string()),
        None => error,
    }
}

/// The company that another one was merged into.
pub async fn merged_into(conn: &mut Conn, organization: Id, source: Id) -> Result<Option<Id>> {
    Ok(run!(conn, |c| company_merges::table
        .find((organization, source))
        .select(company_merges::destination_id)
        .first(c))
    .optional()?)
}

/// Refuses an argument that names no company. The one that it does name stays until the transaction ends.
pub async fn require(tx: &mut Tx<'_>, pointer: &str, id: Id) -> Result<()> {
    match keep(tx, &[id]).await?.is_empty() {
        false => Ok(()),
        true => Err(Error::argument(pointer, "unknown_id", format!("there is no company {id}"))),
    }
}

/// Which of these companies there are; they stay until the transaction ends.
pub async fn keep(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Id>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let organization = tx.space();
    let of_organization = companies::table.filter(companies::organization_id.eq(organization));
    Ok(keep!(tx, of_organization.filter(companies::id.eq_any(ids)).select(companies::id))?)
}

/// The ids of the companies that pass, after one of them and in their order.
pub async fn ids(conn: &mut Conn, space: Id, passing: &Predicate, after: Id, most: i64) -> Result<Vec<Id>> {
    Ok(run!(conn, |c| companies::table
        .filter(companies::organization_id.eq(space).and(companies::id.gt(after)))
        .filter(passing.clone())
        .order(companies::id)
        .limit(most)
        .select(companies::id)
        .load(c))?)
}

/// The companies that pass, after one of them and in the order of their ids.
pub async fn after(conn: &mut Conn, space: Id, passing: &Predicate, after: Id, most: i64) -> Result<Vec<Company>> {
    Ok(run!(conn, |c| companies::table
        .filter(companies::organization_id.eq(space).and(companies::id.gt(after)))
        .filter(passing.clone())
        .order(companies::id)
        .limit(most)
        .select(Company::as_select())
        .load(c))?)
}

/// Counts contacts that came to a company, or left it. Whoever moves contacts between companies counts in the order of the ids of
/// the companies, or calls [`move_contact`].
pub async fn count_contacts(tx: &mut Tx<'_>, company: Id, delta: i32) -> Result<()> {
    let organization = tx.space();
    run!(tx, |c| diesel::update(companies::table.find((organization, company)))
        .set(companies::contact_count.eq(companies::contact_count + delta))
        .execute(c))?;
    Ok(())
}

/// Counts a contact that goes from one company to another, or to none.
pub async fn move_contact(tx: &mut Tx<'_>, from: Option<Id>, to: Option<Id>) -> Result<()> {
    if from == to {
        return Ok(());
    }
    let mut changes: Vec<(Id, i32)> = from.map(|id| (id, -1)).into_iter().chain(to.map(|id| (id, 1))).collect();
    changes.sort();
    for (company, delta) in changes {
        count_contacts(tx, company, delta).await?;
    }
    Ok(())
}

/// Notes that there was contact with a company at this instant, unless there was later.
pub async fn contacted(tx: &mut Tx<'_>, company: Id, at: Timestamp) -> Result<()> {
    let organization = tx.space();
    run!(tx, |c| diesel::update(companies::table.find((organization, company)))
        .filter(companies::last_contact.is_null().or(companies::last_contact.lt(at)))
        .set(companies::last_contact.eq(at))
        .execute(c))?;
    Ok(())
}

/// The companies that have one of these domains, each once.
pub async fn with_domains(conn: &mut Conn, organization: Id, domains: &[String]) -> Result<Vec<(String, Id)>> {
    if domains.is_empty() {
        return Ok(Vec::new());
    }
    Ok(run!(conn, |c| company_domains::table
        .filter(company_domains::organization_id.eq(organization).and(company_domains::domain.eq_any(domains)))
        .order(company_domains::domain)
        .select((company_domains::domain, company_domains::company_id))
        .load(c))?)
}

/// Stores a new company and announces it.
pub async fn insert(tx: &mut Tx<'_>, company: Company) -> Result<Company> {
    check_keys(tx, &company).await?;
    run!(tx, |c| diesel::insert_into(companies::table)
        .values((&company, companies::words.eq(company.words())))
        .execute(c))
    .or_conflict(taken)?;
    add_domains(tx, &company, &company.domains).await?;
    tx.emit("company.created", &company)?;
    Ok(company)
}

/// Stores what has become of a company and announces it as `event`. Without a difference nothing happens.
pub async fn save(tx: &mut Tx<'_>, before: Company, after: Company, event: &'static str) -> Result<Company> {
    if after == before {
        return Ok(before);
    }
    replace(tx, &before, after, event).await
}

/// The same, for a change that is one even if nothing that callers see differs.
pub async fn replace(tx: &mut Tx<'_>, before: &Company, mut after: Company, event: &'static str) -> Result<Company> {
    if after.external_id != before.external_id || after.domains != before.domains {
        check_keys(tx, &after).await?;
    }
    after.version += 1;
    after.updated_at = tx.now();
    run!(tx, |c| diesel::update(companies::table.find((after.organization_id, after.id)))
        .set((&after, companies::words.eq(after.words())))
        .execute(c))
    .or_conflict(taken)?;
    let removed: Vec<&String> = before.domains.iter().filter(|domain| !after.domains.contains(domain)).collect();
    if !removed.is_empty() {
        run!(tx, |c| diesel::delete(
            company_domains::table
                .filter(company_domains::organization_id.eq(after.organization_id))
                .filter(company_domains::domain.eq_any(&removed))
        )
        .execute(c))?;
    }
    let added: Vec<String> = after.domains.iter().filter(|domain| !before.domains.contains(domain)).cloned().collect();
    add_domains(tx, &after, &added).await?;
    tx.emit_change(event, before, &after)?;
    Ok(after)
}

/// Takes a company away and announces it. Who refers to it must be gone by now.
pub async fn delete(tx: &mut Tx<'_>, company: &Company) -> Result<()> {
    tags::store::untag_all(tx, TaggedType::Company, company.id).await?;
    run!(tx, |c| diesel::delete(companies::table.find((company.organization_id, company.id))).execute(c))?;
    tx.emit("company.deleted", company)
}

async fn add_domains(tx: &mut Tx<'_>, company: &Company, domains: &[String]) -> Result<()> {
    // In one order everywhere, so that no two calls wait for each other.
    let mut domains: Vec<&String> = domains.iter().collect();
    domains.sort();
    let rows: Vec<_> = domains
        .into_iter()
        .map(|domain| {
            (
                company_domains::organization_id.eq(company.organization_id),
                company_domains::domain.eq(domain),
                company_domains::company_id.eq(company.id),
            )
        })
        .collect();
    run_each!(tx, &rows, |c, row| diesel::insert_into(company_domains::table).values(*row).execute(c))
        .or_conflict(taken)
}

/// Refuses an external id and domains that other companies have.
async fn check_keys(tx: &mut Tx<'_>, company: &Company) -> Result<()> {
    if let Some(external_id) = &company.external_id
        && let Some(other) = find_by_external_id(tx, company.organization_id, external_id).await?
        && other.id != company.id
    {
        return Err(exists("external_id", other.id));
    }
    let owners = with_domains(tx, company.organization_id, &company.domains).await?;
    match owners.iter().find(|(_, owner)| *owner != company.id) {
        Some((domain, owner)) => Err(exists(&format!("domain, {domain}"), *owner)),
        None => Ok(()),
    }
}

fn exists(what: &str, id: Id) -> Error {
    Error::new(Code::AlreadyExists, format!("Another company has this {what}.")).with("existing_id", id.to_string())
}

/// Another call took the external id or a domain after it was looked for. Run again, this one finds that company.
fn taken(index: &str) -> Error {
    Fault::Retry(format!("taken meanwhile: {index}")).into()
}
