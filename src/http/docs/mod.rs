//! `GET /docs`: the reference for people, with a console, made of the registry and a few files that the program carries along.
//!
//! The page itself is the list of methods and nothing more, so that it opens at once; what it shows of a method it reads from
//! `/openapi.json`. Nothing on it comes from elsewhere, and nothing goes elsewhere.

mod tables;

use std::sync::OnceLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use super::document::Document;
use crate::method::Registry;
use crate::method::reference::Reference;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const MARKDOWN: HeaderValue = HeaderValue::from_static("text/markdown; charset=utf-8");

/// Nothing from elsewhere, nothing to elsewhere, and no other page around it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
);

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

macro_rules! files {
    ($($label:ident $name:literal),+ $(,)?) => { &[$(($name, $label, include_str!(concat!("page/", $name)))),+] };
}

/// What the pages are made with.
const FILES: &[(&str, &str, &str)] = files![
    STYLE "style.css",
    PICTURE "icon.svg",
    SCRIPT "app.js",
    SCRIPT "console.js",
    SCRIPT "dom.js",
    SCRIPT "fields.js",
    SCRIPT "ids.js",
    SCRIPT "json.js",
    SCRIPT "key.js",
    SCRIPT "method.js",
    SCRIPT "nav.js",
    SCRIPT "search.js",
    SCRIPT "snippets.js",
    SCRIPT "spec.js",
];

/// The pages, each made when it is first asked for.
#[derive(Default)]
pub(super) struct Pages {
    methods: OnceLock<Document>,
    errors: OnceLock<Document>,
    changes: OnceLock<Document>,
    files: [OnceLock<Document>; FILES.len()],
    reference: OnceLock<Reference>,
}

impl Pages {
    /// Every method in words.
    pub fn reference(&self, registry: &Registry) -> &Reference {
        self.reference.get_or_init(|| Reference::new(registry))
    }
}

/// Where people who open the address of the server in a browser are sent.
pub(super) fn home(url: &str) -> HttpResponse {
    HttpResponse::Found()
        .insert_header((header::LOCATION, format!("{}/docs", prefix(url))))
        .insert_header((header::VARY, HeaderValue::from_static("Accept")))
        .finish()
}

/// The page at this path; `None` if there is none. `url` is what the server is called in its settings.
pub(super) fn page(pages: &Pages, registry: &Registry, http: &HttpRequest, url: &str) -> Option<HttpResponse> {
    let prefix = prefix(url);
    let html = |page: String| Document::new(HTML, page);
    let rest = http.path().strip_prefix("/docs")?.trim_end_matches('/');
    let mut response = match rest {
        "" | "/methods" => pages.methods.get_or_init(|| html(reference_page(registry, prefix))).answer(http),
        "/errors" => pages.errors.get_or_init(|| html(frame(prefix, "Errors", &tables::errors()))).answer(http),
        "/changes" => pages
            .changes
            .get_or_init(|| html(frame(prefix, "Changes", &tables::changes(registry, prefix))))
            .answer(http),
        rest => {
            let name = rest.strip_prefix('/')?;
            if let Some(method) = name.strip_suffix(".md") {
                let text = pages.reference(registry).method(method)?;
                return Some(Document::new(MARKDOWN, text).answer(http));
            }
            let (place, (_, label, text)) = FILES.iter().enumerate().find(|(_, (known, ..))| *known == name)?;
            let made = || Document::new(HeaderValue::from_static(label), text.as_bytes());
            pages.files.get(place)?.get_or_init(made).answer(http)
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Some(response)
}

/// What stands before `/docs` in addresses, when the server is known by an address with a path.
fn prefix(url: &str) -> &str {
    let path =
        url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| rest.get(at..).unwrap_or("")));
    path.trim_end_matches('/')
}

/// The reference: the frame of it and the list of methods.
fn reference_page(registry: &Registry, prefix: &str) -> String {
    let count = registry.methods().len().to_string();
    let scripts: String = FILES
        .iter()
        .filter(|(_, label, _)| *label == SCRIPT)
        .map(|(name, ..)| format!("<link rel=\"modulepreload\" href=\"{prefix}/docs/{name}\">\n"))
        .collect();
    let nav = tables::list(registry);
    fill(
        &mark(include_str!("page/frame.html"), "Methods"),
        &[
            ("title", "dotdesk API"),
            ("head", &fill(include_str!("page/head.html"), &[("modules", &scripts), ("prefix", prefix)])),
            ("tools", &fill(include_str!("page/tools.html"), &[("count", &count)])),
            (
                "body",
                &fill(include_str!("page/reference.html"), &[("nav", &nav), ("count", &count), ("prefix", prefix)]),
            ),
            ("prefix", prefix),
        ],
    )
}

/// A page of text.
fn frame(prefix: &str, title: &str, body: &str) -> String {
    let main = format!("<main id=\"main\" class=\"plain\" tabindex=\"-1\">\n<h1>{title}</h1>\n{body}</main>");
    let whole = format!("{title} · dotdesk API");
    let parts = [("title", whole.as_str()), ("head", ""), ("tools", ""), ("body", &main), ("prefix", prefix)];
    fill(&mark(include_str!("page/frame.html"), title), &parts)
}

/// Marks the page that one is on among the links at the top.
fn mark(page: &str, title: &str) -> String {
    page.replacen(&format!("\">{title}</a>"), &format!("\" aria-current=\"page\">{title}</a>"), 1)
}

/// Puts values into the places of a page.
fn fill(page: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(page.to_owned(), |page, (name, value)| page.replace(&format!("{{{{{name}}}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_before_docs_comes_from_the_address_in_the_settings() {
        assert_eq!(prefix("/"), "");
        assert_eq!(prefix("https://desk.example.com"), "");
        assert_eq!(prefix("https://example.com/desk/"), "/desk");
    }

    #[test]
    fn no_place_stays_empty() {
        let registry = Registry::new(crate::api::TABLES);
        for page in [reference_page(&registry, "/desk"), frame("/desk", "Errors", &tables::errors())] {
            assert!(!page.contains("{{"), "{page}");
            assert!(page.contains("href=\"/desk/docs/style.css\""));
        }
    }
}
