//! Contacts that may be the same person: what they have in common, and how much that says.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::exists;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::identity::IdentityType;
use super::model::{Contact, ContactRow};
use super::store;
use crate::db::prelude::*;
use crate::db::{Conn, Id};
use crate::method::{Result, Window};
use crate::schema::{contact_identities, contacts};
use crate::{object, run, run_page, text_enum};

text_enum! {
    /// What two contacts have in common.
    pub enum Resemblance {
        /// The same number, such as for calls and on WhatsApp.
        Phone = "phone",
        /// The same mailbox, in different spellings.
        Email = "email",
        /// The same account, in different spellings.
        Account = "account",
        /// The same name in the same company.
        NameAndCompany = "name_and_company",
    }
}

impl Resemblance {
    fn of(kind: IdentityType) -> Self {
        match kind {
            IdentityType::Email => Self::Email,
            IdentityType::Phone | IdentityType::Whatsapp => Self::Phone,
            _ => Self::Account,
        }
    }

    /// How likely it is that two who have this in common are one.
    fn weight(self) -> f64 {
        match self {
            Self::Phone => 0.9,
            Self::Email => 0.85,
            Self::Account => 0.7,
            Self::NameAndCompany => 0.6,
        }
    }
}

/// Something that two contacts have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Resemblance,
    /// The number, address, account or name, as the newer contact has it.
    pub value: String,
}

/// Two contacts that may be the same person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Duplicate {
    /// The contact that may be one too many: of the two, the newer one, or the one that was not asked about.
    pub id: Id,
    /// The older of the two.
    pub a: Contact,
    /// The newer of the two.
    pub b: Contact,
    /// How likely it is that they are one, from 0 to 1.
    pub score: f64,
    /// What speaks for it.
    pub evidence: Vec<Evidence>,
}

object!(Duplicate, "duplicate", ContactNotFound);

diesel::alias! {
    const MINE: Alias<Mine> = contact_identities as mine;
    const THEIRS: Alias<Theirs> = contact_identities as theirs;
    const OLDER: Alias<Older> = contacts as older;
}

/// Contacts that may be older ones over again, each with the older one it resembles most.
pub async fn list(conn: &mut Conn, space: Id, window: &Window) -> Result<(Vec<Duplicate>, Option<i64>)> {
    let (rows, total) = run_page!(
        conn,
        window,
        contacts::id,
        ContactRow,
        contacts::table.filter(contacts::organization_id.eq(space)).filter(
            exists(
                MINE.inner_join(
                    THEIRS.on(THEIRS
                        .field(contact_identities::organization_id)
                        .eq(MINE.field(contact_identities::organization_id))
                        .and(THEIRS.field(contact_identities::likeness).eq(MINE.field(contact_identities::likeness)))
                        .and(
                            THEIRS.field(contact_identities::contact_id).lt(MINE.field(contact_identities::contact_id))
                        )),
                )
                .filter(MINE.field(contact_identities::organization_id).eq(contacts::organization_id))
                .filter(MINE.field(contact_identities::contact_id).eq(contacts::id))
            )
            .or(exists(
                OLDER
                    .filter(OLDER.field(contacts::organization_id).eq(contacts::organization_id))
                    .filter(OLDER.field(contacts::name_key).eq(contacts::name_key))
                    .filter(OLDER.field(contacts::company_id).eq(contacts::company_id))
                    .filter(OLDER.field(contacts::id).lt(contacts::id))
            ))
        )
    );
    let newer = store::with_identities(conn, space, rows).await?;
    let pairs = pairs(conn, space, &newer, |one, other| other < one).await?;
    Ok((duplicates(conn, space, newer, pairs).await?, total))
}

/// Contacts that may be the same person as this one.
pub async fn of(
    conn: &mut Conn,
    space: Id,
    contact: &Contact,
    window: &Window,
) -> Result<(Vec<Duplicate>, Option<i64>)> {
    let likeness: Vec<String> = contact.identities.iter().map(|identity| identity.likeness()).collect();
    let (name, company, id) = (contact.name_key(), contact.company_id, contact.row.id);
    let (rows, total) = run_page!(
        conn,
        window,
        contacts::id,
        ContactRow,
        contacts::table.filter(contacts::organization_id.eq(space).and(contacts::id.ne(id))).filter(
            contacts::id
                .eq_any(
                    contact_identities::table
                        .filter(contact_identities::organization_id.eq(space))
                        .filter(contact_identities::likeness.eq_any(&likeness))
                        .select(contact_identities::contact_id)
                )
                .or(contacts::name_key.eq(&name).and(contacts::company_id.eq(company)).assume_not_null())
        )
    );
    let others = store::with_identities(conn, space, rows).await?;
    let pairs = pairs(conn, space, &others, |_, other| other == id).await?;
    Ok((duplicates(conn, space, others, pairs).await?, total))
}

/// What each of these contacts has in common with others that `counts` lets through.
type Pairs = HashMap<Id, BTreeMap<Id, Vec<Evidence>>>;

async fn pairs(conn: &mut Conn, space: Id, of: &[Contact], counts: impl Fn(Id, Id) -> bool) -> Result<Pairs> {
    let mut pairs = Pairs::new();
    let mut note = |one: Id, other: Id, kind: Resemblance, value: &str| {
        let evidence = pairs.entry(one).or_default().entry(other).or_default();
        if evidence.iter().all(|known| known.kind != kind) {
            evidence.push(Evidence { kind, value: value.to_owned() });
        }
    };
    let likeness: Vec<String> =
        of.iter().flat_map(|one| one.identities.iter().map(|identity| identity.likeness())).collect();
    let alike: Vec<(String, Id)> = run!(conn, |c| contact_identities::table
        .filter(contact_identities::organization_id.eq(space).and(contact_identities::likeness.eq_any(&likeness)))
        .order((contact_identities::likeness, contact_identities::contact_id))
        .select((contact_identities::likeness, contact_identities::contact_id))
        .load(c))?;
    let mut by_likeness: HashMap<String, Vec<Id>> = HashMap::new();
    for (likeness, contact) in alike {
        by_likeness.entry(likeness).or_default().push(contact);
    }
    for one in of {
        for identity in &one.identities {
            let others = by_likeness.get(&identity.likeness()).into_iter().flatten().copied();
            for other in others.filter(|other| *other != one.row.id && counts(one.row.id, *other)) {
                note(one.row.id, other, Resemblance::of(identity.kind), &identity.value);
            }
        }
    }
    let named: Vec<(String, Id)> = of.iter().filter_map(|one| one.name_key().zip(one.company_id)).collect();
    let (names, companies): (Vec<String>, Vec<Id>) = named.into_iter().unzip();
    let namesakes: Vec<(Option<String>, Option<Id>, Id)> = run!(conn, |c| contacts::table
        .filter(contacts::organization_id.eq(space))
        .filter(contacts::name_key.eq_any(&names).and(contacts::company_id.eq_any(&companies)))
        .order(contacts::id)
        .select((contacts::name_key, contacts::company_id, contacts::id))
        .load(c))?;
    let mut by_name: HashMap<(String, Id), Vec<Id>> = HashMap::new();
    for (name, company, contact) in namesakes {
        if let Some(key) = name.zip(company) {
            by_name.entry(key).or_default().push(contact);
        }
    }
    for one in of {
        let Some(key) = one.name_key().zip(one.company_id) else { continue };
        let others = by_name.get(&key).into_iter().flatten().copied();
        for other in others.filter(|other| *other != one.row.id && counts(one.row.id, *other)) {
            note(one.row.id, other, Resemblance::NameAndCompany, one.name.as_deref().unwrap_or_default());
        }
    }
    Ok(pairs)
}

/// Each contact with the one it resembles most; of several, the oldest.
async fn duplicates(conn: &mut Conn, space: Id, of: Vec<Contact>, mut pairs: Pairs) -> Result<Vec<Duplicate>> {
    let mut chosen: Vec<(Contact, Id, f64, Vec<Evidence>)> = Vec::with_capacity(of.len());
    for one in of {
        let candidates = pairs.remove(&one.row.id).unwrap_or_default().into_iter();
        let scored = candidates.map(|(other, evidence)| (other, score(&evidence), evidence));
        let best = scored.reduce(|best, next| if next.1 > best.1 { next } else { best });
        if let Some((other, score, evidence)) = best {
            chosen.push((one, other, score, evidence));
        }
    }
    let ids: Vec<Id> = chosen.iter().map(|(_, other, ..)| *other).collect();
    let others = store::find_all(conn, space, &ids).await?;
    let others: HashMap<Id, Contact> = others.into_iter().map(|other| (other.row.id, other)).collect();
    let pair = |(one, other, score, evidence): (Contact, Id, f64, Vec<Evidence>)| {
        let other = others.get(&other)?.clone();
        let id = one.row.id;
        let (a, b) = if other.row.id < id { (other, one) } else { (one, other) };
        Some(Duplicate { id, a, b, score, evidence })
    };
    Ok(chosen.into_iter().filter_map(pair).collect())
}

/// How likely two contacts are one, from 0 to 1: each thing they have in common leaves less to doubt.
fn score(evidence: &[Evidence]) -> f64 {
    let doubt: f64 = evidence.iter().map(|one| 1.0 - one.kind.weight()).product();
    ((1.0 - doubt) * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_evidence_leaves_less_to_doubt() {
        let of = |kinds: &[Resemblance]| {
            let evidence = |kind: &Resemblance| Evidence { kind: *kind, value: String::new() };
            score(&kinds.iter().map(evidence).collect::<Vec<_>>())
        };
        assert_eq!(of(&[Resemblance::Phone]), 0.9);
        assert_eq!(of(&[Resemblance::Phone, Resemblance::NameAndCompany]), 0.96);
        assert_eq!(of(&[]), 0.0);
    }
}
