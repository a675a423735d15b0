use proptest::prelude::*;

use super::*;
use crate::query::{Bound, Pattern, Piece};

fn normal(text: &str) -> String {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}")).to_string()
}

#[test]
fn queries_have_one_normal_form() {
    for (text, expected) in [
        ("", "*:*"),
        ("  \n", "*:*"),
        ("*", "*:*"),
        ("*:*", "*:*"),
        ("source:*sms AND unread_count:[1 TO *]", "source:*sms AND unread_count:>=1"),
        ("unread_count:[* TO 5]", "unread_count:<=5"),
        ("unread_count:{1 TO 5]", "unread_count:{1 TO 5]"),
        ("unread_count:[1 TO 5}", "unread_count:[1 TO 5}"),
        ("metadata.source.google.place_id:1234", "metadata.source.google.place_id:1234"),
        ("display_name:*Lovelace", "display_name:*Lovelace"),
        ("tags:(urgent OR vip) AND NOT status:closed", "tags:(urgent OR vip) AND NOT status:closed"),
        ("created_at:[2024-01-01 TO 2024-01-31}", "created_at:[2024-01-01 TO 2024-01-31}"),
        ("_exists_:assigned_to_user_id AND sla.due_at:<now+1h", "_exists_:assigned_to_user_id AND sla.due_at:<now+1h"),
        ("a b AND c", "a OR b AND c"),
        ("a && b || !c", "a AND b OR NOT c"),
        ("a&&b||c", "a AND b OR c"),
        ("(a OR b) AND c", "(a OR b) AND c"),
        ("NOT (a b)", "NOT (a OR b)"),
        ("NOT a AND b", "NOT a AND b"),
        ("a OR NOT b", "a OR NOT b"),
        ("a OR -b", "a OR NOT b"),
        // Side by side, as in Lucene.
        ("a NOT b", "a AND NOT b"),
        ("a b -c", "(a OR b) AND NOT c"),
        ("+a b", "a"),
        ("+a +b -c d", "a AND b AND NOT c"),
        ("-a -b", "NOT a AND NOT b"),
        ("a OR b -c", "a OR b AND NOT c"),
        ("status:(-closed +open)", "status:open AND NOT status:closed"),
        ("field: value", "field:value"),
        ("f:null", "f:null"),
        ("f:\"null\"", "f:\"null\""),
        ("f:*", "_exists_:f"),
        ("f:[* TO *]", "_exists_:f"),
        ("f:**", "_exists_:f"),
        (r"f:a\*b*", r"f:a\*b*"),
        (r"metadata.a\.b.c\ d:1", r"metadata.a\.b.c\ d:1"),
        ("at:2024-01-15T10:00:00Z", "at:2024-01-15T10:00:00Z"),
        ("at:>=2024-01-15T10:00:00Z", "at:>=2024-01-15T10:00:00Z"),
        ("n:-5", r"n:\-5"),
        ("n:[-5 TO -1]", "n:[-5 TO -1]"),
        ("n:(>5 OR [1 TO 2])", "n:>5 OR n:[1 TO 2]"),
        ("\"say \\\"hi\\\"\"", "\"say \\\"hi\\\"\""),
        (r"\AND", r"\AND"),
        ("a:(b AND (c OR d)) AND e", "a:b AND a:(c OR d) AND e"),
        ("\"NOT\"", "\"NOT\""),
        ("ANDROID OR NOTHING", "ANDROID OR NOTHING"),
    ] {
        assert_eq!(normal(text), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_has_a_place() {
    for (text, column, message) in [
        ("source:[sms", 12, "expected TO"),
        ("source:[sms TO", 15, "expected an end of the range"),
        ("a AND", 6, "found the end"),
        ("a AND OR b", 7, "before OR"),
        ("OR a", 1, "before OR"),
        ("(a", 3, "expected ')' for the '(' at column 1"),
        ("a)", 2, "unexpected ')'"),
        ("a:", 2, "expected a value after 'a:'"),
        (":a", 1, "expected a field's name"),
        ("a..b:c", 1, "no name of a field"),
        ("a*:b", 2, "no wildcards"),
        ("\"a", 1, "ends the phrase"),
        ("roam~", 5, "fuzzy"),
        ("roam~0.8", 5, "fuzzy"),
        ("\"a b\"~3", 6, "proximity"),
        ("a^2", 2, "boosts"),
        ("(a b)^4", 6, "boosts"),
        ("/joh?n/", 1, "regular expressions"),
        ("name:/joh?n/", 6, "regular expressions"),
        ("a\\", 2, "after '\\'"),
        ("--a", 2, "found '-'"),
        ("jane - doe", 6, "right after '-'"),
        ("NOT NOT a", 5, "before NOT"),
        ("[1 TO 2]", 1, "needs a field"),
        (">5", 1, "needs a field"),
        ("n:>", 4, "expected an end"),
        ("n:[a* TO b]", 4, "no wildcards"),
        ("()", 2, "unexpected ')'"),
        ("a:()", 4, "unexpected ')'"),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.message.contains(message), "{text}: {error:?}");
        assert_eq!(error.column, column, "{text}: {error:?}");
    }
}

#[test]
fn limits_are_kept_to_the_clause() {
    let query = |n: usize, clause: &str| vec![clause; n].join(" ");
    assert!(parse(&query(64, "a")).is_ok());
    assert!(parse(&query(65, "a")).unwrap_err().message.contains("64 clauses"));
    assert!(parse(&query(16, "a*")).is_ok());
    assert!(parse(&query(17, "a*")).unwrap_err().message.contains("16 wildcards"));
    let nested = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&nested(10)).is_ok());
    let error = parse(&nested(11)).unwrap_err();
    assert!(error.message.contains("10 levels") && error.column == 11);
    assert!(parse(&"é".repeat(2000)).is_ok());
    assert!(parse(&"é".repeat(2001)).unwrap_err().message.contains("2000 characters"));
}

#[test]
fn the_normal_form_of_a_good_query_is_good() {
    let deep = format!("{}a{}", "(".repeat(10), " b -c) d -e".repeat(10));
    let query = parse(&deep).unwrap();
    let written = query.to_string();
    assert_eq!(parse(&written).map(|query| query.root), Ok(query.root), "{written}");
}

#[test]
fn clauses_that_decide_nothing_are_kept_to_be_checked() {
    let query = parse("+a b:[").unwrap_err();
    assert_eq!(query.column, 7);
    let query = parse("+a b:c").unwrap();
    assert_eq!(query.idle, vec![parse("b:c").unwrap().root]);
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,4}",
        "[a-zA-Zé0-9 .:*?\\\\\"(){}\\[\\]<>=!&|~^/+,_-]{1,5}",
        Just("AND".to_owned()),
        Just("null".to_owned()),
        Just("TO".to_owned()),
        Just("now-7d/d".to_owned()),
        Just("退款".to_owned()),
    ]
}

fn leaf() -> impl Strategy<Value = Node> {
    let pattern = proptest::collection::vec(
        prop_oneof![3 => word().prop_map(Piece::Text), 1 => Just(Piece::One), 1 => Just(Piece::Many)],
        1..4,
    )
    .prop_map(|pieces| {
        let mut pattern = Pattern::default();
        pieces.into_iter().for_each(|piece| pattern.push(piece));
        pattern
    });
    let bound = (word(), any::<bool>()).prop_map(|(text, is_included)| Bound { text, is_included, at: At(0) }).boxed();
    let ends = (proptest::option::of(bound.clone()), proptest::option::of(bound));
    let value = prop_oneof![
        1 => Just(Value::Present),
        1 => Just(Value::Null),
        4 => pattern.prop_map(|pattern| match pattern.pieces() {
            [Piece::Many] => Value::Present,
            _ => Value::Term(pattern),
        }),
        2 => word().prop_map(Value::Phrase),
        2 => ends.prop_map(|(low, high)| match (low, high) {
            (None, None) => Value::Present,
            (low, high) => Value::Range(low, high),
        }),
    ];
    let path = proptest::collection::vec(word(), 1..4).prop_map(Path);
    (proptest::option::of(path), value).prop_map(|(field, value)| {
        // Without a field there is only what can stand alone.
        let value = match (&field, value) {
            (None, Value::Present | Value::Null | Value::Range(..)) => Value::Term(Pattern::exact("x")),
            (_, value) => value,
        };
        Node::Leaf(Leaf { field, value, at: At(0), value_at: At(0) })
    })
}

fn tree() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![8 => leaf(), 1 => Just(Node::Everything)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(all_of),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(any_of),
            inner.prop_map(not),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_is_read_again(node in tree()) {
        let text = node.to_string();
        prop_assume!(text.chars().count() <= MAX_CHARS);
        match parse(&text) {
            Ok(query) => prop_assert_eq!(query.root, node, "{}", text),
            Err(error) => prop_assert!(error.message.contains("at most"), "{} {:?}", text, error),
        }
    }

    #[test]
    fn the_normal_form_stays_as_it_is(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "a", "b:c", "NOT ", "-", "+", " AND ", " OR ", " ", "(", ")", "x:(", "\"p q\"", "n:[1 TO *]", "w*", "!",
            ]),
            1..14,
        )
    ) {
        let text = parts.concat();
        if let Ok(query) = parse(&text) {
            let written = query.to_string();
            let again = parse(&written);
            prop_assert_eq!(again.as_ref().map(ToString::to_string), Ok(written));
            prop_assert_eq!(again.map(|query| query.root), Ok(query.root));
        }
    }

    #[test]
    fn nothing_makes_the_reader_panic(text in "[a-z:*?\\\\\"(){}\\[\\]<>=!&|~^/+ANDORT. -]{0,40}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 2);
        }
    }
}
