//! Discovery from files, and what a changed file or configuration does in the middle of the run.

use super::case::{Case, case, text};
use anyhow::Result;
use std::path::Path;

pub(super) fn table() -> Vec<Case> {
    vec![
        case(
            "sd-groups",
            "discovery: files",
            "file_sd_configs: [{files: ['$DIR/sd-groups-*.json', '$DIR/sd-groups.yml']}]",
            |a| text(format!("x{{url=\"{}\",zone=\"exposed\"}} 1\n", a.target)),
        ),
        case(
            "sd-filepath",
            "discovery: files",
            "file_sd_configs: [{files: ['$DIR/sd-filepath.json']}]\nrelabel_configs: [{source_labels: [__meta_filepath], regex: '.*/([^/]*)', target_label: file}]",
            |_| text("x 1\n"),
        )
        .shows(&[("x{file=\"sd-filepath.json\"}", "1 …")]),
        case(
            "sd-removed",
            "§11, case 97",
            "file_sd_configs: [{files: ['$DIR/sd-removed.json'], refresh_interval: 5s}]",
            |_| text("x 1\ny 2\n"),
        )
        .collapsed()
        .shows(&[("x", "1 NaN"), ("up", "1 NaN"), ("scrape_samples_scraped", "2 NaN")]),
        case(
            "sd-replaced",
            "§11",
            "file_sd_configs: [{files: ['$DIR/sd-replaced.json'], refresh_interval: 5s}]",
            |_| text("x 1\n"),
        )
        .collapsed()
        .shows(&[("x{version=\"1\"}", "1 NaN"), ("x{version=\"2\"}", "1")]),
        case("job-removed", "§11, 14-B2", "", |_| text("x 1\n"))
            .collapsed()
            .differs("a job that is removed gets its stale markers, which upstream forgets")
            .shows(&[("x", "1 NaN"), ("up", "1 NaN")]),
        case("job-changed", "§5", "", |_| text("x 1\n"))
            .collapsed()
            .shows(&[("x", "1 NaN"), ("x{added=\"yes\"}", "1"), ("up", "1")]),
        case("job-limits", "§5, case 45", "", |_| text("x 1\ny 1\n")).collapsed(),
    ]
}

/// The job in the configuration: unchanged, changed, or gone after the change in the middle of the run.
pub(super) fn after_reload(name: &str, job: String, late: bool) -> Option<String> {
    match name {
        _ if !late => Some(job),
        "job-removed" => None,
        "job-changed" => Some(format!(
            "{job}  metric_relabel_configs: [{{target_label: added, replacement: 'yes'}}]\n"
        )),
        "job-limits" => Some(format!("{job}  sample_limit: 100\n")),
        _ => Some(job),
    }
}

/// Writes the files that the jobs name.
pub(super) fn write(dir: &Path, host: &str, late: bool) -> Result<()> {
    let put = |name: &str, text: String| -> Result<()> {
        // Renamed into place: nobody reads half a file.
        let draft = dir.join(format!("{name}.draft"));
        std::fs::write(&draft, text)?;
        std::fs::rename(draft, dir.join(name))?;
        Ok(())
    };
    if !late {
        put("token", "  from-file\n".to_owned())?;
        put(
            "sd-groups-a.json",
            format!(
                "[{{\"targets\": [\"{host}\"], \"labels\": {{\"case\": \"sd-groups\", \"zone\": \"a\", \"__metrics_path__\": \"/c/sd-groups/a\"}}}}, {{\"targets\": [\"{host}\"], \"labels\": {{\"case\": \"sd-groups\", \"zone\": \"b\", \"instance\": \"b\", \"__metrics_path__\": \"/c/sd-groups/b\"}}}}]"
            ),
        )?;
        put(
            "sd-groups.yml",
            format!(
                "- targets: ['{host}']\n  labels: {{case: sd-groups, instance: c, __param_p: c}}\n- targets: []\n"
            ),
        )?;
        put(
            "sd-filepath.json",
            format!("[{{\"targets\": [\"{host}\"], \"labels\": {{\"case\": \"sd-filepath\"}}}}]"),
        )?;
    }
    put(
        "sd-removed.json",
        if late {
            "[]".to_owned()
        } else {
            format!("[{{\"targets\": [\"{host}\"], \"labels\": {{\"case\": \"sd-removed\"}}}}]")
        },
    )?;
    let version = if late { 2 } else { 1 };
    put(
        "sd-replaced.json",
        format!(
            "[{{\"targets\": [\"{host}\"], \"labels\": {{\"case\": \"sd-replaced\", \"version\": \"{version}\"}}}}]"
        ),
    )
}
