//! Labels of targets against labels of samples, and relabeling of samples.

use super::case::{Case, case, cycle, text};

pub(super) fn table() -> Vec<Case> {
    let mut all = honor();
    all.extend(relabel());
    all
}

const COLLIDING: &str = "x{instance=\"theirs\",job=\"other\",n=\"1\"} 1\nx{exported_job=\"e\",job=\"j\"} 2\nx{instance=\"\",n=\"2\"} 3\nx{job=\"\",exported_instance=\"\"} 4\n";

fn honor() -> Vec<Case> {
    vec![
        case("honor-off", "§8.3, case 80", "", |_| text(COLLIDING))
            .shows(&[("x{exported_exported_job=\"j\",exported_job=\"e\"}", "2 …")]),
        case("honor-on", "§8.3, case 80", "honor_labels: true", |_| {
            text(COLLIDING)
        })
        .shows(&[("x{instance=\"theirs\",job=\"other\",n=\"1\"}", "1 …")]),
        case("honor-blank", "§8.3", "honor_labels: true", |_| {
            text("x{instance=\"\"} 1\nx{job=\"\",a=\"\"} 2\n")
        }),
        case(
            "exported-chain",
            "§8.3, §10, case 81",
            "static_configs: [{targets: ['$HOST'], labels: {case: exported-chain, foo: '0', exported_exported_foo: '1', exported_exported_exported_foo: '2'}}]",
            |_| text("x{foo=\"3\",exported_foo=\"4\",exported_exported_exported_foo=\"5\"} 1\n"),
        ).differs("upstream loses a target label exported_x from its report series when there is a target label x").shows(&[("up{exported_exported_exported_foo=\"2\",exported_exported_foo=\"1\",foo=\"0\"}", "1 …"), ("x{exported_exported_exported_exported_exported_foo=\"5\",exported_exported_exported_exported_foo=\"3\",exported_exported_exported_foo=\"2\",exported_exported_foo=\"1\",exported_foo=\"4\",foo=\"0\"}", "1 …")]),
        case(
            "exported-taken",
            "§8.3, §10",
            "static_configs: [{targets: ['$HOST'], labels: {case: exported-taken, zone: z, exported_zone: y}}]",
            |_| text("x{zone=\"a\"} 1\nx{zone=\"a\",exported_zone=\"b\"} 2\nx{zone=\"z\"} 3\n"),
        ).differs("upstream loses a target label exported_x from its report series when there is a target label x").shows(&[("up{exported_zone=\"y\",zone=\"z\"}", "1 …")]),
        case(
            "report-labels",
            "§10",
            "honor_labels: true\nmetric_relabel_configs: [{regex: '.*', action: drop}]",
            |_| text("up 7\nscrape_samples_scraped 8\n"),
        )
        .shows(&[
            ("up", "1 …"),
            ("scrape_samples_post_metric_relabeling", "0 …"),
        ]),
        case("exposed-up", "§10", "", |_| text("up 7\nx 1\n")),
        case("reserved-labels", "§3", "", |_| {
            text("x{__meta=\"a\",__b__=\"c\"} 1\nx{__address__=\"d\"} 2\n")
        }),
    ]
}

const ANIMALS: &str = "# TYPE animals gauge\nanimals{kind=\"Cat\",size=\"small\"} 1\nanimals{kind=\"dog\",size=\"Big\"} 2\nplants{kind=\"TREE\"} 3\nplants 4\n";

fn relabel() -> Vec<Case> {
    vec![
        case(
            "mr-drop",
            "§4",
            "metric_relabel_configs: [{source_labels: [__name__], regex: 'anim.*', action: drop}]",
            |_| text(ANIMALS),
        )
        .lacks(&["animals{kind=\"Cat\",size=\"small\"}"]),
        case(
            "mr-keep",
            "§4",
            "metric_relabel_configs: [{source_labels: [__name__, kind], separator: '@', regex: 'animals@(dog|f)', action: keep}]",
            |_| text(ANIMALS),
        )
        .shows(&[("animals{kind=\"dog\",size=\"Big\"}", "2 …"), ("scrape_samples_scraped", "4 …")]),
        case(
            "mr-drop-all",
            "§4, case 95",
            "metric_relabel_configs: [{action: drop}]",
            |_| text(ANIMALS),
        ),
        case(
            "mr-replace",
            "§4, case 31",
            "metric_relabel_configs:\n- {source_labels: [kind], regex: '(.)(.*)', target_label: kind2, replacement: '$2-${1}-$$-$3'}\n- {source_labels: [size], regex: 'B(ig)', target_label: '${1}_label', replacement: 'x'}\n- {target_label: constant, replacement: 'c'}\n- {source_labels: [kind], regex: 'Cat', target_label: size, replacement: ''}",
            |_| text(ANIMALS),
        ),
        case(
            "mr-rename",
            "§4",
            "metric_relabel_configs: [{source_labels: [__name__], regex: '(animals|plants)', target_label: __name__, replacement: 'zoo_$1_total'}]",
            |_| text(ANIMALS),
        ),
        case(
            "mr-merge",
            "§8.2",
            "metric_relabel_configs: [{regex: 'kind|size', action: labeldrop}]",
            |_| text(ANIMALS),
        ),
        case(
            "mr-labelmap",
            "§4, case 35",
            "metric_relabel_configs: [{regex: '(ki|si)(.*)', action: labelmap, replacement: 'mapped_${2}_$1'}]",
            |_| text(ANIMALS),
        ),
        case(
            "mr-labelkeep",
            "§4",
            "metric_relabel_configs: [{regex: '__name__|case|job|kind', action: labelkeep}]",
            |_| text("a{kind=\"x\",size=\"1\"} 1\nb{size=\"1\"} 2\n"),
        ),
        case(
            "mr-hashmod",
            "§4, case 32",
            "metric_relabel_configs:\n- {source_labels: [kind, size], target_label: shard, modulus: 1000, action: hashmod}\n- {source_labels: [shard], regex: '.*[02468]', target_label: even, replacement: 'yes'}",
            |_| text(ANIMALS),
        ),
        case(
            "mr-case",
            "§4",
            "metric_relabel_configs:\n- {source_labels: [kind], target_label: low, action: lowercase}\n- {source_labels: [kind, size], target_label: up, action: uppercase}",
            |_| text("a{kind=\"ÄÖ straße\",size=\"ǅ\"} 1\na{kind=\"TrEe\"} 2\na{size=\"İ\"} 3\n"),
        ),
        case(
            "mr-equal",
            "§4, case 36",
            "metric_relabel_configs: [{source_labels: [a], target_label: b, action: dropequal}]",
            |_| text("x{a=\"1\",b=\"1\"} 1\nx{a=\"1\",b=\"2\"} 2\nx 3\nx{a=\"3\"} 4\n"),
        ),
        case(
            "mr-keepequal",
            "§4, case 36",
            "metric_relabel_configs: [{source_labels: [a], target_label: b, action: keepequal}]",
            |_| text("x{a=\"1\",b=\"1\"} 1\nx{a=\"1\",b=\"2\"} 2\nx 3\nx{a=\"3\"} 4\n"),
        ),
        case(
            "mr-sequence",
            "§4, case 37",
            "metric_relabel_configs:\n- {regex: kind, action: labeldrop}\n- {target_label: kind, replacement: 'new'}\n- {source_labels: [kind], regex: new, action: keep}\n- {source_labels: [size], regex: 'Big', target_label: __tmp_x, replacement: 't'}",
            |_| text(ANIMALS),
        ),
        case(
            "mr-no-name",
            "§8.2, case 83",
            "metric_relabel_configs: [{source_labels: [__name__], regex: 'second', target_label: __name__, replacement: ''}]",
            |_| text("first 1\nsecond 2\nthird 3\n"),
        )
        .shows(&[("up", "0 …")]),
        case(
            "mr-bad-name",
            "§4, case 84",
            "metric_relabel_configs: [{source_labels: [__name__], regex: 'second', target_label: __name__, replacement: 'not valid'}]",
            |_| text("first 1\nsecond 2\nthird 3\n"),
        )
        .differs_from_2("2.42 has no UTF-8 names and fails the scrape")
        .shows(&[("up", "1 …"), ("not valid", "2 …")]),
        case(
            "mr-newline",
            "§4, case 33",
            "metric_relabel_configs: [{source_labels: [a], regex: 'line1.*line2', target_label: hit, replacement: 'yes'}]",
            |_| text("x{a=\"line1\\nline2\"} 1\n"),
        )
        .differs_from_2("the dot of a rule matches a line break since 3.0")
        .shows(&[("x{a=\"line1\\nline2\",hit=\"yes\"}", "1 …")]),
        case(
            "mr-regex",
            "§4",
            "metric_relabel_configs:\n- {source_labels: [a], regex: '(?i)\\d+(?P<unit>k|m)b', target_label: unit, replacement: '$unit'}\n- {source_labels: [a], regex: '\\Qa.b\\E', target_label: literal, replacement: 'yes'}\n- {source_labels: [a], regex: '[[:alpha:]&&]{3}', target_label: posix, replacement: 'yes'}\n- {source_labels: [a], regex: '\\w+', target_label: word, replacement: 'yes'}",
            |_| text("x{a=\"10KB\"} 1\nx{a=\"a.b\"} 2\nx{a=\"acb\"} 3\nx{a=\"a&b\"} 4\nx{a=\"äöü\"} 5\nx{a=\"٣kb\"} 6\n"),
        ),
        case(
            "mr-flapping",
            "§9",
            "metric_relabel_configs: [{source_labels: [drop], regex: 'yes', action: drop}]",
            |a| cycle(a, &["x 1\ny{drop=\"yes\"} 1\n", "x{drop=\"yes\"} 1\ny 2\n", "z 3\n"]),
        ),
    ]
}
