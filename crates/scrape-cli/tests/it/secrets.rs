//! No secret leaves the program: not by an endpoint, not by a log line, not by an error.

use crate::exporter::Exporter;
use crate::process::{Process, run, said};
use rustix::process::Signal;
use std::path::Path;

/// In every planted secret, and in nothing else.
const MARK: &str = "s3cr3t";

fn plant(dir: &Path, target: &str, token_url: &str) {
    for name in ["password", "credentials", "client", "header"] {
        let text = format!("{MARK}-file-{name}\n");
        std::fs::write(dir.join(name), text).expect("written");
    }
    // Each job fails in its own way while it holds a secret.
    let jobs = [
        format!("basic_auth: {{username: user, password: {MARK}-1}}"),
        "basic_auth: {username: user, password_file: password}".to_owned(),
        format!("authorization: {{credentials: {MARK}-2}}"),
        "authorization: {credentials_file: credentials}".to_owned(),
        format!("bearer_token: {MARK}-3"),
        "bearer_token_file: credentials".to_owned(),
        format!("oauth2: {{client_id: id, client_secret: {MARK}-4, token_url: '{token_url}'}}"),
        format!("oauth2: {{client_id: id, client_secret_file: client, token_url: '{token_url}'}}"),
        format!(
            "oauth2: {{client_id: id, client_secret: {MARK}-5, token_url: 'http://127.0.0.1:1/t', \
             proxy_url: 'http://user:{MARK}-6@127.0.0.1:1'}}"
        ),
        format!("http_headers: {{X-Key: {{secrets: [{MARK}-7, '{MARK}-8']}}}}"),
        "http_headers: {X-Key: {files: [header]}}".to_owned(),
        format!("proxy_url: 'http://user:{MARK}-9@127.0.0.1:1'"),
        format!("scheme: https\n  proxy_url: 'http://user:{MARK}-10@{target}'"),
        format!(
            "scheme: https\n  proxy_url: 'http://{target}'\n  \
             proxy_connect_header: {{Proxy-Authorization: ['{MARK}-11']}}"
        ),
    ];
    let mut text =
        String::from("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n");
    for (i, job) in jobs.iter().enumerate() {
        text.push_str(&format!(
            "- job_name: job{i}\n  params: {{token: [public]}}\n  {job}\n  \
             static_configs: [{{targets: ['{target}']}}]\n"
        ));
    }
    std::fs::write(dir.join("prometheus.yml"), text).expect("written");
}

fn clean(what: &str, text: &str) {
    let line = text.lines().find(|l| l.contains(MARK));
    assert_eq!(line, None, "a secret in {what}");
}

#[tokio::test]
async fn no_endpoint_log_or_error_shows_a_secret() {
    let dir = tempfile::tempdir().expect("a directory");
    let target = Exporter::refusing("no\n").await;
    let token = Exporter::refusing("{\"error\": \"invalid_client\"}").await;
    plant(
        dir.path(),
        &target.address.to_string(),
        &format!("http://{}/token", token.address),
    );
    let flags = [
        "--log.level=debug",
        "--web.enable-lifecycle",
        "--config.auto-reload",
        "--config.auto-reload-interval=1s",
    ];
    let mut p = Process::start(dir.path(), &flags).await;
    for i in 0..14 {
        p.target(&format!("job{i}"), |t| t["health"] == "down")
            .await;
    }
    let targets = p.api("/api/v1/targets").await.to_string();
    assert!(
        targets.contains("token=public"),
        "what is no secret is shown"
    );
    let config = p.api("/api/v1/status/config").await.to_string();
    assert!(config.contains("<secret>"), "{config}");
    for path in [
        "/",
        "/targets",
        "/targets?health=down",
        "/metrics",
        "/-/healthy",
        "/-/ready",
        "/api/v1/targets",
        "/api/v1/targets?state=dropped",
        "/api/v1/targets/metadata",
        "/api/v1/metadata",
        "/api/v1/scrape_pools",
        "/api/v1/scrape_pools/config?scrapePool=job12",
        "/api/v1/targets/relabel_steps?scrapePool=job0&labels=%7B%7D",
        "/api/v1/status/config",
        "/api/v1/status/flags",
        "/api/v1/status/runtimeinfo",
        "/api/v1/status/buildinfo",
        "/api/v1/status/tsdb",
        "/no-such-page",
    ] {
        let (status, body) = p.get(path).await;
        assert!(
            status == 200 || path == "/no-such-page",
            "{path}: {status} {body}"
        );
        clean(path, &body);
    }
    for i in 0..14 {
        let path = format!("/api/v1/scrape_pools/config?scrapePool=job{i}");
        clean(&path, &p.get(&path).await.1);
    }

    // Mistakes beside secrets, and secrets that are themselves the mistake.
    let head = "scrape_configs:\n- job_name: a\n  ";
    for wrong in [
        format!("basic_auth: {{username: u, password: {MARK}, passwrd: x}}"),
        format!("basic_auth: {{username: u, password: [{MARK}]}}"),
        format!("authorization: {{credentials: {MARK}, credentials_file: x}}"),
        format!("bearer_token: {{a: {MARK}}}"),
        format!("oauth2: {{client_id: [], client_secret: {MARK}}}"),
        format!("proxy_url: 'http://u:{MARK}@[::bad/'"),
        format!("proxy_url: 'gopher://u:{MARK}@h/'"),
        format!("http_headers: {{Authorization: {{secrets: [{MARK}]}}}}"),
        format!("basic_auth: {{username: u, password: '{MARK}}}"),
        format!("basic_auth: {{username: u, password: \"{MARK}\\q\"}}"),
    ] {
        let text = format!("{head}{wrong}\n");
        std::fs::write(dir.path().join("prometheus.yml"), &text).expect("written");
        let (status, answer) = p.post("/-/reload").await;
        assert_eq!(status, 500, "{wrong}: {answer}");
        clean(&wrong, &answer);
        p.signal(Signal::HUP);
        for args in [
            &["check", "config", "prometheus.yml"][..],
            &["check", "config", "--output=json", "prometheus.yml"],
            &[
                "run",
                "--web.listen-address=127.0.0.1:0",
                "--storage.tsdb.path=x",
            ],
        ] {
            let out = run(dir.path(), args);
            assert_eq!(out.status.code(), Some(1), "{wrong}: {}", said(&out));
            clean(&wrong, &said(&out));
        }
    }

    // What only the client finds.
    let text = format!(
        "{head}tls_config: {{cert: x, key: {MARK}}}\n  static_configs: [{{targets: ['{}']}}]\n",
        target.address
    );
    std::fs::write(dir.path().join("prometheus.yml"), &text).expect("written");
    p.post("/-/reload").await;
    p.logged(&["level=ERROR", "scrape_job=a", "tls_config"])
        .await;
    clean("the targets", &p.get("/targets").await.1);
    p.stop().await;
    assert!(p.log().contains("reload failed"));
    clean("the log", &p.log());
}
