//! The signed assertion (a JWT, RFC 7519 and RFC 7523 §2.1) that stands in for a client secret.

use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs;
use scrape_core::{Clock, Secret};
use serde_json::{Map, Value, json};

use crate::base64::url_safe;
use crate::config::{OAuth2, SignatureAlgorithm};
use crate::tls::private_key;

/// How long an assertion may be presented. It is used at once.
const LIFETIME_SECONDS: i64 = 600;

/// The assertion for this configuration, signed now.
pub(super) fn signed(config: &OAuth2, key: &Secret) -> Result<String, String> {
    let mut id = [0; 16];
    let provider = aws_lc_rs::default_provider();
    provider
        .secure_random
        .fill(&mut id)
        .map_err(|_| "no random numbers for an assertion".to_owned())?;
    let now = scrape_core::ports::clock::SystemClock.now_ms() / 1000;
    let message = unsigned(config, now, &uuid(id));
    let failed = |e: String| format!("client_certificate_key: {e}");
    let key = private_key(key.expose().as_bytes()).map_err(failed)?;
    let key = aws_lc_rs::sign::any_supported_type(&key).map_err(|e| failed(e.to_string()))?;
    let scheme = match config.signature_algorithm {
        SignatureAlgorithm::RS256 => SignatureScheme::RSA_PKCS1_SHA256,
        SignatureAlgorithm::RS384 => SignatureScheme::RSA_PKCS1_SHA384,
        SignatureAlgorithm::RS512 => SignatureScheme::RSA_PKCS1_SHA512,
    };
    let signer = key
        .choose_scheme(&[scheme])
        .ok_or_else(|| failed("is not an RSA key".to_owned()))?;
    let signature = signer
        .sign(message.as_bytes())
        .map_err(|e| failed(e.to_string()))?;
    Ok(format!("{message}.{}", url_safe(&signature)))
}

fn unsigned(config: &OAuth2, now: i64, id: &str) -> String {
    let or = |text: &str, default: &str| {
        if text.is_empty() {
            default.to_owned()
        } else {
            text.to_owned()
        }
    };
    let algorithm = match config.signature_algorithm {
        SignatureAlgorithm::RS256 => "RS256",
        SignatureAlgorithm::RS384 => "RS384",
        SignatureAlgorithm::RS512 => "RS512",
    };
    let mut header = json!({"alg": algorithm, "typ": "JWT"});
    if !config.client_certificate_key_id.is_empty() {
        header["kid"] = Value::String(config.client_certificate_key_id.clone());
    }
    let mut claims = Map::new();
    claims.insert(
        "iss".to_owned(),
        Value::String(or(&config.iss, &config.client_id)),
    );
    claims.insert("sub".to_owned(), Value::String(config.client_id.clone()));
    claims.insert("jti".to_owned(), Value::String(id.to_owned()));
    claims.insert(
        "aud".to_owned(),
        Value::String(or(&config.audience, config.token_url.expose())),
    );
    claims.insert("iat".to_owned(), Value::from(now));
    claims.insert("exp".to_owned(), Value::from(now + LIFETIME_SECONDS));
    if !config.scopes.is_empty() {
        claims.insert("scope".to_owned(), Value::String(config.scopes.join(" ")));
    }
    for (name, value) in &config.claims.0 {
        claims.insert(name.clone(), value.clone());
    }
    let claims = Value::Object(claims);
    format!(
        "{}.{}",
        url_safe(header.to_string().as_bytes()),
        url_safe(claims.to_string().as_bytes())
    )
}

/// A random UUID (RFC 9562 §5.4) of these bytes.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::UrlText;

    #[test]
    fn header_and_claims_are_those_configured() {
        let mut config = OAuth2 {
            client_id: "me".to_owned(),
            token_url: UrlText::new("http://t/"),
            scopes: vec!["a".to_owned(), "b".to_owned()],
            client_certificate_key_id: "k1".to_owned(),
            ..OAuth2::default()
        };
        config.claims.0.insert("extra".to_owned(), json!({"n": 1}));
        let expected = format!(
            "{}.{}",
            url_safe(br#"{"alg":"RS256","kid":"k1","typ":"JWT"}"#),
            url_safe(
                br#"{"aud":"http://t/","exp":1600,"extra":{"n":1},"iat":1000,"iss":"me","jti":"id","scope":"a b","sub":"me"}"#
            )
        );
        assert_eq!(unsigned(&config, 1000, "id"), expected);
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn a_key_that_is_not_rsa_is_refused() {
        let key = rcgen::KeyPair::generate().expect("an elliptic key");
        let config = OAuth2::default();
        let error = signed(&config, &Secret::new(key.serialize_pem())).expect_err("not RSA");
        assert!(error.contains("not an RSA key"), "{error}");
        let error = signed(&config, &Secret::new("nonsense")).expect_err("not a key");
        assert!(error.contains("no unencrypted private key"), "{error}");
    }
}
