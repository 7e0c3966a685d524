//! Just enough of a protobuf encoder to write the bodies of tests down.

fn varint(mut v: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while v >= 0x80 {
        out.push((v as u8) | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
    out
}

/// A field of a non-negative integer.
pub fn int(field: u64, v: u64) -> Vec<u8> {
    [varint(field << 3), varint(v)].concat()
}

/// A field of an integer in zigzag form.
pub fn sint(field: u64, v: i64) -> Vec<u8> {
    int(field, ((v << 1) ^ (v >> 63)) as u64)
}

/// A field of a double.
pub fn double(field: u64, v: f64) -> Vec<u8> {
    [varint(field << 3 | 1), v.to_le_bytes().to_vec()].concat()
}

/// A field of a message, given by its fields.
pub fn message(field: u64, parts: &[Vec<u8>]) -> Vec<u8> {
    let body = parts.concat();
    [varint(field << 3 | 2), varint(body.len() as u64), body].concat()
}

/// A field of a text.
pub fn string(field: u64, s: &str) -> Vec<u8> {
    message(field, &[s.as_bytes().to_vec()])
}

/// A delimited family: name, type number, metrics (each the content of a `Metric`).
pub fn family(name: &str, kind: u64, metrics: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = vec![string(1, name), int(3, kind)];
    parts.extend(metrics.iter().map(|m| message(4, std::slice::from_ref(m))));
    let body = parts.concat();
    [varint(body.len() as u64), body].concat()
}
