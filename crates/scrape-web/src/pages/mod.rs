//! Two pages for people without a tool at hand: how the server is, and how its targets are. Rendered here,
//! without scripts.

mod html;

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};

use crate::params::Params;
use crate::reply::blocking;
use crate::state::WebState;
use crate::time::rfc3339;
use crate::view::{Health, PoolView, TargetView};
use html::{Escaped, Link, page};

/// Rows of the target table; whoever has more filters, or asks the API.
const MAX_ROWS: usize = 2000;

pub(crate) async fn overview(State(state): State<WebState>) -> Response {
    render(move || {
        let (build, run) = (state.status.build(), state.status.runtime());
        let reload = if run.reload_config_success {
            "succeeded"
        } else {
            "failed"
        };
        let rows = [
            (
                "State",
                if state.is_ready() {
                    "ready".to_owned()
                } else {
                    "starting".to_owned()
                },
            ),
            ("Version", build.version),
            ("Started", rfc3339(run.start_time_ns)),
            (
                "Configuration loaded",
                run.last_config_time_ns
                    .map_or_else(|| "never".to_owned(), rfc3339),
            ),
            ("Last reload", reload.to_owned()),
            ("Storage retention", run.storage_retention),
        ];
        let mut body = String::from("<table>");
        for (name, value) in rows {
            write!(body, "<tr><th>{name}</th><td>{}</td></tr>", Escaped(&value))?;
        }
        body.push_str("</table><h2>Jobs</h2><table><tr><th>Job</th><th>Up</th><th>Down</th>");
        body.push_str("<th>Unknown</th><th>Dropped</th></tr>");
        for pool in state.engine.pools() {
            let count = |health| {
                pool.active
                    .iter()
                    .filter(|t| t.status().health == health)
                    .count()
            };
            write!(
                body,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                Escaped(&pool.name),
                count(Health::Up),
                count(Health::Down),
                count(Health::Unknown),
                pool.dropped_count
            )?;
        }
        body.push_str("</table>");
        Ok(page("scrape-cli", state.options.external_url.path(), &body))
    })
    .await
}

pub(crate) async fn targets(State(state): State<WebState>, params: Params) -> Response {
    let only = params.first("scrapePool").to_owned();
    let health = params.first("health").to_lowercase();
    render(move || {
        let prefix = state.options.external_url.path();
        let pools = state.engine.pools();
        let mut body = String::new();
        filter_form(&mut body, prefix, &pools, &only, &health)?;
        let (mut rows, mut hidden) = (0, 0);
        for pool in pools.iter().filter(|p| only.is_empty() || *p.name == *only) {
            let wanted = |t: &&Arc<dyn TargetView>| {
                health.is_empty() || t.status().health.as_str() == health
            };
            let up = pool
                .active
                .iter()
                .filter(|t| t.status().health == Health::Up)
                .count();
            write!(
                body,
                "<h2>{} ({up}/{} up)</h2>",
                Escaped(&pool.name),
                pool.active.len()
            )?;
            body.push_str(
                "<table><tr><th>Endpoint</th><th>State</th><th>Labels</th><th>Last scrape</th>",
            );
            body.push_str("<th>Took</th><th>Reason</th><th>Error</th></tr>");
            for target in pool.active.iter().filter(wanted) {
                if rows == MAX_ROWS {
                    hidden += 1;
                    continue;
                }
                rows += 1;
                row(&mut body, &state, &**target)?;
            }
            body.push_str("</table>");
        }
        if hidden > 0 {
            let api = format!("{prefix}/api/v1/targets");
            write!(
                body,
                "<p>{hidden} more targets are not shown: filter them, or ask {}.</p>",
                Escaped(&api)
            )?;
        }
        Ok(page("Targets", prefix, &body))
    })
    .await
}

fn row(body: &mut String, state: &WebState, target: &dyn TargetView) -> std::fmt::Result {
    let status = target.status();
    let health = status.health.as_str();
    let url = state
        .options
        .external_url
        .global_url(&target.url(), state.options.listen_port);
    let reason = match status.last_error_position {
        Some(at) => format!("{} at {}:{}", status.last_error_reason, at.line, at.column),
        None => status.last_error_reason.to_owned(),
    };
    write!(
        body,
        "<tr><td>{}</td><td class=\"{health}\">{health}</td><td class=\"l\">{}</td><td>{}</td>\
         <td>{:.3} s</td><td>{}</td><td class=\"error\">{}</td></tr>",
        Link(&url),
        Escaped(&target.labels().to_string()),
        status
            .last_scrape_ns
            .map_or_else(|| "never".to_owned(), rfc3339),
        status.last_scrape_duration.as_secs_f64(),
        Escaped(&reason),
        Escaped(&status.last_error)
    )
}

fn filter_form(
    body: &mut String,
    prefix: &str,
    pools: &[PoolView],
    only: &str,
    health: &str,
) -> std::fmt::Result {
    let option = |body: &mut String, value: &str, text: &str, chosen: bool| {
        let selected = if chosen { " selected" } else { "" };
        write!(
            body,
            "<option value=\"{}\"{selected}>{}</option>",
            Escaped(value),
            Escaped(text)
        )
    };
    write!(
        body,
        "<form method=\"get\" action=\"{}/targets\"><select name=\"scrapePool\">",
        Escaped(prefix)
    )?;
    option(body, "", "all jobs", only.is_empty())?;
    for pool in pools {
        option(body, &pool.name, &pool.name, *pool.name == *only)?;
    }
    body.push_str("</select> <select name=\"health\">");
    for (value, text) in [
        ("", "any state"),
        ("up", "up"),
        ("down", "down"),
        ("unknown", "unknown"),
    ] {
        option(body, value, text, value == health)?;
    }
    body.push_str("</select> <button>Filter</button></form>");
    Ok(())
}

/// Writing to a string does not fail; should it ever, the answer is an error and no half page.
async fn render(
    write: impl FnOnce() -> Result<String, std::fmt::Error> + Send + 'static,
) -> Response {
    match blocking(write).await {
        Ok(Ok(page)) => Html(page).into_response(),
        Ok(Err(_)) => http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(error) => error.into_response(),
    }
}
