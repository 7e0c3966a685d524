//! Targets that answer as told, on the runtime's clock.

use crate::config::ScrapeConfig;
use crate::fetch::{
    Body, BoxFuture, BuildError, FetchFailure, FetchRequest, Fetched, Fetcher, FetcherFactory,
};
use scrape_http::{DialCounters, Reason};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// What a target answers.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A text body, in blocks.
    Text(Vec<String>),
    /// A body of some content type.
    Typed(&'static str, String),
    Fail(Reason, &'static str),
    /// The reply, so much later.
    After(Duration, Box<Reply>),
    /// Headers, some body, then nothing until the deadline.
    HangInBody(String),
    /// Nothing until the deadline.
    Hang,
    /// Nothing ever, whatever the deadline: a broken fetcher.
    Ignore,
    Panic,
}

impl Reply {
    pub(crate) fn text(body: &str) -> Self {
        Self::Text(vec![body.to_owned()])
    }
}

/// One request that was made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) url: String,
    pub(crate) at: Instant,
    /// Which client made it: clients are numbered in the order in which they were built.
    pub(crate) client: usize,
}

type Answer = dyn Fn(&str, usize) -> Reply + Send + Sync;

/// All scripted targets of a test: decides by URL and by how often it was asked.
#[derive(Clone)]
pub(crate) struct Script(Arc<Inner>);

struct Inner {
    answer: Mutex<Arc<Answer>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    asked: BTreeMap<String, usize>,
    under_way: BTreeMap<String, usize>,
    overlaps: usize,
    clients: usize,
    refused_jobs: BTreeSet<String>,
    sockets: Vec<String>,
}

impl Script {
    pub(crate) fn new(answer: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            answer: Mutex::new(Arc::new(answer)),
            state: Mutex::default(),
        }))
    }

    pub(crate) fn always(body: &'static str) -> Self {
        Self::new(move |_, _| Reply::text(body))
    }

    /// Answers differently from now on.
    pub(crate) fn change(&self, answer: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) {
        *self.0.answer.lock().unwrap() = Arc::new(answer);
    }

    /// Makes building the client of a job fail, or work again.
    pub(crate) fn refuse_job(&self, job: &str, refuse: bool) {
        let mut state = self.0.state.lock().unwrap();
        if refuse {
            state.refused_jobs.insert(job.to_owned());
        } else {
            state.refused_jobs.remove(job);
        }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.state.lock().unwrap().calls.clone()
    }

    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.0.state.lock().unwrap().calls)
    }

    /// Clients built so far.
    pub(crate) fn clients(&self) -> usize {
        self.0.state.lock().unwrap().clients
    }

    /// Requests under way.
    pub(crate) fn under_way(&self) -> usize {
        self.0.state.lock().unwrap().under_way.values().sum()
    }

    /// How often a target was asked while another request to it was under way.
    pub(crate) fn overlaps(&self) -> usize {
        self.0.state.lock().unwrap().overlaps
    }

    fn begin(&self, url: &str, client: usize) -> (Reply, UnderWay) {
        let mut state = self.0.state.lock().unwrap();
        state.calls.push(Call {
            url: url.to_owned(),
            at: Instant::now(),
            client,
        });
        let asked = state.asked.entry(url.to_owned()).or_default();
        let n = *asked;
        *asked += 1;
        let under_way = state.under_way.entry(url.to_owned()).or_default();
        *under_way += 1;
        if *under_way > 1 {
            state.overlaps += 1;
        }
        drop(state);
        let answer = Arc::clone(&self.0.answer.lock().unwrap());
        (
            answer(url, n),
            UnderWay {
                script: self.clone(),
                url: url.to_owned(),
            },
        )
    }
}

/// Ends when the response is dropped.
struct UnderWay {
    script: Script,
    url: String,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.script.0.state.lock().unwrap();
        *state.under_way.get_mut(&self.url).expect("begun") -= 1;
    }
}

impl FetcherFactory for Script {
    fn build(
        &self,
        config: &ScrapeConfig,
        _dials: &DialCounters,
    ) -> Result<Arc<dyn Fetcher>, BuildError> {
        let mut state = self.0.state.lock().unwrap();
        if state.refused_jobs.contains(&config.job_name) {
            return Err(BuildError("tls_config: no such file".to_owned()));
        }
        state.clients += 1;
        Ok(Arc::new(ScriptedFetcher {
            script: self.clone(),
            client: state.clients,
        }))
    }
}

struct ScriptedFetcher {
    script: Script,
    client: usize,
}

impl Fetcher for ScriptedFetcher {
    fn fetch<'a>(
        &'a self,
        request: FetchRequest<'a>,
    ) -> BoxFuture<'a, Result<Fetched, FetchFailure>> {
        Box::pin(async move {
            let deadline = request.deadline;
            let (mut reply, under_way) = self.script.begin(request.url, self.client);
            let timeout = |reason| FetchFailure::new(reason, "context deadline exceeded");
            loop {
                let (content_type, blocks, then_hang) = match reply {
                    Reply::After(wait, then) => {
                        if Instant::now() + wait >= deadline {
                            sleep_until(deadline).await;
                            return Err(timeout(Reason::TimeoutHeaders));
                        }
                        sleep(wait).await;
                        reply = *then;
                        continue;
                    }
                    Reply::Fail(reason, message) => return Err(FetchFailure::new(reason, message)),
                    Reply::Hang => {
                        sleep_until(deadline).await;
                        return Err(timeout(Reason::TimeoutHeaders));
                    }
                    Reply::Ignore => std::future::pending().await,
                    Reply::Panic => panic!("a scripted panic"),
                    Reply::Text(blocks) => ("text/plain; version=0.0.4", blocks, false),
                    Reply::Typed(content_type, body) => (content_type, vec![body], false),
                    Reply::HangInBody(block) => ("text/plain; version=0.0.4", vec![block], true),
                };
                let blocks = blocks.into_iter().filter(|b| !b.is_empty()).collect();
                let body = ScriptedBody {
                    blocks,
                    current: String::new(),
                    then_hang,
                    deadline,
                    _under_way: under_way,
                };
                return Ok(Fetched {
                    content_type: Some(content_type.to_owned()),
                    body: Box::new(body),
                });
            }
        })
    }

    fn retain_unix_sockets(&self, paths: &std::collections::HashSet<&std::path::Path>) {
        let mut paths: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
        paths.sort();
        self.script.0.state.lock().unwrap().sockets = paths;
    }
}

struct ScriptedBody {
    blocks: VecDeque<String>,
    current: String,
    then_hang: bool,
    deadline: Instant,
    _under_way: UnderWay,
}

impl Body for ScriptedBody {
    fn next_block(&mut self) -> BoxFuture<'_, Result<Option<&[u8]>, FetchFailure>> {
        Box::pin(async move {
            match self.blocks.pop_front() {
                Some(block) => {
                    self.current = block;
                    Ok(Some(self.current.as_bytes()))
                }
                None if self.then_hang => {
                    sleep_until(self.deadline).await;
                    Err(FetchFailure::new(
                        Reason::TimeoutBody,
                        "context deadline exceeded",
                    ))
                }
                None => Ok(None),
            }
        })
    }
}
