//! Relabeling of targets, URLs, and several targets of one job.

use super::case::{Ask, Case, Reply, case, text};

/// What the target was asked, as labels.
fn echo(a: &Ask) -> Reply {
    text(format!(
        "asked{{url=\"{}\",timeout=\"{}\",encoding=\"{}\"}} 1\n",
        a.target.replace('\\', "\\\\").replace('"', "\\\""),
        a.header("x-prometheus-scrape-timeout-seconds"),
        a.header("accept-encoding"),
    ))
}

pub(super) fn table() -> Vec<Case> {
    vec![
        case("echo", "§7, case 52", "scrape_timeout: 750ms", echo).shows(&[(
            "asked{encoding=\"gzip\",timeout=\"0.75\",url=\"/c/echo\"}",
            "1 …",
        )]),
        case(
            "params",
            "§3, case 24",
            "params: {b: ['x y', 'ü&='], a: ['1'], 'k/ey': ['%2F+'], none: []}",
            echo,
        ),
        case(
            "param-label",
            "§3, case 24",
            "params: {abc: [foo, bar, baz], xyz: [hoo]}\nstatic_configs: [{targets: ['$HOST'], labels: {case: param-label, __param_cde: huu}}]\nrelabel_configs: [{target_label: __param_abc, replacement: overwrite}]",
            echo,
        ),
        case(
            "param-beats",
            "§3, case 25",
            "params: {module: [config]}\nstatic_configs: [{targets: ['$HOST'], labels: {case: param-beats, __param_module: target}}]",
            echo,
        )
        .differs_from_2("a parameter that the target brings beats the job's since 3.0")
        .shows(&[(
            "asked{encoding=\"gzip\",timeout=\"1\",url=\"/c/param-beats?module=target\"}",
            "1 …",
        )]),
        case(
            "path-escapes",
            "§3",
            "metrics_path: \"/c/path-escapes/a b/ü/%41?q=1#f;x\"",
            echo,
        ),
        case("path-no-slash", "§3", "metrics_path: c/path-no-slash", echo),
        case(
            "path-label",
            "§3",
            "metrics_path: /wrong\nrelabel_configs: [{source_labels: [case], target_label: __metrics_path__, replacement: '/c/$1'}]",
            echo,
        ),
        case(
            "scheme-label",
            "§3",
            "scheme: https\nrelabel_configs: [{target_label: __scheme__, replacement: http}]",
            echo,
        ),
        case(
            "instance-label",
            "§3",
            "static_configs: [{targets: ['$HOST'], labels: {case: instance-label, instance: mine, job: ours}}]",
            |_| text("x{job=\"a\",instance=\"b\"} 1\n"),
        )
        .shows(&[("up{instance=\"mine\",job=\"ours\"}", "1 …")]),
        case(
            "address-label",
            "§3, case 22",
            "static_configs: [{targets: ['nowhere'], labels: {case: address-label, real: '$HOST'}}]\nrelabel_configs:\n- {source_labels: [__address__], target_label: __param_target}\n- {source_labels: [__param_target], target_label: instance}\n- {source_labels: [real], target_label: __address__}",
            echo,
        ),
        case(
            "target-drop",
            "§3, §4",
            "static_configs: [{targets: ['$HOST', '127.0.0.1:1', '127.0.0.1:2'], labels: {case: target-drop}}]\nrelabel_configs: [{source_labels: [__address__], regex: '.*:[12]', action: drop}]",
            echo,
        )
        .lacks(&["up{instance=\"127.0.0.1:1\"}"]),
        case(
            "target-hashmod",
            "§4",
            "static_configs: [{targets: ['$HOST/a', '$HOST/b', '$HOST/c', '$HOST/d', '$HOST/e'], labels: {case: target-hashmod}}]\nrelabel_configs:\n- {source_labels: [__address__], regex: '.*/(.)', target_label: member}\n- {source_labels: [member], target_label: __tmp_hash, modulus: 2, action: hashmod}\n- {source_labels: [__tmp_hash], regex: '1', action: keep}\n- {target_label: __address__, replacement: '$HOST'}\n- {source_labels: [member], target_label: __param_member}",
            echo,
        ),
        case(
            "target-labelmap",
            "§3, §4",
            "static_configs: [{targets: ['$HOST'], labels: {case: target-labelmap, __meta_my_a: '1', __meta_my_b: '2', __meta_other: '3'}}]\nrelabel_configs:\n- {regex: '__meta_(my_.*)', action: labelmap}\n- {regex: 'my_a', action: labeldrop}",
            |_| text("x{my_b=\"0\"} 1\n"),
        ),
        case(
            "target-twice",
            "§3, case 27",
            "static_configs:\n- {targets: ['$HOST', '$HOST'], labels: {case: target-twice}}\n- {targets: ['$HOST'], labels: {case: target-twice}}",
            |a| text(format!("requests {}\n", a.k)),
        )
        .shows(&[("requests", "0 1 2 3")]),
        case(
            "target-interval",
            "§3, §6",
            "relabel_configs:\n- {target_label: __scrape_interval__, replacement: 1500ms}\n- {target_label: __scrape_timeout__, replacement: 700ms}",
            echo,
        ),
        case(
            "target-bad",
            "§3, cases 21 and 23",
            "static_configs: [{targets: ['$HOST', 'bad:1', 'bad:2'], labels: {case: target-bad}}]\nrelabel_configs:\n- {source_labels: [__address__], regex: 'bad:1', target_label: __scrape_interval__, replacement: '0s'}\n- {source_labels: [__address__], regex: 'bad:2', target_label: __address__, replacement: ''}",
            echo,
        ),
        case(
            "target-scheme",
            "§7",
            "static_configs: [{targets: ['$HOST'], labels: {case: target-scheme, __scheme__: gopher}}]",
            echo,
        ),
        case(
            "refused",
            "§7",
            "static_configs: [{targets: ['127.0.0.1:1'], labels: {case: refused}}]",
            echo,
        )
        .shows(&[("up{instance=\"127.0.0.1:1\"}", "0 …")]),
    ]
}
