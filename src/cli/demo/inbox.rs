//! Who writes to the demo's coffee house, and what became of it.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Desk, text};
use crate::method::Result;

/// The channels: name, source.
const CHANNELS: &[(&str, &str)] =
    &[("Text messages", "twilio.sms"), ("Google reviews and messages", "google.places"), ("Web shop", "web.form")];

/// The companies: name, domain, industry, worth of the deal in euros, whether they buy already.
const COMPANIES: &[(&str, &str, &str, i64, bool)] = &[
    ("Harbour Offices", "harbour-offices.example", "Real estate", 18_400, true),
    ("Trattoria Sole", "trattoria-sole.example", "Restaurants", 9_250, true),
    ("Kiln & Co", "kilnandco.example", "Ceramics", 2_100, false),
];

/// The contacts: name, mailbox, company if any, what they are.
pub(super) const CONTACTS: &[(&str, &str, Option<&str>, &str)] = &[
    ("Ada Lovelace", "ada@harbour-offices.example", Some("Harbour Offices"), "customer"),
    ("Bruno Conti", "bruno@trattoria-sole.example", Some("Trattoria Sole"), "customer"),
    ("Carla Nguyen", "carla@kilnandco.example", Some("Kiln & Co"), "lead"),
    ("Dmitri Aalto", "dmitri@mail.example", None, "customer"),
    ("Esther Mbeki", "esther@mail.example", None, "lead"),
    ("Finn Castellano", "finn@mail.example", None, "visitor"),
    ("Grace Yamada", "grace@mail.example", None, "customer"),
];

/// A conversation: contact's mailbox, source, subject, tags, and who said what: `<` the contact, `>` we, `#` a note.
pub(super) struct Talk {
    from: &'static str,
    source: &'static str,
    subject: Option<&'static str>,
    tags: &'static [&'static str],
    metadata: Option<&'static str>,
    said: &'static [&'static str],
    is_closed: bool,
}

pub(super) const TALKS: &[Talk] = &[
    Talk {
        from: "dmitri@mail.example",
        source: "twilio.sms",
        subject: None,
        tags: &["order"],
        metadata: None,
        said: &[
            "<Hi, is my order 1042 ready to be picked up?",
            ">It is! We keep it behind the counter until eight tonight.",
            "<Great, I will be there at seven.",
        ],
        is_closed: false,
    },
    Talk {
        from: "grace@mail.example",
        source: "twilio.sms",
        subject: None,
        tags: &["complaint", "refund"],
        metadata: None,
        said: &[
            "<The beans I got yesterday are ground, I ordered whole ones.",
            "#Third mix-up with the grinder this week, see the shift log.",
            "<Can I have my money back please?",
        ],
        is_closed: false,
    },
    Talk {
        from: "finn@mail.example",
        source: "google.places",
        subject: None,
        tags: &[],
        metadata: Some("1234"),
        said: &["<Do you have oat milk in Menlo Street?"],
        is_closed: false,
    },
    Talk {
        from: "esther@mail.example",
        source: "google.places",
        subject: None,
        tags: &["hours"],
        metadata: Some("1234"),
        said: &["<Are you open on Sunday?", ">From nine to four, every Sunday."],
        is_closed: true,
    },
    Talk {
        from: "ada@harbour-offices.example",
        source: "web.form",
        subject: Some("Two more floors"),
        tags: &["wholesale"],
        metadata: None,
        said: &[
            "<We are adding two floors in March and would need about twice the coffee. What would that cost?",
            "#Deal is worth a visit; they pay on time.",
            ">Happy to hear it. I am putting an offer together and send it by Thursday.",
        ],
        is_closed: false,
    },
    Talk {
        from: "bruno@trattoria-sole.example",
        source: "web.form",
        subject: Some("Delivery of 12 November"),
        tags: &["wholesale", "complaint"],
        metadata: None,
        said: &["<One of the sacks was open when it arrived.", ">I am sorry. A new one is on its way."],
        is_closed: true,
    },
    Talk {
        from: "carla@kilnandco.example",
        source: "web.form",
        subject: Some("Cups for your shop"),
        tags: &["partner"],
        metadata: None,
        said: &["<We make cups, and would love to make yours. May I send a sample?"],
        is_closed: false,
    },
];

/// Calls the methods that a client would call. `answerer` is the user who answers.
pub(super) async fn fill(desk: &Desk, answerer: &str) -> Result<()> {
    let mut channels = HashMap::new();
    for (name, source) in CHANNELS {
        let channel = desk.call("channels.create", json!({"type": "api", "name": name, "source": source})).await?;
        channels.insert(*source, text(&channel, "id")?);
    }
    let mut companies = HashMap::new();
    for (name, domain, industry, deal_value, is_customer) in COMPANIES {
        let company = json!({
            "name": name, "domains": [domain], "website": format!("https://{domain}"), "industry": industry,
            "deal_value": deal_value, "currency": "EUR", "is_customer": is_customer,
        });
        companies.insert(*name, text(&desk.call("companies.create", company).await?, "id")?);
    }
    let mut contacts = HashMap::new();
    for (name, email, company, kind) in CONTACTS {
        let company = company.and_then(|company| companies.get(company));
        let contact = json!({"name": name, "email": email, "type": kind, "company_id": company});
        contacts.insert(*email, text(&desk.call("contacts.create", contact).await?, "id")?);
    }
    for talk in TALKS {
        let metadata = talk.metadata.map(|place| json!({"source": {"google": {"place_id": place}}}));
        let conversation = json!({
            "contact_id": contacts.get(talk.from), "channel_id": channels.get(talk.source), "subject": talk.subject,
            "metadata": metadata.unwrap_or_else(|| json!({})),
        });
        let id = text(&desk.call("conversations.create", conversation).await?, "id")?;
        for tag in talk.tags {
            desk.call("conversations.addTag", json!({"id": id, "tag": tag})).await?;
        }
        for said in talk.said {
            say(desk, &id, said).await?;
        }
        if talk.said.iter().any(|said| said.starts_with('>')) {
            desk.call("conversations.assign", json!({"id": id, "user_id": answerer, "force": true})).await?;
        }
        if talk.is_closed {
            desk.call("conversations.close", json!({"id": id, "resolution": "resolved"})).await?;
        }
    }
    let views = [("Unread", "unread_count:[1 TO *] AND NOT status:closed"), ("Mine", "assigned_to_user_id:me")];
    for (name, query) in views {
        let view = json!({"name": name, "object": "conversation", "query": query, "visibility": "organization"});
        desk.call("views.create", view).await?;
    }
    Ok(())
}

async fn say(desk: &Desk, conversation: &str, said: &str) -> Result<Value> {
    let (who, words) = said.split_at(1);
    let method = match who {
        "<" => "messages.receive",
        ">" => "messages.send",
        _ => "messages.addNote",
    };
    desk.call(method, json!({"conversation_id": conversation, "text": words})).await
}
