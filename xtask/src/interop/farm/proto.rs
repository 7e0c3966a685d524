//! Just enough of an encoder for delimited `io.prometheus.client.MetricFamily` messages.

/// One message under construction.
#[derive(Default, Clone)]
pub(super) struct Message(Vec<u8>);

impl Message {
    fn tag(&mut self, field: u8, wire: u8) {
        // All field numbers used are below 16: one byte.
        self.0.push(field << 3 | wire);
    }

    pub(super) fn varint(mut self, field: u8, value: u64) -> Self {
        self.tag(field, 0);
        put_varint(&mut self.0, value);
        self
    }

    pub(super) fn double(mut self, field: u8, value: f64) -> Self {
        self.tag(field, 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn bytes(mut self, field: u8, value: impl AsRef<[u8]>) -> Self {
        self.tag(field, 2);
        put_varint(&mut self.0, value.as_ref().len() as u64);
        self.0.extend_from_slice(value.as_ref());
        self
    }

    pub(super) fn message(self, field: u8, value: Message) -> Self {
        self.bytes(field, value.0)
    }

    /// With its length in front, as it stands in a body.
    pub(super) fn delimited(self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.0.len() as u64);
        out.extend_from_slice(&self.0);
        out
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Counter = 0,
    Gauge = 1,
    Summary = 2,
    Untyped = 3,
    Histogram = 4,
}

/// A family with one metric: labels, and the value as field number and message.
pub(super) fn family(name: &str, kind: Kind, metrics: Vec<Message>) -> Vec<u8> {
    let mut m = Message::default()
        .bytes(1, name)
        .bytes(2, "help")
        .varint(3, kind as u64);
    for metric in metrics {
        m = m.message(4, metric);
    }
    m.delimited()
}

pub(super) fn labelled(labels: &[(&str, &str)]) -> Message {
    labels.iter().fold(Message::default(), |m, (n, v)| {
        m.message(1, Message::default().bytes(1, n).bytes(2, v))
    })
}

pub(super) fn gauge(labels: &[(&str, &str)], value: f64) -> Message {
    labelled(labels).message(2, Message::default().double(1, value))
}

pub(super) fn counter(labels: &[(&str, &str)], value: f64) -> Message {
    labelled(labels).message(3, Message::default().double(1, value))
}

pub(super) fn untyped(labels: &[(&str, &str)], value: f64) -> Message {
    labelled(labels).message(5, Message::default().double(1, value))
}

pub(super) fn summary(count: u64, sum: f64, quantiles: &[(f64, f64)]) -> Message {
    let s = quantiles.iter().fold(
        Message::default().varint(1, count).double(2, sum),
        |m, (q, v)| m.message(3, Message::default().double(1, *q).double(2, *v)),
    );
    Message::default().message(4, s)
}

pub(super) fn histogram(count: u64, sum: f64, buckets: &[(f64, u64)]) -> Message {
    let h = buckets.iter().fold(
        Message::default().varint(1, count).double(2, sum),
        |m, (bound, n)| m.message(3, Message::default().varint(1, *n).double(2, *bound)),
    );
    Message::default().message(7, h)
}
