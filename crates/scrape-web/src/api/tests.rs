//! The endpoints through the router, without a socket.

use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};

use crate::router;
use crate::testing::{Setup, setup};

pub(crate) async fn call(
    router: &Router,
    method: Method,
    uri: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, String) {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a valid request");
    let response = TowerToHyperService::new(router.clone())
        .call(request)
        .await
        .expect("infallible");
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

async fn get(uri: &str) -> (StatusCode, Value) {
    let router = router(setup(false, "").state).expect("a router");
    let (status, body) = call(&router, Method::GET, uri, &[]).await;
    (
        status,
        serde_json::from_str(&body).unwrap_or_else(|e| panic!("{uri}: {e}: {body}")),
    )
}

async fn data(uri: &str) -> Value {
    let (status, mut body) = get(uri).await;
    assert_eq!(
        (status, &body["status"]),
        (StatusCode::OK, &json!("success")),
        "{uri}"
    );
    body["data"].take()
}

async fn bad_data(uri: &str) -> String {
    let (status, body) = get(uri).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{uri}");
    assert_eq!(
        (&body["status"], &body["errorType"]),
        (&json!("error"), &json!("bad_data")),
        "{uri}"
    );
    body["error"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn targets_have_the_shape_of_upstream() {
    let d = data("/api/v1/targets").await;
    assert_eq!(
        d["activeTargets"][0],
        json!({
            "discoveredLabels": {"__address__": "h1:9100", "instance": "h1:9100", "job": "node", "path": "<b>"},
            "labels": {"instance": "h1:9100", "job": "node", "path": "<b>"},
            "scrapePool": "node",
            "scrapeUrl": "http://localhost:9100/metrics",
            "globalUrl": "http://mon.example.org:9100/metrics",
            "lastError": "",
            "lastErrorReason": "",
            "lastErrorPosition": null,
            "lastScrape": "2023-11-14T22:13:20.25Z",
            "lastScrapeDuration": 0.125,
            "health": "up",
            "scrapeInterval": "15s",
            "scrapeTimeout": "10s",
        })
    );
    assert_eq!(d["activeTargets"].as_array().expect("a list").len(), 3);
    assert_eq!(
        d["droppedTargets"],
        json!([{"discoveredLabels": {"__address__": "h3:9100"}, "scrapePool": "node"}])
    );
    assert_eq!(d["droppedTargetCounts"], json!({"node": 7, "self": 0}));
}

#[tokio::test]
async fn case_099_state_and_pool_filter_targets() {
    let d = data("/api/v1/targets?state=active").await;
    assert_eq!(d["activeTargets"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        (&d["droppedTargets"], &d["droppedTargetCounts"]),
        (&json!([]), &Value::Null)
    );

    let d = data("/api/v1/targets?state=Dropped&scrapePool=self").await;
    assert_eq!(
        (&d["activeTargets"], &d["droppedTargets"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(
        d["droppedTargetCounts"],
        json!({"node": 7, "self": 0}),
        "counts are not filtered by pool"
    );

    let d = data("/api/v1/targets?state=any&scrapePool=none").await;
    assert_eq!(
        (&d["activeTargets"], &d["droppedTargets"]),
        (&json!([]), &json!([]))
    );

    let d = data("/api/v1/targets?state=other").await;
    assert_eq!(
        (&d["activeTargets"], &d["droppedTargets"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(d["droppedTargetCounts"], Value::Null);

    let d = data("/api/v1/targets?scrapePool=self&scrapePool=node").await;
    assert_eq!(
        d["activeTargets"][0]["scrapePool"], "self",
        "the first of several values counts"
    );
}

#[tokio::test]
async fn case_100_relabel_steps_after_a_drop_are_empty() {
    let labels = |job: &str| format!("%7B%22job%22%3A%22{job}%22%2C%22e%22%3A%22%22%7D");
    let d = data(&format!(
        "/api/v1/targets/relabel_steps?scrapePool=node&labels={}",
        labels("x")
    ))
    .await;
    assert_eq!(d["steps"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        d["steps"][2],
        json!({
            "rule": {"separator": ";", "regex": "(.*)", "targetLabel": "three", "replacement": "$1", "action": "replace"},
            "output": {"job": "x"},
            "keep": true,
        })
    );
    let d = data(&format!(
        "/api/v1/targets/relabel_steps?scrapePool=node&labels={}",
        labels("dropme")
    ))
    .await;
    assert_eq!(
        (&d["steps"][0]["keep"], &d["steps"][0]["output"]),
        (&json!(true), &json!({"job": "dropme"}))
    );
    for i in [1, 2] {
        assert_eq!(
            (&d["steps"][i]["keep"], &d["steps"][i]["output"]),
            (&json!(false), &json!({})),
            "step {i}"
        );
    }

    for (query, reason) in [
        ("", "no scrapePool parameter provided"),
        ("scrapePool=node", "no labels parameter provided"),
        ("labels=%7B%7D", "no scrapePool parameter provided"),
        ("scrapePool=node&labels=%5B%5D", "unable to decode labels"),
        (
            "scrapePool=node&labels=%7B%22a%22%3A1%7D",
            "unable to decode labels",
        ),
        (
            "scrapePool=none&labels=%7B%7D",
            "unknown scrape pool \"none\"",
        ),
    ] {
        let text = bad_data(&format!("/api/v1/targets/relabel_steps?{query}")).await;
        assert!(text.contains(reason), "{query}: {text}");
    }
}

#[tokio::test]
async fn case_101_metadata_names_the_metric_only_if_the_request_does_not() {
    let d = data("/api/v1/targets/metadata?match_target=%7Binstance%3D~%22h1.*%22%7D").await;
    assert_eq!(
        d,
        json!([
            {"target": {"instance": "h1:9100", "job": "node", "path": "<b>"}, "metric": "a_total",
             "type": "counter", "help": "A.", "unit": "seconds"},
            {"target": {"instance": "h1:9100", "job": "node", "path": "<b>"}, "metric": "b_total",
             "type": "counter", "help": "B.", "unit": "seconds"},
        ])
    );
    let d = data("/api/v1/targets/metadata?metric=a_total").await;
    assert_eq!(d.as_array().map(Vec::len), Some(2));
    assert!(d[0].get("metric").is_none(), "{d}");

    assert_eq!(
        data("/api/v1/targets/metadata?metric=none").await,
        json!([])
    );
    let one_target = data("/api/v1/targets/metadata?limit=1").await;
    assert_eq!(
        one_target.as_array().map(Vec::len),
        Some(2),
        "a target's list is not cut"
    );
    assert_eq!(
        data("/api/v1/targets/metadata?limit=-1")
            .await
            .as_array()
            .map(Vec::len),
        Some(4)
    );
    assert_eq!(data("/api/v1/targets/metadata?limit=0").await, json!([]));
    assert_eq!(
        bad_data("/api/v1/targets/metadata?limit=abc").await,
        "limit must be a number"
    );
    let text = bad_data("/api/v1/targets/metadata?match_target=%7Ba%3D%7D").await;
    assert!(text.contains("1:4: parse error"), "{text}");
}

#[tokio::test]
async fn case_101_metadata_by_family_states_everything_once() {
    let told = |help: &str| json!({"type": "counter", "help": help, "unit": "seconds"});
    let all = json!({"a_total": [told("A.")], "b_total": [told("B."), told("Another B.")]});
    assert_eq!(data("/api/v1/metadata").await, all);
    assert_eq!(data("/api/v1/metadata?limit=-5").await, all);
    assert_eq!(
        data("/api/v1/metadata?limit=1").await,
        json!({"a_total": [told("A.")]})
    );
    assert_eq!(
        data("/api/v1/metadata?limit_per_metric=1&metric=b_total").await,
        json!({"b_total": [told("B.")]})
    );
    assert_eq!(
        bad_data("/api/v1/metadata?limit=abc").await,
        "limit must be a number"
    );
    assert_eq!(
        bad_data("/api/v1/metadata?limit_per_metric=x").await,
        "limit_per_metric must be a number"
    );
}

#[tokio::test]
async fn case_102_never_scraped_and_failed_targets() {
    let d = data("/api/v1/targets?scrapePool=self").await;
    let target = &d["activeTargets"][0];
    assert_eq!(
        (&target["health"], &target["lastScrape"]),
        (&json!("unknown"), &json!("0001-01-01T00:00:00Z"))
    );
    assert_eq!(
        target["globalUrl"], "https://mon.example.org/metrics",
        "the server itself"
    );
    let d = data("/api/v1/targets?scrapePool=node").await;
    assert_eq!(d["activeTargets"][1]["health"], "down");
    assert_eq!(
        d["activeTargets"][1]["lastError"],
        "connection <refused> & \"lost\""
    );
    assert_eq!(
        (
            &d["activeTargets"][1]["lastErrorReason"],
            &d["activeTargets"][1]["lastErrorPosition"]
        ),
        (&json!("parse"), &json!({"line": 3, "column": 7}))
    );
}

#[tokio::test]
async fn pools_and_status_have_the_shape_of_upstream() {
    assert_eq!(
        data("/api/v1/scrape_pools").await,
        json!({"scrapePools": ["node", "self"]})
    );
    let yaml = data("/api/v1/scrape_pools/config?scrapePool=node").await;
    assert_eq!(
        yaml,
        json!({"yaml": "job_name: node\nbasic_auth:\n  password: <secret>\n"})
    );
    bad_data("/api/v1/scrape_pools/config").await;
    bad_data("/api/v1/scrape_pools/config?scrapePool=none").await;

    assert_eq!(
        data("/api/v1/status/config").await,
        json!({"yaml": "scrape_configs:\n- job_name: node\n"})
    );
    assert_eq!(
        data("/api/v1/status/flags").await,
        json!({"web.listen-address": "127.0.0.1:9090"})
    );
    let run = data("/api/v1/status/runtimeinfo").await;
    for (key, value) in [
        ("startTime", json!("2023-11-14T22:13:20Z")),
        ("CWD", json!("/")),
        ("hostname", json!("host")),
        ("serverTime", json!("2023-11-14T22:13:21.5Z")),
        ("reloadConfigSuccess", json!(true)),
        ("lastConfigTime", json!("0001-01-01T00:00:00Z")),
        ("corruptionCount", json!(0)),
        ("goroutineCount", json!(12)),
        ("GOMAXPROCS", json!(2)),
        ("storageRetention", json!("15d")),
    ] {
        assert_eq!(run[key], value, "{key}");
    }
    let build = data("/api/v1/status/buildinfo").await;
    assert_eq!(
        (&build["version"], &build["goVersion"]),
        (&json!("0.1.0"), &json!("rustc 1.95.0"))
    );

    let tsdb = data("/api/v1/status/tsdb").await;
    assert_eq!(
        tsdb["headStats"],
        json!({"numSeries": 5, "numLabelPairs": 9, "chunkCount": 6, "minTime": -1, "maxTime": 2})
    );
    assert_eq!(
        tsdb["seriesCountByMetricName"].as_array().map(Vec::len),
        Some(10)
    );
    assert_eq!(
        tsdb["seriesCountByMetricName"][0],
        json!({"name": "m0", "value": 20})
    );
    let tsdb = data("/api/v1/status/tsdb?limit=3").await;
    assert_eq!(
        tsdb["seriesCountByMetricName"].as_array().map(Vec::len),
        Some(3)
    );
    for limit in ["0", "-1", "x", "10001"] {
        bad_data(&format!("/api/v1/status/tsdb?limit={limit}")).await;
    }
}

#[tokio::test]
async fn the_api_waits_for_the_start_but_health_and_metrics_do_not() {
    let Setup { state, .. } = setup(false, "");
    state.set_ready(false);
    let router = router(state.clone()).expect("a router");
    let status = async |uri: &str| call(&router, Method::GET, uri, &[]).await.0;
    assert_eq!(status("/-/healthy").await, StatusCode::OK);
    assert_eq!(status("/metrics").await, StatusCode::OK);
    assert_eq!(status("/-/ready").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        status("/api/v1/targets").await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    state.set_ready(true);
    assert_eq!(status("/-/ready").await, StatusCode::OK);
    assert_eq!(status("/api/v1/targets").await, StatusCode::OK);
    assert_eq!(status("/api/v1/query").await, StatusCode::NOT_FOUND);
    assert_eq!(status("/nothing").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn metrics_are_text_or_openmetrics() {
    let router = router(setup(false, "").state).expect("a router");
    let (status, text) = call(&router, Method::GET, "/metrics", &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        text.contains("# TYPE demo_total counter\ndemo_total 1"),
        "{text}"
    );
    let accept = [("accept", "application/openmetrics-text;version=1.0.0")];
    let (_, text) = call(&router, Method::GET, "/metrics", &accept).await;
    assert!(
        text.contains("# TYPE demo counter\n") && text.ends_with("# EOF\n"),
        "{text}"
    );
}

#[tokio::test]
async fn lifecycle_needs_the_flag_the_method_and_the_same_site() {
    let off = router(setup(false, "").state).expect("a router");
    for path in ["/-/reload", "/-/quit"] {
        assert_eq!(
            call(&off, Method::GET, path, &[]).await.0,
            StatusCode::METHOD_NOT_ALLOWED
        );
        for method in [Method::POST, Method::PUT] {
            let (status, text) = call(&off, method, path, &[]).await;
            assert_eq!(
                (status, text.as_str()),
                (StatusCode::FORBIDDEN, "Lifecycle API is not enabled.\n")
            );
        }
    }

    let Setup {
        state,
        mut reloads,
        quit,
    } = setup(true, "");
    let on = router(state).expect("a router");
    assert_eq!(
        call(&on, Method::GET, "/-/reload", &[]).await.0,
        StatusCode::METHOD_NOT_ALLOWED
    );
    let foreign = [("sec-fetch-site", "cross-site")];
    assert_eq!(
        call(&on, Method::POST, "/-/quit", &foreign).await.0,
        StatusCode::FORBIDDEN
    );
    assert!(!quit.is_cancelled());

    let answers = tokio::spawn(async move {
        for answer in [Ok(()), Err("line 3: no".to_owned())] {
            let request = reloads.recv().await.expect("a reload is asked for");
            request.send(answer).expect("somebody waits");
        }
    });
    assert_eq!(
        call(&on, Method::POST, "/-/reload", &[]).await.0,
        StatusCode::OK
    );
    let (status, text) = call(
        &on,
        Method::PUT,
        "/-/reload",
        &[("sec-fetch-site", "same-origin")],
    )
    .await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text, "failed to reload config: line 3: no\n");
    answers.await.expect("answered both");
    assert_eq!(
        call(&on, Method::POST, "/-/reload", &[]).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );

    assert_eq!(
        call(&on, Method::POST, "/-/quit", &[]).await.0,
        StatusCode::OK
    );
    assert!(quit.is_cancelled());
}

#[tokio::test]
async fn nothing_waits_for_a_reload_in_progress() {
    let Setup {
        state, mut reloads, ..
    } = setup(true, "");
    let router = router(state).expect("a router");
    let reload = tokio::spawn({
        let router = router.clone();
        async move { call(&router, Method::POST, "/-/reload", &[]).await.0 }
    });
    let pending = reloads.recv().await.expect("a reload is asked for");
    for uri in [
        "/",
        "/targets",
        "/metrics",
        "/-/ready",
        "/api/v1/targets",
        "/api/v1/scrape_pools",
        "/api/v1/status/config",
    ] {
        assert_eq!(
            call(&router, Method::GET, uri, &[]).await.0,
            StatusCode::OK,
            "{uri}"
        );
    }
    assert!(!reload.is_finished());
    pending.send(Ok(())).expect("still waiting");
    assert_eq!(reload.await.expect("no panic"), StatusCode::OK);
}

#[tokio::test]
async fn pages_escape_what_comes_from_outside_and_filter() {
    let router = router(setup(false, "").state).expect("a router");
    let (status, page) = call(&router, Method::GET, "/targets", &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("connection &lt;refused&gt; &amp; &quot;lost&quot;"),
        "{page}"
    );
    assert!(page.contains("<td>parse at 3:7</td>"), "{page}");
    assert!(page.contains("h2:9100/metrics?x=&lt;script&gt;"), "{page}");
    assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    let (_, page) = call(
        &router,
        Method::GET,
        "/targets?health=down&scrapePool=node",
        &[],
    )
    .await;
    assert!(
        page.contains("h2:9100") && !page.contains("h1:9100") && !page.contains("localhost:9090"),
        "{page}"
    );
    let (_, page) = call(
        &router,
        Method::GET,
        "/targets?scrapePool=%22%3E%3Cscript%3E",
        &[],
    )
    .await;
    assert!(!page.contains("<script"), "{page}");
    let (_, page) = call(&router, Method::GET, "/", &[]).await;
    assert!(
        page.contains("<td>node</td><td>1</td><td>1</td><td>0</td><td>7</td>"),
        "{page}"
    );
}

#[tokio::test]
async fn a_prefix_holds_for_everything() {
    let with = router(setup(false, "/scrape").state).expect("a router");
    for uri in [
        "/scrape/",
        "/scrape/targets",
        "/scrape/metrics",
        "/scrape/-/healthy",
        "/scrape/api/v1/targets",
    ] {
        assert_eq!(
            call(&with, Method::GET, uri, &[]).await.0,
            StatusCode::OK,
            "{uri}"
        );
    }
    for uri in ["/", "/scrape"] {
        assert_eq!(
            call(&with, Method::GET, uri, &[]).await.0,
            StatusCode::SEE_OTHER,
            "{uri}"
        );
    }
    assert_eq!(
        call(&with, Method::GET, "/metrics", &[]).await.0,
        StatusCode::NOT_FOUND
    );
    let (_, page) = call(&with, Method::GET, "/scrape/", &[]).await;
    assert!(page.contains("href=\"/scrape/targets\""), "{page}");
    for bad in ["x", "/x/", "/{x}", "/a//b", "/*"] {
        let mut state = setup(false, "").state;
        state.options = std::sync::Arc::new(crate::WebOptions {
            route_prefix: bad.into(),
            ..(*state.options).clone()
        });
        assert!(router(state).is_err(), "{bad}");
    }
}
