//! Tells HTML that would keep the parser busy for minutes before it is parsed.
//!
//! A parser of HTML looks back through what is open at almost every tag, and opens formatting that was left open again in every
//! paragraph: half a megabyte can be made to cost minutes, or gigabytes. Mail that somebody wrote to be read is nowhere near that.
//! So what is open is counted here in one pass, on the safe side: too much rather than too little.

use std::collections::HashMap;

/// How many elements may be open at the same time; browsers show no deeper ones either.
const MAX_DEPTH: usize = 500;
/// How often formatting that is open may have to be opened again, at the most.
const MAX_REOPENED: usize = 500_000;

/// Elements whose end is implied by the next of their kind, or that have none: they do not nest by themselves.
const FLAT: &[&str] = &[
    "area", "base", "basefont", "bgsound", "body", "br", "col", "colgroup", "dd", "dt", "embed", "frame", "head", "hr",
    "html", "image", "img", "input", "keygen", "li", "link", "meta", "option", "p", "param", "source", "tbody", "td",
    "tfoot", "th", "thead", "tr", "track", "wbr",
];
/// Elements that are opened again where they were left open.
const FORMATTING: &[&str] =
    &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// Elements out of which an end tag does not reach.
const CLOSED: &[&str] = &["applet", "marquee", "object", "table", "template"];
/// Elements among which other rules hold: with one of them, no end tag is believed and no content is taken for text.
const WILD: &[&str] = &["<svg", "<math", "<select", "<frameset"];
/// Elements whose content is text, whatever it looks like.
const TEXT: &[&str] = &["iframe", "noembed", "noframes", "plaintext", "script", "style", "textarea", "title", "xmp"];

/// Whether HTML nests so much that nobody wrote it to be read.
pub(super) fn is_excessive(html: &str) -> bool {
    let lower = html.to_ascii_lowercase();
    let is_wild = WILD.iter().any(|word| lower.contains(word));
    let mut open = Open { levels: vec![Level::default()], depth: 0, formatting: 0, reopened: 0 };
    let mut rest = lower.as_str();
    while let Some(tag) = next(&mut rest, is_wild) {
        match tag {
            Tag::Start(name) => open.start(name),
            Tag::End(name) if !is_wild => open.end(name),
            Tag::End(_) => {}
        }
        if open.depth > MAX_DEPTH || open.reopened > MAX_REOPENED {
            return true;
        }
    }
    false
}

/// What is open within one element that end tags do not reach out of.
#[derive(Default)]
struct Level<'a> {
    /// That element; empty outside all of them.
    within: &'a str,
    /// How many elements of each name are open.
    open: HashMap<&'a str, usize>,
}

struct Open<'a> {
    levels: Vec<Level<'a>>,
    depth: usize,
    formatting: usize,
    reopened: usize,
}

impl<'a> Open<'a> {
    fn start(&mut self, name: &'a str) {
        self.reopened += self.formatting;
        if FLAT.contains(&name) {
            return;
        }
        self.depth += 1;
        self.formatting += usize::from(FORMATTING.contains(&name));
        if let Some(level) = self.levels.last_mut() {
            *level.open.entry(name).or_default() += 1;
        }
        if CLOSED.contains(&name) {
            self.levels.push(Level { within: name, ..Level::default() });
        }
    }

    fn end(&mut self, name: &str) {
        if self.levels.last().is_some_and(|level| level.within == name) {
            // What was left open inside may stay open, as far as formatting goes.
            let inner = self.levels.pop().unwrap_or_default();
            for (name, count) in inner.open {
                if let Some(level) = self.levels.last_mut() {
                    *level.open.entry(name).or_default() += count;
                }
            }
        }
        let count = self.levels.last_mut().and_then(|level| level.open.get_mut(name)).filter(|count| **count > 0);
        if let Some(count) = count {
            *count -= 1;
            self.depth -= 1;
            self.formatting -= usize::from(FORMATTING.contains(&name));
        }
    }
}

enum Tag<'a> {
    Start(&'a str),
    End(&'a str),
}

/// The next tag; comments and what is only text are passed over, as the tokenizer of HTML does it (section 13.2.5).
fn next<'a>(rest: &mut &'a str, is_wild: bool) -> Option<Tag<'a>> {
    loop {
        let (_, after) = rest.split_once('<')?;
        if let Some(comment) = after.strip_prefix("!--") {
            // A comment may be cut short: by `>` at once, and by `--!>`.
            let ends = ["-->", "--!>"].iter().filter_map(|end| comment.find(end).map(|at| at + end.len())).min();
            *rest = match comment {
                short if short.starts_with('>') || short.starts_with("->") => short,
                _ => ends.and_then(|end| comment.get(end..))?,
            };
            continue;
        }
        let (is_end, name) = after.strip_prefix('/').map_or((false, after), |name| (true, name));
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let is_comment = is_end || after.starts_with(['!', '?']);
            *rest = if is_comment { after.split_once('>')?.1 } else { after };
            continue;
        }
        let length = name.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).unwrap_or(name.len());
        let (name, attributes) = name.split_at(length);
        *rest = after_attributes(attributes);
        if is_end {
            return Some(Tag::End(name));
        }
        if TEXT.contains(&name) && !is_wild {
            *rest = after_text(rest, name)?;
            continue;
        }
        return Some(Tag::Start(name));
    }
}

/// What comes behind the `>` of a tag; one within a quoted value is none.
fn after_attributes(attributes: &str) -> &str {
    #[derive(Clone, Copy)]
    enum State {
        BeforeName,
        Name,
        AfterName,
        BeforeValue,
        Unquoted,
        Quoted(char),
    }
    use State::*;

    let mut state = BeforeName;
    for (at, c) in attributes.char_indices() {
        let is_space = c.is_ascii_whitespace();
        state = match (state, c) {
            (Quoted(quote), c) if c == quote => BeforeName,
            (Quoted(quote), _) => Quoted(quote),
            (_, '>') => return attributes.get(at + 1..).unwrap_or_default(),
            (BeforeValue, '"' | '\'') => Quoted(c),
            (BeforeValue, _) if is_space => BeforeValue,
            (BeforeValue, _) => Unquoted,
            (Unquoted, _) if is_space => BeforeName,
            (Unquoted, _) => Unquoted,
            (_, '/') => BeforeName,
            (Name | AfterName, '=') => BeforeValue,
            (Name, _) if is_space => AfterName,
            (BeforeName | AfterName, _) if is_space => state,
            (BeforeName | Name | AfterName, _) => Name,
        };
    }
    ""
}

/// What comes with the end tag of an element that is text; `None` if it has none.
fn after_text<'a>(rest: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    loop {
        let at = from + rest.get(from..)?.find("</")?;
        let tag = rest.get(at + 2..)?;
        let is_it = tag.get(..name.len()).is_some_and(|start| start == name);
        if is_it && tag.get(name.len()..)?.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')) {
            return Some(after_attributes(tag));
        }
        from = at + 2;
    }
}

/// The text of HTML that is not parsed: without whatever looks like a tag.
pub(super) fn text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    loop {
        let Some((before, after)) = rest.split_once('<') else {
            text.push_str(rest);
            break;
        };
        text.push_str(before);
        text.push(' ');
        rest = after.split_once('>').map_or("", |(_, rest)| rest);
    }
    let plain = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_minutes_is_told() {
        let unclosed: String = (0..800).map(|n| format!("<b title={n}>")).collect();
        let hostile = [
            "<div>".repeat(90_000),
            "<div></span>".repeat(30_000),
            "<table><tr><td>".repeat(10_000),
            format!("<p>{}</p>{}", &unclosed[..4_000], "<p>x".repeat(50_000)),
            // End tags that a parser does not take for what they seem.
            format!("<p>{}{}", "<b a><table><td></b></table>".repeat(3_000), "<p>x".repeat(50_000)),
            format!("<p>{}{}", "<b a><i title='</b>'></i>".repeat(3_000), "<p>x".repeat(50_000)),
            format!("<p>{}{}", "<b a><!--</b>-->".repeat(3_000), "<p>x".repeat(50_000)),
            format!("<p>{}{}", "<b a><title></b></title>".repeat(3_000), "<p>x".repeat(50_000)),
            format!("<p>{}{}", "<b a><SELECT></b></SELECT>".repeat(3_000), "<p>x".repeat(50_000)),
            format!("<p>{}{}", "<b a><! </b>".repeat(3_000), "<p>x".repeat(50_000)),
            format!("<p>{}{}", "<b a><table></select></b></table>".repeat(3_000), "<p>x".repeat(50_000)),
            format!("<p><i a=b=\">{}<i x=\">{}", "<b a>".repeat(3_000), "<p>x".repeat(50_000)),
            format!("<p><svg><style>{}</style>{}", "<b a>".repeat(3_000), "<p>x".repeat(50_000)),
            format!("<p>{}{}", "<b a><svg><![CDATA[></svg></b>]]></svg>".repeat(3_000), "<p>x".repeat(50_000)),
        ];
        for html in hostile {
            assert!(is_excessive(&html), "{}", &html[..80]);
        }
    }

    #[test]
    fn what_is_meant_to_be_read_is_not() {
        let newsletter =
            "<table><tr><td style=\"a>b\"><font color='red'><a href=x>y</a></font><br></td></tr></table>".repeat(5_000);
        let sloppy = "<p>one<p>two<li>three<td>four".repeat(10_000);
        let unclosed = format!("{}{}", "<font size=2>".repeat(40), "<p>x".repeat(5_000));
        for html in [
            newsletter,
            sloppy,
            unclosed,
            "a < b && c > d <- e".into(),
            "<svg><path/></svg>".into(),
            "<".repeat(100_000),
            "<!--".into(),
        ] {
            assert!(!is_excessive(&html), "{}", &html[..html.len().min(80)]);
        }
    }

    #[test]
    fn text_is_left_of_it() {
        assert_eq!(text("<div><b>Hello</b> &amp; <i>good&nbsp;bye</i> <script>x</script"), "Hello & good bye x");
    }
}
