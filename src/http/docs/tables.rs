//! The lists that the pages show: methods, errors, changes.

use std::fmt::Write;

use crate::method::{API_VERSION, Code, Registry};

/// All methods by chapter and resource, as links to their places in the reference.
pub(super) fn list(registry: &Registry) -> String {
    let mut html = String::new();
    let mut chapter = "";
    for resource in registry.resources() {
        if resource.chapter != chapter {
            chapter = resource.chapter;
            let _ = writeln!(html, "<h2>{}</h2>", escape(chapter));
        }
        let (name, count) = (resource.name, resource.methods.len());
        let _ =
            writeln!(html, "<details data-resource=\"{name}\"><summary>{name} <small>{count}</small></summary><ul>");
        for method in resource.methods {
            let whole = method.name();
            let short = whole.rsplit('.').next().unwrap_or(whole);
            let _ = writeln!(html, "<li><a href=\"#{whole}\">{short}</a></li>");
        }
        html.push_str("</ul></details>\n");
    }
    html
}

/// Where `doc_url` of an error leads: the table of all codes.
pub(super) fn errors() -> String {
    let mut html = String::from(
        "<p>Switch on <code>error.type</code>. Wait and retry <code>rate_limit</code> and <code>server</code> errors with the same \
         <code>Idempotency-Key</code>; read again and decide again on <code>conflict</code>; fix the code on the rest.</p>\n\
         <table>\n<thead><tr><th scope=\"col\">code</th><th scope=\"col\">status</th><th scope=\"col\">type</th>\
         <th scope=\"col\">meaning</th></tr></thead>\n<tbody>\n",
    );
    for code in Code::ALL {
        let (word, status, kind) = (code.as_str(), code.status(), code.error_type().as_str());
        let _ = writeln!(
            html,
            "<tr id=\"{word}\"><td><a href=\"#{word}\"><code>{word}</code></a></td><td>{status}</td><td>{kind}</td><td>{}</td></tr>",
            prose(code.meaning())
        );
    }
    html.push_str("</tbody>\n</table>\n");
    html
}

/// Where the `Link` of a method on its way out leads: all that are, and until when.
pub(super) fn changes(registry: &Registry, prefix: &str) -> String {
    let mut html = format!(
        "<p>The contract is that of {API_VERSION}. Methods, arguments, fields of answers, error codes and events are added at any \
         time. Nothing is renamed or taken away; what must be otherwise gets a new name, and the old method goes on for a year at \
         least. Its answers then say so in the headers <code>Deprecation</code>, <code>Sunset</code> and <code>Link</code>.</p>\n"
    );
    let mut leaving =
        registry.methods().iter().filter_map(|method| Some((method, method.entry.deprecated?))).peekable();
    if leaving.peek().is_none() {
        html.push_str("<p>No method is on its way out.</p>\n");
        return html;
    }
    html.push_str(
        "<table>\n<thead><tr><th scope=\"col\">method</th><th scope=\"col\">since</th><th scope=\"col\">stops</th>\
         <th scope=\"col\">call in its place</th></tr></thead>\n<tbody>\n",
    );
    for (method, deprecation) in leaving {
        let (name, anchor, successor) = (method.name(), method.name().replace('.', "-"), deprecation.successor);
        let (since, stops) = (day(deprecation.since), day(deprecation.sunset));
        let _ = writeln!(
            html,
            "<tr id=\"{anchor}\"><td><a href=\"{prefix}/docs#{name}\"><code>{name}</code></a></td><td>{since}</td><td>{stops}</td>\
             <td><a href=\"{prefix}/docs#{successor}\"><code>{successor}</code></a></td></tr>"
        );
    }
    html.push_str("</tbody>\n</table>\n");
    html
}

fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

/// Words with `code` in them.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for (place, piece) in text.split('`').enumerate() {
        let piece = escape(piece);
        let _ = if place % 2 == 1 { write!(html, "<code>{piece}</code>") } else { write!(html, "{piece}") };
    }
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::{Chapter, Entry};

    #[test]
    fn a_method_on_its_way_out_is_found_where_its_link_leads() {
        const OLD: Entry = {
            let mut entry = Entry::of::<crate::resources::system::api::Info>();
            entry.deprecated = Some(crate::method::Deprecation {
                since: 1_796_083_200,
                sunset: 1_827_619_200,
                successor: "api.methods",
            });
            entry
        };
        const CHAPTERS: &[Chapter] = &[Chapter { name: "System", tables: &[&[OLD]] }];
        let page = changes(&Registry::new(CHAPTERS), "");
        assert!(page.contains("<tr id=\"api-info\">"), "{page}");
        assert!(page.contains("2027-12-01"), "{page}");
        assert!(page.contains("href=\"/docs#api.methods\""), "{page}");
        assert!(changes(&Registry::new(crate::api::TABLES), "").contains("No method is on its way out"));
    }

    #[test]
    fn words_cannot_become_markup() {
        assert_eq!(prose("a < b: `x<y>`"), "a &lt; b: <code>x&lt;y&gt;</code>");
    }
}
