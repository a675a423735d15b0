//! Makes the HTML of messages safe to show, and reads its text.
//!
//! Mail comes from anybody. What is shown of it keeps its looks, tables and inline styles, and nothing in it runs, sends, covers
//! other things or looks like a part of the page around it. Pictures may be loaded; scripts, frames, forms and style sheets not.

mod nesting;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use crate::resources::account::users::sanitize::STYLES;
use crate::resources::inbox::files::Attachment;

/// Style properties that the layout of mail needs besides those of signatures.
const LAYOUT: &[&str] = &[
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-style",
    "border-top-color",
    "border-top-style",
    "border-top-width",
    "border-width",
    "clear",
    "direction",
    "display",
    "float",
    "font-variant",
    "list-style-type",
    "max-height",
    "min-height",
    "min-width",
    "overflow-wrap",
    "table-layout",
    "text-indent",
    "word-break",
    "word-spacing",
    "word-wrap",
];

/// Elements that go with all that is in them.
const GONE: &[&str] = &[
    "script", "style", "title", "svg", "math", "template", "noscript", "noembed", "noframes", "iframe", "frameset",
    "object", "embed", "applet", "audio", "video", "canvas", "textarea", "select", "xmp",
];

/// Where files of this server are: the only addresses that may do without a host.
const OWN_FILES: &str = "/f/";

/// The part of `html` that is safe to show; of HTML that nobody wrote to be read, the text.
pub fn sanitize(html: &str) -> String {
    static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
        let mut cleaner = Builder::default();
        cleaner
            .add_tags(["address", "big", "font", "main", "section", "tfoot"])
            .rm_tags(["area", "map"])
            .clean_content_tags(GONE.iter().copied().collect())
            .add_generic_attributes(["style", "dir", "align", "valign", "bgcolor"])
            .add_tag_attributes("table", ["width", "height", "border", "cellpadding", "cellspacing", "role"])
            .add_tag_attributes("td", ["width", "height", "nowrap"])
            .add_tag_attributes("th", ["width", "height", "nowrap"])
            .add_tag_attributes("tr", ["height"])
            .add_tag_attributes("font", ["color", "face", "size"])
            .filter_style_properties(STYLES.iter().chain(LAYOUT).copied().collect::<HashSet<_>>())
            .url_schemes(["http", "https", "mailto", "tel", "cid", "data"].into_iter().collect())
            .url_relative(UrlRelative::Custom(Box::new(own_files_only)))
            .attribute_filter(|element, attribute, value| match (element, attribute) {
                ("img", "src") => is_picture(value).then_some(value.into()),
                // A page is no address: it would be run, with the look of this place.
                (_, "href" | "cite") => (!has_scheme(value, &["data", "cid"])).then_some(value.into()),
                (_, "style") => (!hides(value)).then_some(value.into()),
                _ => Some(value.into()),
            });
        cleaner
    });
    if nesting::is_excessive(html) {
        let text = nesting::text(html);
        return text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    }
    CLEANER.clean(html).to_string()
}

/// A link without a host would lead to pages around the message; what is wanted of them is up to nobody who writes mail.
fn own_files_only(address: &str) -> Option<Cow<'_, str>> {
    let is_own = address
        .strip_prefix(OWN_FILES)
        .is_some_and(|token| !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    is_own.then_some(address.into())
}

/// Whether an image may have this address: pictures that are in it itself, but none that is a document of its own.
fn is_picture(address: &str) -> bool {
    if !has_scheme(address, &["data"]) {
        return !has_scheme(address, &["mailto", "tel"]);
    }
    let kinds =
        ["data:image/png;base64,", "data:image/jpeg;base64,", "data:image/gif;base64,", "data:image/webp;base64,"];
    let head = address.get(..32.min(address.len())).unwrap_or_default().to_ascii_lowercase();
    kinds.iter().any(|kind| head.starts_with(kind))
}

/// Whether an address has one of these schemes, as browsers see it: white space and control characters in it do not count.
fn has_scheme(address: &str, schemes: &[&str]) -> bool {
    let plain: String = address.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(16).collect();
    let plain = plain.to_ascii_lowercase();
    schemes.iter().any(|scheme| plain.strip_prefix(scheme).is_some_and(|rest| rest.starts_with(':')))
}

/// Whether a style holds what old browsers would run. Nobody writes so who means the looks.
fn hides(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    ["expression", "javascript:", "vbscript:", "-moz-binding", "behavior"].iter().any(|word| style.contains(word))
}

/// The HTML with the pictures that are attached to it: `cid:` and the id or the name of a file becomes the address of the file,
/// which is marked as shown. What names no attached file stays as it is.
pub fn with_pictures(html: &str, attachments: &mut [Attachment]) -> String {
    let mut shown = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("cid:") {
        shown.push_str(before);
        let end = after.find(['"', '\'', ' ', '>', ')', '<', '\n']).unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        let file = attachments.iter_mut().find(|file| name == file.file_id.to_string() || name == file.name);
        match file.and_then(|file| file.url.clone().map(|url| (file, url))) {
            Some((file, url)) => {
                file.is_inline = true;
                shown.push_str(&url);
            }
            None => {
                shown.push_str("cid:");
                shown.push_str(name);
            }
        }
        rest = tail;
    }
    shown.push_str(rest);
    shown
}

/// The text of `html`, as somebody reads it: paragraphs apart, nothing of what is not shown.
pub fn to_text(html: &str) -> String {
    /// What is left of the markup: where lines and paragraphs begin.
    const BLOCKS: &[&str] = &[
        "address",
        "article",
        "blockquote",
        "br",
        "caption",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    ];
    static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
        let mut cleaner = Builder::empty();
        cleaner.add_tags(BLOCKS).clean_content_tags(GONE.iter().copied().collect());
        cleaner
    });
    if nesting::is_excessive(html) {
        return nesting::text(html);
    }
    // What comes out has these tags without attributes and nothing else, so reading it is simple.
    let clean = CLEANER.clean(html).to_string();
    let mut text = Text::default();
    let mut rest = clean.as_str();
    while let Some((before, after)) = rest.split_once('<') {
        text.words(before);
        let (tag, tail) = after.split_once('>').unwrap_or((after, ""));
        text.tag(tag);
        rest = tail;
    }
    text.words(rest);
    text.finish()
}

/// Text that is being put together.
#[derive(Default)]
struct Text {
    text: String,
    /// How many line breaks come before the next word.
    breaks: usize,
    has_space: bool,
    /// How many `pre` are open: in them white space is as it is.
    verbatim: usize,
}

impl Text {
    fn tag(&mut self, tag: &str) {
        match tag {
            "br" => self.breaks += 1,
            "pre" => {
                self.break_at_least(2);
                self.verbatim += 1;
            }
            "/pre" => {
                self.break_at_least(2);
                self.verbatim = self.verbatim.saturating_sub(1);
            }
            "td" | "th" | "/td" | "/th" => self.has_space = true,
            _ => match tag.trim_start_matches('/') {
                "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "table" | "ul" | "ol" | "dl" | "hr" => {
                    self.break_at_least(2);
                }
                _ => self.break_at_least(1),
            },
        }
    }

    fn break_at_least(&mut self, breaks: usize) {
        self.breaks = self.breaks.max(breaks);
    }

    fn words(&mut self, escaped: &str) {
        let text = escaped.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        if self.verbatim > 0 {
            if !text.is_empty() {
                self.separate();
                self.text.push_str(&text);
            }
            return;
        }
        for (index, word) in text.split_whitespace().enumerate() {
            self.has_space |= index > 0 || text.starts_with(char::is_whitespace);
            self.separate();
            self.text.push_str(word);
        }
        self.has_space |= text.ends_with(char::is_whitespace);
    }

    fn separate(&mut self) {
        if !self.text.is_empty() {
            match (self.breaks, self.has_space) {
                (0, true) => self.text.push(' '),
                (breaks, _) => self.text.extend(std::iter::repeat_n('\n', breaks.min(2))),
            }
        }
        (self.breaks, self.has_space) = (0, false);
    }

    fn finish(self) -> String {
        self.text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests;
