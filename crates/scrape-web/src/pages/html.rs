//! Text into HTML. Every value comes from outside: labels from targets, errors from peers.

use std::fmt;

/// Displays text with everything escaped that could end a text or an attribute.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(i) = rest.find(['&', '<', '>', '"', '\'']) {
            f.write_str(&rest[..i])?;
            f.write_str(match rest.as_bytes()[i] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[i + 1..];
        }
        f.write_str(rest)
    }
}

/// A link if the address is one that a browser may be sent to, the bare text otherwise.
pub(super) struct Link<'a>(pub(super) &'a str);

impl fmt::Display for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Escaped(self.0);
        if self.0.starts_with("http://") || self.0.starts_with("https://") {
            write!(f, "<a rel=\"noreferrer\" href=\"{text}\">{text}</a>")
        } else {
            write!(f, "{text}")
        }
    }
}

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:90rem;padding:0 1rem;\
color:#1c1e21;background:#fff}h1{font-size:1.3rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}\
nav a{margin-right:1rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;\
padding:.3rem .6rem;border-bottom:1px solid #d8dce0}td.l{font:12px ui-monospace,monospace;word-break:break-word}\
.up{color:#0a6e2f}.down,.error{color:#a8071a}.unknown{color:#8a5a00}form{margin:.8rem 0}\
@media(prefers-color-scheme:dark){body{color:#e4e6ea;background:#16181b}a{color:#7db7ff}th,td{border-color:#3a3f45}\
.up{color:#5fd38a}.down,.error{color:#ff8080}.unknown{color:#e6b450}}";

/// A whole page around a body.
pub(super) fn page(title: &str, prefix: &str, body: &str) -> String {
    let (title, prefix) = (Escaped(title), Escaped(prefix));
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\
         <nav><a href=\"{prefix}/\">Status</a><a href=\"{prefix}/targets\">Targets</a>\
         <a href=\"{prefix}/metrics\">Metrics</a></nav><main><h1>{title}</h1>{body}</main></body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(
            Escaped("a<b>&\"'c").to_string(),
            "a&lt;b&gt;&amp;&quot;&#39;c"
        );
        assert_eq!(
            Link("javascript:alert(1)").to_string(),
            "javascript:alert(1)"
        );
        let link = Link("http://h/\"onclick=\"x").to_string();
        assert!(
            link.contains("href=\"http://h/&quot;onclick=&quot;x\""),
            "{link}"
        );
    }
}
