//! The URL of a target, escaped as Go escapes it: it is part of the identity and shown to users, so it must
//! come out the same.

use std::collections::BTreeMap;

use super::names;
use crate::Labels;

/// Scheme, host, path and query parameters of a target as one text.
pub(super) fn build(labels: &Labels, params: &BTreeMap<String, Vec<String>>) -> String {
    let mut out = String::new();
    let scheme = labels.value(names::SCHEME);
    if !scheme.is_empty() {
        out.push_str(scheme);
        out.push(':');
    }
    out.push_str("//");
    match labels.value(names::ADDRESS) {
        // Only with a Unix socket, where the host names nothing.
        "" => out.push_str("localhost"),
        host => escape(&mut out, host, |c| {
            is_unreserved(c) || b"!$&'()*+,;=:[]<>\"".contains(&c)
        }),
    }
    let path = labels.value(names::METRICS_PATH);
    if !path.is_empty() && !path.starts_with('/') {
        out.push('/');
    }
    if path == "*" {
        out.push('*');
    } else {
        escape(&mut out, path, |c| {
            is_unreserved(c) || b"$&+,/:;=@".contains(&c)
        });
    }
    push_query(&mut out, labels, params);
    out
}

/// The parameters of the job with the first value of each replaced by its label, keys sorted.
fn push_query(out: &mut String, labels: &Labels, params: &BTreeMap<String, Vec<String>>) {
    let mut merged: BTreeMap<&str, Vec<&str>> = params
        .iter()
        .map(|(k, v)| (k.as_str(), v.iter().map(String::as_str).collect()))
        .collect();
    for (name, value) in labels {
        if let Some(key) = name.strip_prefix(names::PARAM_PREFIX) {
            let values = merged.entry(key).or_default();
            match values.first_mut() {
                Some(first) => *first = value,
                None => values.push(value),
            }
        }
    }
    let mut separator = '?';
    for (key, values) in merged {
        for value in values {
            out.push(separator);
            separator = '&';
            form(out, key);
            out.push('=');
            form(out, value);
        }
    }
}

fn form(out: &mut String, text: &str) {
    for (i, part) in text.split(' ').enumerate() {
        if i > 0 {
            out.push('+');
        }
        escape(out, part, is_unreserved);
    }
}

fn is_unreserved(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-_.~".contains(&c)
}

fn escape(out: &mut String, text: &str, plain: impl Fn(u8) -> bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}
