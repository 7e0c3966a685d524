use scrape_parse::names::ValidationScheme::Utf8;

use super::*;
use crate::relabel::{RelabelConfig, Rule};

fn config() -> TargetConfig {
    TargetConfig {
        job_name: "job".into(),
        interval: PromDuration::from_secs(1),
        timeout: PromDuration::from_secs(1),
        ..TargetConfig::default()
    }
}

fn with_rules(yaml: &str) -> TargetConfig {
    let configs: Vec<RelabelConfig> = serde_yaml::from_str(yaml).expect(yaml);
    TargetConfig {
        relabel: configs
            .iter()
            .map(|c| Rule::compile(c, Utf8).expect(yaml))
            .collect(),
        ..config()
    }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied())
}

fn build(config: &TargetConfig, targets: &[&[(&str, &str)]]) -> Built {
    let targets: Vec<Labels> = targets.iter().map(|t| labels(t)).collect();
    build_targets(
        config,
        [Group {
            source: "s/0",
            labels: &Labels::empty(),
            targets: &targets,
        }],
    )
}

#[track_caller]
fn one(config: &TargetConfig, target: &[(&str, &str)]) -> Target {
    let mut built = build(config, &[target]);
    assert_eq!((built.n_dropped, &*built.failures), (0, &[][..]));
    built.targets.pop().expect("a target")
}

#[track_caller]
fn failure(config: &TargetConfig, target: &[(&str, &str)]) -> String {
    let built = build(config, &[target]);
    assert_eq!(
        (built.targets.len(), built.n_dropped, built.failures.len()),
        (0, 0, 1)
    );
    built.failures[0].to_string()
}

const DEFAULTS: [(&str, &str); 3] = [
    (names::CONVERT_TO_NHCB, "false"),
    (names::ALWAYS_CLASSIC, "false"),
    (names::NATIVE_HISTOGRAMS, "false"),
];

#[test]
fn case_017_labels_are_completed_step_by_step() {
    let config = TargetConfig {
        scheme: "https".into(),
        ..config()
    };
    let t = one(
        &config,
        &[
            ("__address__", "1.2.3.4:1000"),
            ("custom", "value"),
            ("__meta_x", "y"),
        ],
    );
    let common = [
        ("__address__", "1.2.3.4:1000"),
        ("__metrics_path__", "/metrics"),
        ("__scheme__", "https"),
        ("__scrape_interval__", "1s"),
        ("__scrape_timeout__", "1s"),
        ("custom", "value"),
        ("job", "job"),
    ];
    let pairs =
        |own: &[(&'static str, &'static str)]| labels(&[&common[..], &DEFAULTS, own].concat());
    assert_eq!(*t.labels(), pairs(&[("instance", "1.2.3.4:1000")]));
    assert_eq!(*t.discovered_labels(), pairs(&[("__meta_x", "y")]));
    assert_eq!(
        *t.public_labels(),
        labels(&[
            ("custom", "value"),
            ("instance", "1.2.3.4:1000"),
            ("job", "job")
        ])
    );
    assert_eq!(t.url(), "https://1.2.3.4:1000/metrics");
    assert_eq!(
        (t.interval(), t.timeout()),
        (Duration::from_secs(1), Duration::from_secs(1))
    );
}

#[test]
fn case_018_ports_are_left_alone_unless_asked_for() {
    let new = TargetConfig {
        scheme: "https".into(),
        ..config()
    };
    let old = TargetConfig {
        append_default_port: true,
        ..new.clone()
    };
    for (address, completed) in [
        ("1.2.3.4", "1.2.3.4:443"),
        ("[::1]", "[::1]:443"),
        ("h:1", "h:1"),
        ("[::1]:80", "[::1]:80"),
        ("::1", "::1"),
    ] {
        for (config, want) in [(&new, address), (&old, completed)] {
            let t = one(config, &[("__address__", address)]);
            assert_eq!(
                (
                    t.labels().value("__address__"),
                    t.labels().value("instance")
                ),
                (want, want)
            );
        }
    }
    assert_eq!(
        one(
            &TargetConfig {
                scheme: "http".into(),
                ..old.clone()
            },
            &[("__address__", "h")]
        )
        .url(),
        "http://h:80/metrics"
    );
    assert!(
        failure(
            &TargetConfig {
                scheme: "ftp".into(),
                ..old
            },
            &[("__address__", "h")]
        )
        .contains("invalid scheme \"ftp\"")
    );
}

#[test]
fn case_019_what_a_target_says_wins_over_the_job() {
    let t = one(
        &config(),
        &[
            ("__address__", "h:1"),
            ("job", "other"),
            ("instance", "me"),
            ("__scheme__", "https"),
            ("__metrics_path__", "/x"),
            ("__scrape_interval__", "1m"),
            ("__scrape_timeout__", "20s"),
            ("__scrape_native_histograms__", "T"),
        ],
    );
    assert_eq!(
        *t.public_labels(),
        labels(&[("instance", "me"), ("job", "other")])
    );
    assert_eq!(t.url(), "https://h:1/x");
    assert_eq!(
        (t.interval(), t.timeout()),
        (Duration::from_secs(60), Duration::from_secs(20))
    );
    assert_eq!(
        t.histograms(),
        HistogramSwitches {
            native: true,
            ..HistogramSwitches::default()
        }
    );
}

#[test]
fn case_020_a_group_label_does_not_override_the_target() {
    let targets = [labels(&[("__address__", "h:1"), ("a", "target")])];
    let group = labels(&[("a", "group"), ("b", "group"), ("job", "group")]);
    let built = build_targets(
        &config(),
        [Group {
            source: "s",
            labels: &group,
            targets: &targets,
        }],
    );
    let want = labels(&[
        ("a", "target"),
        ("b", "group"),
        ("instance", "h:1"),
        ("job", "group"),
    ]);
    assert_eq!(*built.targets[0].public_labels(), want);
}

#[test]
fn case_021_a_target_without_address_fails_alone() {
    let built = build(
        &config(),
        &[
            &[("__address__", "a:1")],
            &[("x", "y")],
            &[("__address__", "b:1")],
        ],
    );
    assert_eq!(
        built.targets.iter().map(Target::url).collect::<Vec<_>>(),
        ["http://a:1/metrics", "http://b:1/metrics"]
    );
    assert_eq!(
        built.failures[0].to_string(),
        "target 1 of group \"s/0\": no address"
    );
    for rule in [
        "[{action: labelkeep, regex: foo}]",
        "[{action: labeldrop, regex: __address__}]",
    ] {
        assert!(
            failure(&with_rules(rule), &[("__address__", "a:1"), ("foo", "x")])
                .ends_with("no address")
        );
    }
    let t = one(&config(), &[("__unix_socket__", "/run/x.sock")]);
    assert_eq!(
        (t.url(), t.unix_socket()),
        ("http://localhost/metrics", Some("/run/x.sock"))
    );
    assert_eq!(*t.public_labels(), labels(&[("job", "job")]));
}

#[test]
fn case_022_relabeling_may_supply_the_address() {
    let config = with_rules(
        "[{target_label: __address__, replacement: 'h:7'}, {source_labels: [__meta_x], target_label: x}]",
    );
    let t = one(&config, &[("__meta_x", "1")]);
    assert_eq!(
        *t.public_labels(),
        labels(&[("instance", "h:7"), ("job", "job"), ("x", "1")])
    );
    assert_eq!(t.labels().get("__meta_x"), None);
    assert_eq!(t.discovered_labels().get("__address__"), None);
}

#[test]
fn case_023_labels_that_cannot_steer_a_scrape_fail_the_target() {
    let address = ("__address__", "h:1");
    for (label, value, part) in [
        (
            "__scrape_interval__",
            "0s",
            "__scrape_interval__: must not be 0",
        ),
        (
            "__scrape_interval__",
            "2notseconds",
            "__scrape_interval__: duration \"2notseconds\"",
        ),
        (
            "__scrape_timeout__",
            "0",
            "__scrape_timeout__: must not be 0",
        ),
        ("__scrape_timeout__", "-1s", "__scrape_timeout__: duration"),
        (
            "__scrape_timeout__",
            "2s",
            "timeout 2s is greater than scrape interval 1s",
        ),
        (
            "__convert_classic_histograms_to_nhcb__",
            "maybe",
            "\"maybe\" is neither true nor false",
        ),
        (
            "__always_scrape_classic_histograms__",
            "yes",
            "\"yes\" is neither",
        ),
        (
            "__scrape_native_histograms__",
            "TrUe",
            "\"TrUe\" is neither",
        ),
    ] {
        let said = failure(&config(), &[address, (label, value)]);
        assert!(said.contains(part), "{said}");
    }
    assert!(failure(&config(), &[("__address__", "http://h:1")]).contains("not a valid hostname"));
    assert!(
        failure(
            &with_rules("[{action: labeldrop, regex: __scrape_interval__}]"),
            &[address]
        )
        .contains("empty duration")
    );
    // Without the label the job decides.
    let mut config = with_rules("[{action: labeldrop, regex: '__.*histograms.*'}]");
    config.histograms.always_classic = true;
    assert!(one(&config, &[address]).histograms().always_classic);
}

#[test]
fn case_024_parameters_merge_into_a_sorted_query() {
    let mut config = config();
    config
        .params
        .insert("abc".into(), vec!["foo".into(), "bar".into(), "baz".into()]);
    config.params.insert("xyz".into(), vec!["hoo".into()]);
    config.params.insert("none".into(), vec![]);
    let t = one(
        &config,
        &[
            ("__address__", "h:1"),
            ("__param_abc", "overwrite"),
            ("__param_cde", "huu"),
        ],
    );
    assert_eq!(
        t.url(),
        "http://h:1/metrics?abc=overwrite&abc=bar&abc=baz&cde=huu&xyz=hoo"
    );
    assert_eq!(t.discovered_labels().value("__param_xyz"), "hoo");
}

#[test]
fn case_025_a_targets_parameter_beats_the_jobs() {
    let mut config = config();
    config.params.insert("param".into(), vec!["value2".into()]);
    let t = one(
        &config,
        &[("__address__", "h:1"), ("__param_param", "value1")],
    );
    assert_eq!(t.url(), "http://h:1/metrics?param=value1");
}

#[test]
fn case_024_urls_are_escaped_as_go_escapes_them() {
    for (path, want) in [
        ("/metrics", "/metrics"),
        ("metrics", "/metrics"),
        ("/a?b", "/a%3Fb"),
        ("/a b", "/a%20b"),
        ("/a%2Fb", "/a%252Fb"),
        ("/é", "/%C3%A9"),
        ("/a;b,c", "/a;b,c"),
        ("//x", "//x"),
        ("/a[b]", "/a%5Bb%5D"),
        ("/a@:b&=+$", "/a@:b&=+$"),
        ("/a!*()~_.-", "/a%21%2A%28%29~_.-"),
        ("*", "/*"),
        ("/a|b^c`{}\\\"<>'", "/a%7Cb%5Ec%60%7B%7D%5C%22%3C%3E%27"),
    ] {
        let t = one(
            &config(),
            &[("__address__", "h:1"), ("__metrics_path__", path)],
        );
        assert_eq!(t.url(), format!("http://h:1{want}"), "{path}");
    }
    for (host, want) in [
        ("[::1]:80", "[::1]:80"),
        ("[fe80::1%eth0]:1", "[fe80::1%25eth0]:1"),
        ("user@h", "user%40h"),
        ("h?x#y", "h%3Fx%23y"),
        ("é", "%C3%A9"),
        ("a_b~!$&'()*+,;=:", "a_b~!$&'()*+,;=:"),
    ] {
        assert_eq!(
            one(&config(), &[("__address__", host)]).url(),
            format!("http://{want}/metrics")
        );
    }
    let mut config = config();
    config
        .params
        .insert("a".into(), vec!["~*-._!'()".into(), "/?".into()]);
    config
        .params
        .insert("b".into(), vec!["1 2".into(), "é&=+".into()]);
    let query = "a=~%2A-._%21%27%28%29&a=%2F%3F&b=1+2&b=%C3%A9%26%3D%2B";
    assert_eq!(
        one(&config, &[("__address__", "h")]).url(),
        format!("http://h/metrics?{query}")
    );
    let bare = TargetConfig {
        metrics_path: String::new(),
        scheme: String::new(),
        ..self::config()
    };
    assert_eq!(one(&bare, &[("__address__", "h")]).url(), "//h");
}

#[test]
fn case_026_dropped_targets_are_counted_and_listed_up_to_the_limit() {
    let mut config = with_rules("[{source_labels: [__address__], action: keep, regex: c.*}]");
    let targets: [&[(&str, &str)]; 3] = [
        &[("__address__", "a:1")],
        &[("__address__", "b:1")],
        &[("__address__", "c:1")],
    ];
    let all = build(&config, &targets);
    assert_eq!(
        (all.targets.len(), all.dropped.len(), all.n_dropped),
        (1, 2, 2)
    );
    config.keep_dropped_targets = 1;
    let some = build(&config, &targets);
    assert_eq!((some.dropped.len(), some.n_dropped), (1, 2));
    assert_eq!(some.dropped[0].value("__address__"), "a:1");
    assert_eq!(some.dropped[0].value("job"), "job");
}

#[test]
fn a_target_without_public_labels_counts_as_dropped() {
    let config = with_rules("[{action: labeldrop, regex: job}]");
    let built = build(&config, &[&[("__unix_socket__", "/s")]]);
    assert_eq!(
        (built.targets.len(), built.n_dropped, built.failures.len()),
        (0, 1, 0)
    );
}

#[test]
fn case_027_identity_follows_labels_and_url_only() {
    let t = one(&config(), &[("__address__", "h:1")]);
    assert_eq!(
        t.hash(),
        one(&config(), &[("__address__", "h:1"), ("__meta_pod", "x")]).hash()
    );
    for other in [
        &[("__address__", "h:2")][..],
        &[("__address__", "h:1"), ("a", "1")],
        &[("__address__", "h:1"), ("__scrape_timeout__", "1ms")],
    ] {
        assert_ne!(t.hash(), one(&config(), other).hash());
    }
    // A second value of a parameter shows in the URL only.
    let mut params = config();
    params
        .params
        .insert("p".into(), vec!["1".into(), "2".into()]);
    let two = one(&params, &[("__address__", "h:1")]).hash();
    params
        .params
        .insert("p".into(), vec!["1".into(), "3".into()]);
    assert_ne!(two, one(&params, &[("__address__", "h:1")]).hash());
    assert_eq!(
        fnv1a_64(&[b"0000000000000007", b"x"]),
        fnv1a_64(&[format!("{:016}", 7).as_bytes(), b"x"])
    );
}

#[test]
fn case_027_identity_survives_a_restart() {
    // Another number would move every target to another slot on the next upgrade.
    assert_eq!(
        one(&config(), &[("__address__", "h:1")]).hash(),
        16_870_099_378_046_569_110
    );
}

#[test]
fn case_030_the_interval_may_be_relabeled() {
    let mut config = with_rules(
        "[{source_labels: [__scrape_interval__], regex: 2s, target_label: __scrape_interval__, replacement: 3s}]",
    );
    config.interval = PromDuration::from_secs(2);
    let t = one(&config, &[("__address__", "h:1")]);
    assert_eq!(t.interval(), Duration::from_secs(3));
    assert_eq!(t.discovered_labels().value("__scrape_interval__"), "2s");
}

#[test]
fn case_029_a_change_in_discovered_labels_only_keeps_the_loop() {
    let before = one(&config(), &[("__address__", "h:1"), ("__meta_pod", "a")]);
    let after = one(&config(), &[("__address__", "h:1"), ("__meta_pod", "b")]);
    let plan = crate::reconcile::reconcile([after.hash()], [before.hash()]);
    assert_eq!(
        (plan.start, plan.keep, plan.stop),
        (vec![], vec![0], vec![])
    );
    let mut running = before;
    running.set_discovered_labels(after.discovered_labels().clone());
    assert_eq!(running.discovered_labels().value("__meta_pod"), "b");
}
