//! The answer of a token endpoint.

use std::time::Duration;

use scrape_core::Secret;
use serde::Deserialize;

use super::form;

/// Longest piece of an error answer that is repeated in a message.
const MAX_ERROR_CHARS: usize = 200;

/// A token and how long it lives.
#[derive(Debug)]
pub(super) struct Token {
    access: Secret,
    kind: String,
    /// Unset: it does not expire, as far as is known.
    pub(super) lifetime: Option<Duration>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    access_token: Option<Secret>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

impl Token {
    /// Reads JSON, or a form if the content type says so.
    pub(super) fn decode(content_type: &str, body: &[u8]) -> Result<Self, String> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let (access, kind, lifetime) = match media_type {
            "application/x-www-form-urlencoded" | "text/plain" => {
                let text = std::str::from_utf8(body)
                    .map_err(|_| "the token answer is not text".to_owned())?;
                let field = |name| form::field(text, name);
                let lifetime = field("expires_in").and_then(|text| text.parse().ok());
                (
                    field("access_token").map(Secret::new),
                    field("token_type"),
                    lifetime,
                )
            }
            _ => {
                // serde's messages may repeat values; a position is enough.
                let answer: Answer = serde_json::from_slice(body).map_err(|e| {
                    format!(
                        "the token answer is not a token: line {}, column {}",
                        e.line(),
                        e.column()
                    )
                })?;
                let lifetime = answer.expires_in.as_ref().and_then(seconds);
                (answer.access_token, answer.token_type, lifetime)
            }
        };
        let access = access.filter(|token| !token.is_empty());
        let access = access.ok_or_else(|| "the token answer has no access_token".to_owned())?;
        let lifetime = lifetime
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs);
        Ok(Self {
            access,
            kind: kind.unwrap_or_default(),
            lifetime,
        })
    }

    /// The value of the `Authorization` header.
    pub(super) fn header(&self) -> String {
        let kind = match self.kind.to_ascii_lowercase().as_str() {
            "" | "bearer" => "Bearer",
            "mac" => "MAC",
            "basic" => "Basic",
            _ => self.kind.as_str(),
        };
        format!("{kind} {}", self.access.expose())
    }
}

/// Some endpoints write the number as text.
fn seconds(value: &serde_json::Value) -> Option<u64> {
    match value {
        serde_json::Value::String(text) => text.parse().ok(),
        serde_json::Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().map(|f| f as u64)),
        _ => None,
    }
}

/// What the endpoint says about its refusal, ready to be appended to a message.
pub(super) fn error_text(body: &[u8]) -> String {
    let Ok(answer) = serde_json::from_slice::<ErrorAnswer>(body) else {
        return String::new();
    };
    let text = match answer.error_description {
        Some(description) => format!("{}: {description}", answer.error),
        None => answer.error,
    };
    let printable = text
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_ERROR_CHARS);
    format!(": {}", printable.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_forms_are_read() {
        let json = |body: &str| Token::decode("application/json; charset=utf-8", body.as_bytes());
        let token =
            json(r#"{"access_token":"t","token_type":"bearer","expires_in":60}"#).expect("a token");
        assert_eq!(
            (token.header().as_str(), token.lifetime),
            ("Bearer t", Some(Duration::from_secs(60)))
        );
        let token = json(r#"{"access_token":"t","token_type":"Custom","expires_in":"3600"}"#)
            .expect("a token");
        assert_eq!(
            (token.header().as_str(), token.lifetime),
            ("Custom t", Some(Duration::from_secs(3600)))
        );
        let token = json(r#"{"access_token":"t","expires_in":0}"#).expect("a token");
        assert_eq!(
            (token.header().as_str(), token.lifetime),
            ("Bearer t", None)
        );
        let token =
            Token::decode("text/plain", b"access_token=a%2Bb&expires_in=5").expect("a token");
        assert_eq!(
            (token.header().as_str(), token.lifetime),
            ("Bearer a+b", Some(Duration::from_secs(5)))
        );
    }

    #[test]
    fn answers_without_a_token_are_refused_and_not_repeated() {
        for body in [
            "",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":"hunter2", "token_type":7}"#,
        ] {
            let error = Token::decode("application/json", body.as_bytes()).expect_err("no token");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert_eq!(
            error_text(br#"{"error":"invalid_client","error_description":"no\nsuch"}"#),
            ": invalid_client: nosuch"
        );
        assert_eq!(error_text(b"<html>"), "");
    }
}
