//! Addresses without a port, as Prometheus 2 completed them.

/// Whether `address` is a well-formed host that lacks a port.
pub(super) fn lacks_port(address: &str) -> bool {
    !splits(address) && splits(&format!("{address}:1234"))
}

/// Whether a text is `host:port`, `[host]:port` or `[host%zone]:port`.
fn splits(text: &str) -> bool {
    let Some(colon) = text.rfind(':') else {
        return false;
    };
    let (from, host_end) = if text.starts_with('[') {
        let Some(end) = text.find(']') else {
            return false;
        };
        if end + 1 != colon {
            return false;
        }
        (1, end)
    } else {
        if text[..colon].contains(':') {
            return false;
        }
        (0, colon)
    };
    // No brackets but those around the host.
    let stray_open = text[from..].contains('[');
    let stray_close = text[host_end + from..].contains(']') || text[..host_end].contains(']');
    !stray_open && !stray_close
}

#[cfg(test)]
mod tests {
    use super::lacks_port;

    #[test]
    fn a_port_is_missing_only_where_one_would_fit() {
        for address in ["1.2.3.4", "host", "[::1]", "[fe80::1%eth0]", ""] {
            assert!(lacks_port(address), "{address}");
        }
        for address in [
            "1.2.3.4:80",
            "host:",
            ":80",
            "[::1]:80",
            "::1",
            "a:b:c",
            "[::1",
            "::1]",
            "[a]b",
            "a[b]",
            "[[a]]",
        ] {
            assert!(!lacks_port(address), "{address}");
        }
    }
}
