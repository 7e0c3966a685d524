//! A tiny encoder: just enough to write any message, right or wrong.

/// A message in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Msg(pub(super) Vec<u8>);

pub(super) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

impl Msg {
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn tag(mut self, number: u32, wire: u8) -> Self {
        varint(u64::from(number) << 3 | u64::from(wire), &mut self.0);
        self
    }

    pub(super) fn int(self, number: u32, value: u64) -> Self {
        let mut this = self.tag(number, 0);
        varint(value, &mut this.0);
        this
    }

    pub(super) fn sint(self, number: u32, value: i64) -> Self {
        self.int(number, zigzag(value))
    }

    pub(super) fn double(self, number: u32, value: f64) -> Self {
        let mut this = self.tag(number, 1);
        this.0.extend_from_slice(&value.to_bits().to_le_bytes());
        this
    }

    pub(super) fn bytes(self, number: u32, content: &[u8]) -> Self {
        let mut this = self.tag(number, 2);
        varint(content.len() as u64, &mut this.0);
        this.0.extend_from_slice(content);
        this
    }

    pub(super) fn str(self, number: u32, content: &str) -> Self {
        self.bytes(number, content.as_bytes())
    }

    pub(super) fn msg(self, number: u32, content: Msg) -> Self {
        self.bytes(number, &content.0)
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn delimited(self) -> Vec<u8> {
        let mut out = Vec::new();
        varint(self.0.len() as u64, &mut out);
        out.extend_from_slice(&self.0);
        out
    }
}

pub(super) fn label(name: &str, value: &str) -> Msg {
    Msg::new().str(1, name).str(2, value)
}

pub(super) fn gauge(value: f64) -> Msg {
    Msg::new().msg(2, Msg::new().double(1, value))
}

/// Type numbers on the wire.
pub(super) const COUNTER: u64 = 0;
pub(super) const GAUGE: u64 = 1;
pub(super) const SUMMARY: u64 = 2;
pub(super) const UNTYPED: u64 = 3;
pub(super) const HISTOGRAM: u64 = 4;
pub(super) const GAUGE_HISTOGRAM: u64 = 5;

pub(super) fn family(name: &str, kind: u64, metrics: &[Msg]) -> Vec<u8> {
    let mut family = Msg::new().str(1, name).str(2, "help").int(3, kind);
    for metric in metrics {
        family = family.msg(4, metric.clone());
    }
    family.delimited()
}

pub(super) fn bucket(bound: f64, count: u64) -> Msg {
    Msg::new().int(1, count).double(2, bound)
}

pub(super) fn span(offset: i64, length: u64) -> Msg {
    Msg::new().sint(1, offset).int(2, length)
}

pub(super) fn classic(buckets: &[Msg]) -> Msg {
    let mut h = Msg::new().int(1, 3).double(2, 1.5);
    for bucket in buckets {
        h = h.msg(3, bucket.clone());
    }
    Msg::new().msg(7, h)
}

pub(super) fn timestamp(seconds: i64, nanos: i64) -> Msg {
    Msg::new().int(1, seconds as u64).int(2, nanos as u64)
}
