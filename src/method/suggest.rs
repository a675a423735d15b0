//! "Did you mean …?"

use strsim::damerau_levenshtein;

/// The known words nearest to `word`, best first, at most three.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    // Longer than any name we know by far: not a slip of the finger, and not worth comparing.
    if word.is_empty() || word.len() > 128 {
        return Vec::new();
    }
    let plain = |text: &str| text.replace(['_', '-', '.'], "").to_lowercase();
    let folded = plain(word);
    let limit = 2.max(word.chars().count() / 4);
    let mut near: Vec<(usize, &str)> = known
        .filter_map(|candidate| {
            let distance = match plain(candidate) == folded {
                true => 0,
                false => damerau_levenshtein(word, candidate),
            };
            (distance <= limit && distance < candidate.chars().count()).then_some((distance, candidate))
        })
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, candidate)| candidate.to_owned()).collect()
}

/// The methods nearest to a name that does not exist, verb synonyms included.
pub fn methods<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    const SYNONYMS: &[(&str, &str)] = &[
        ("get", "info"),
        ("show", "info"),
        ("find", "info"),
        ("fetch", "info"),
        ("read", "info"),
        ("info", "get"),
        ("delete", "remove"),
        ("remove", "delete"),
        ("destroy", "delete"),
        ("add", "create"),
        ("new", "create"),
        ("insert", "create"),
        ("create", "add"),
        ("edit", "update"),
        ("patch", "update"),
        ("set", "update"),
        ("all", "list"),
        ("index", "list"),
        ("search", "list"),
    ];
    let mut found = Vec::new();
    if let Some((resource, verb)) = name.rsplit_once(['.', '/']) {
        for (from, to) in SYNONYMS {
            let wanted = format!("{resource}.{to}");
            if verb.eq_ignore_ascii_case(from)
                && let Some(method) = known.clone().find(|method| method.eq_ignore_ascii_case(&wanted))
            {
                found.push(method.to_owned());
            }
        }
    }
    for method in nearest(name, known) {
        if !found.contains(&method) {
            found.push(method);
        }
    }
    found.truncate(3);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_snake_case_and_synonyms_are_found() {
        let known = ["teams.addMember", "teams.info", "teams.list", "teams.delete", "users.list"];
        assert_eq!(methods("teams.add_member", known.iter().copied())[0], "teams.addMember");
        assert_eq!(methods("teams.get", known.iter().copied())[0], "teams.info");
        assert_eq!(methods("teams.lst", known.iter().copied())[0], "teams.list");
        assert!(methods("pancakes.flip", known.iter().copied()).is_empty());
    }
}
