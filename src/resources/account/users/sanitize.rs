//! Makes the HTML of signatures safe to put into mails and pages: what could run or load anything but pictures is taken out.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::Builder;

/// Style is what signatures are made of; these properties can neither load anything nor cover what is beneath.
pub const STYLES: &[&str] = &[
    "background-color",
    "border",
    "border-bottom",
    "border-left",
    "border-right",
    "border-spacing",
    "border-top",
    "color",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
];

/// The part of `html` that is safe.
pub fn html(html: &str) -> String {
    static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
        let mut cleaner = Builder::default();
        cleaner
            .add_generic_attributes(["style"])
            .filter_style_properties(STYLES.iter().copied().collect::<HashSet<_>>())
            // `cid` is how a mail shows a picture that it carries itself.
            .url_schemes(["http", "https", "mailto", "tel", "cid"].into_iter().collect());
        cleaner
    });
    CLEANER.clean(html).to_string()
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn what_is_shown_stays_and_what_runs_goes() {
        let safe = [
            ("<b>Jane</b><br>Sales", "<b>Jane</b><br>Sales"),
            (r#"<p style="color: red; position: fixed">x</p>"#, r#"<p style="color:red">x</p>"#),
            ("a<script>alert(1)</script>b", "ab"),
            (r#"<img src="cid:logo" onerror="alert(1)">"#, r#"<img src="cid:logo">"#),
            (r#"<a href="javascript:alert(1)">x</a>"#, r#"<a rel="noopener noreferrer">x</a>"#),
            (r#"<iframe src="https://example.com"></iframe>"#, ""),
        ];
        for (given, kept) in safe {
            assert_eq!(html(given), kept, "{given}");
        }
    }

    #[test]
    fn what_is_safe_is_not_changed_again() {
        let once = html(r#"<p style="color:red">Tom & Jane <a href="https://example.com">x</a></p>"#);
        assert_eq!(html(&once), once);
    }
}
