//! What one scenario is: a job's configuration, what its target answers, and what is expected of the two scrapers.

use std::time::Duration;

/// One request, as the target sees it.
pub(super) struct Ask {
    /// How many requests for this very URL the same scraper has made before.
    pub(super) k: usize,
    /// Path and query as sent.
    pub(super) target: String,
    /// Header names in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// A moment shortly before the run, whole seconds, for explicit timestamps. Unit: ms.
    pub(super) base_ms: i64,
}

impl Ask {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, v)| v.as_str())
    }
}

/// What the target answers.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// Waited before the first byte.
    pub(super) delay: Duration,
    /// After so many bytes of the body wait, or hang up.
    pub(super) pause: Option<(usize, Pause)>,
}

#[derive(Clone, Copy)]
pub(super) enum Pause {
    Wait(Duration),
    HangUp,
}

impl Reply {
    pub(super) fn new(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: vec![("Content-Type", content_type.to_owned())],
            body: body.into(),
            delay: Duration::ZERO,
            pause: None,
        }
    }

    pub(super) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(super) fn paused(mut self, after: usize, pause: Pause) -> Self {
        self.pause = Some((after, pause));
        self
    }
}

pub(super) const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
pub(super) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
pub(super) const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// The text format.
pub(super) fn text(body: impl Into<Vec<u8>>) -> Reply {
    Reply::new(TEXT, body)
}

/// OpenMetrics; the caller writes the EOF line.
pub(super) fn om(body: impl Into<Vec<u8>>) -> Reply {
    Reply::new(OPEN_METRICS, body)
}

/// Text bodies one after another, then the last one again and again.
pub(super) fn steps(a: &Ask, bodies: &[&str]) -> Reply {
    text(bodies[a.k.min(bodies.len() - 1)])
}

/// Text bodies in turn.
pub(super) fn cycle(a: &Ask, bodies: &[&str]) -> Reply {
    text(bodies[a.k % bodies.len()])
}

/// How values of both sides are laid beside each other.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Alignment {
    /// The k-th scrape of one with the k-th scrape of the other.
    Scrape,
    /// Repeated values are one: what happens depends on when a change of the files was noticed.
    Collapsed,
}

/// What a pattern says of the series `.0`: see `view::Sequence::matches`.
pub(super) type Shown = (&'static str, &'static str);

/// A row of the table.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// Where the behaviour is specified.
    pub(super) spec: &'static str,
    /// Keys of the job; `$HOST` is the farm's address, `$DIR` a directory for files.
    pub(super) config: &'static str,
    pub(super) serve: fn(&Ask) -> Reply,
    pub(super) alignment: Alignment,
    /// Why our result is not upstream's.
    pub(super) differs: Option<&'static str>,
    /// Only that of 2.42 is another; 3 does the same as ours.
    pub(super) from_2_only: bool,
    /// 2.42 does not know its configuration.
    pub(super) only_3: bool,
    /// Series that must be among ours with these values.
    pub(super) shows: &'static [Shown],
    /// Series that must not be among ours.
    pub(super) lacks: &'static [&'static str],
}

pub(super) fn case(
    name: &'static str,
    spec: &'static str,
    config: &'static str,
    serve: fn(&Ask) -> Reply,
) -> Case {
    Case {
        name,
        spec,
        config,
        serve,
        alignment: Alignment::Scrape,
        differs: None,
        from_2_only: false,
        only_3: false,
        shows: &[],
        lacks: &[],
    }
}

impl Case {
    pub(super) fn shows(mut self, shown: &'static [Shown]) -> Self {
        self.shows = shown;
        self
    }

    pub(super) fn lacks(mut self, series: &'static [&'static str]) -> Self {
        self.lacks = series;
        self
    }

    pub(super) fn differs_from_2(mut self, why: &'static str) -> Self {
        self.from_2_only = true;
        self.differs(why)
    }

    pub(super) fn differs(mut self, why: &'static str) -> Self {
        self.differs = Some(why);
        self
    }

    pub(super) fn only_3(mut self) -> Self {
        self.only_3 = true;
        self
    }

    pub(super) fn collapsed(mut self) -> Self {
        self.alignment = Alignment::Collapsed;
        self
    }

    /// The job as it stands in the configuration.
    pub(super) fn job(&self, host: &str, dir: &str) -> String {
        let mut out = format!("- job_name: {}\n", self.name);
        if !self.config.contains("metrics_path:") {
            out.push_str(&format!("  metrics_path: /c/{}\n", self.name));
        }
        if !self.config.contains("static_configs:") && !self.config.contains("file_sd_configs:") {
            out.push_str(&format!(
                "  static_configs: [{{targets: ['$HOST'], labels: {{case: {}}}}}]\n",
                self.name
            ));
        }
        for line in self.config.lines() {
            out.push_str("  ");
            out.push_str(line);
            out.push('\n');
        }
        out.replace("$HOST", host).replace("$DIR", dir)
    }
}
