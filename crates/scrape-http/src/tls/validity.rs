//! From when until when a certificate says it is valid: the two dates of its DER encoding (RFC 5280 §4.1).

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// `notBefore` and `notAfter` in seconds since the Unix epoch; nothing if the encoding is not understood.
pub(super) fn of_certificate(der: &[u8]) -> Option<(i64, i64)> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut fields, _) = element(certificate, SEQUENCE)?;
    if let Some((_, rest)) = element(fields, VERSION) {
        fields = rest;
    }
    let (_, fields) = element(fields, INTEGER)?; // serial number
    let (_, fields) = element(fields, SEQUENCE)?; // signature algorithm
    let (_, fields) = element(fields, SEQUENCE)?; // issuer
    let (validity, _) = element(fields, SEQUENCE)?;
    let (from, rest) = time(validity)?;
    let (until, _) = time(rest)?;
    Some((from, until))
}

/// The contents of the element in front, if it has this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let digits = usize::from(first & 0x7f);
        if digits == 0 || digits > 3 {
            return None;
        }
        let (length, after) = rest.split_at_checked(digits)?;
        rest = after;
        length.iter().fold(0, |n, b| n << 8 | usize::from(*b))
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
}

fn time(der: &[u8]) -> Option<(i64, &[u8])> {
    if let Some((text, rest)) = element(der, UTC_TIME) {
        let year = digits(text.get(..2)?)?;
        let century = if year < 50 { 2000 } else { 1900 };
        return Some((seconds(century + year, text.get(2..)?)?, rest));
    }
    let (text, rest) = element(der, GENERALIZED_TIME)?;
    Some((seconds(digits(text.get(..4)?)?, text.get(4..)?)?, rest))
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |n, b| {
        Some(n * 10 + i64::from(char::from(*b).to_digit(10)?))
    })
}

/// `MMDDhhmmssZ` of a year to seconds since the epoch.
fn seconds(year: i64, rest: &[u8]) -> Option<i64> {
    if rest.len() != 11 || rest[10] != b'Z' {
        return None;
    }
    let two = |at: usize| digits(rest.get(at..at + 2)?);
    let (month, day) = (two(0)?, two(2)?);
    // Days from civil date: years counted from March, so that the leap day is the last of one.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days =
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day
            - 1;
    Some((days - 719_468) * 86_400 + two(4)? * 3600 + two(6)? * 60 + two(8)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_counted_from_the_epoch() {
        assert_eq!(seconds(1970, b"0101000000Z"), Some(0));
        assert_eq!(seconds(2000, b"0229120001Z"), Some(951_825_601));
        assert_eq!(seconds(2024, b"1231235959Z"), Some(1_735_689_599));
        assert_eq!(seconds(2024, b"123123595Z"), None);
        assert_eq!(seconds(2024, b"xx31235959Z"), None);
    }

    #[test]
    fn both_dates_of_a_certificate_are_found() {
        let mut params =
            rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
        params.not_before = rcgen::date_time_ymd(2001, 2, 3);
        params.not_after = rcgen::date_time_ymd(2055, 1, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        assert_eq!(
            of_certificate(certificate.der()),
            Some((981_158_400, 2_682_374_400))
        );
    }

    #[test]
    fn no_prefix_of_a_certificate_panics() {
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
        let certificate = params.self_signed(&key).expect("a certificate");
        for cut in 0..60 {
            assert_eq!(of_certificate(&certificate.der()[..cut]), None, "{cut}");
        }
    }
}
