//! Which mails belong together: those that refer to each other, and replies that name nothing but the subject.

use std::collections::HashMap;

use super::Found;
use super::mail::{self, Head};

/// How long after a mail a reply may come that is told by its subject alone, in seconds.
const REPLIES_WITHIN: i64 = 60 * 24 * 3600;

/// The threads, each in the order in which it was written, and the thread that began first before the others.
pub fn of(mut found: Vec<Found>) -> Vec<Vec<Found>> {
    found.sort_by(|a, b| (a.head.at, &a.head.id).cmp(&(b.head.at, &b.head.id)));
    let mut groups = Groups::default();
    // The latest mail with each subject, and when it was written.
    let mut by_subject: HashMap<String, (i64, String)> = HashMap::new();
    for Found { head, .. } in &found {
        for other in &head.references {
            groups.join(&head.id, other);
        }
        if head.subject.is_empty() {
            continue;
        }
        if head.is_reply
            && head.references.is_empty()
            && let Some((at, other)) = by_subject.get(&head.subject)
            && head.at - at <= REPLIES_WITHIN
        {
            groups.join(&head.id, other);
        }
        by_subject.insert(head.subject.clone(), (head.at, head.id.clone()));
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut threads: Vec<Vec<Found>> = Vec::new();
    for mail in found {
        let place = *places.entry(groups.of(&mail.head.id)).or_insert(threads.len());
        match threads.get_mut(place) {
            Some(thread) => thread.push(mail),
            None => threads.push(vec![mail]),
        }
    }
    threads
}

/// What a thread is called from now on, by its first mail: the mail that it goes back to, which need not be in the mailbox.
pub fn name(first: &Head) -> String {
    let root = first.references.first().unwrap_or(&first.id);
    mail::shortened(&format!("mail:{root}"), 255)
}

/// Ids that belong together: each leads to another one of its group, and at last to the one that stands for all.
#[derive(Default)]
struct Groups(HashMap<String, String>);

impl Groups {
    fn of(&mut self, id: &str) -> String {
        let mut last = id.to_owned();
        let mut passed = Vec::new();
        while let Some(next) = self.0.get(&last) {
            passed.push(std::mem::replace(&mut last, next.clone()));
        }
        for id in passed {
            self.0.insert(id, last.clone());
        }
        last
    }

    fn join(&mut self, one: &str, other: &str) {
        let (one, other) = (self.of(one), self.of(other));
        if one != other {
            self.0.insert(one, other);
        }
    }
}
