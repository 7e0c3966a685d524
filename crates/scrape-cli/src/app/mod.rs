//! The running program: what `run` builds out of the other crates, and the loop over everything that can
//! happen to it.

mod config_source;
mod descriptors;
mod host;
pub(crate) mod lifecycle;
mod process_metrics;
mod reload;
pub(crate) mod settings;
mod store_keeper;
mod store_metrics;
mod views;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use config_source::ConfigSource;
use reload::Reloader;
use scrape_config::LoadedConfig;
use scrape_core::ports::clock::SystemClock;
use scrape_core::registry::Registry;
use scrape_discovery::Mechanisms;
use scrape_engine::{HttpFetcherFactory, Manager, ManagerOptions, ManagerParts};
use scrape_storage::Store;
use scrape_web::{Gate, ServerLimits, WebOptions, WebState};
use settings::Settings;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store_keeper::StoreKeeper;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The configuration in force.
pub(crate) type CurrentConfig = Arc<ArcSwap<LoadedConfig>>;

/// Everything that runs.
pub(crate) struct App {
    settings: Settings,
    store: Store,
    keeper: StoreKeeper,
    discovery: Arc<scrape_discovery::Manager>,
    engine: Manager,
    engine_task: JoinHandle<()>,
    reloader: Arc<Reloader>,
    web: WebState,
    web_task: JoinHandle<()>,
    web_stop: CancellationToken,
    reload_requests: mpsc::Receiver<scrape_web::ReloadRequest>,
    quit: CancellationToken,
}

impl App {
    /// Builds everything and starts it. An error here ends the process, and says which file, address or
    /// directory is at fault.
    pub(crate) async fn start(settings: Settings) -> Result<Self> {
        descriptors::raise_limit();
        for warning in &settings.warnings {
            tracing::warn!("{warning}");
        }
        let (listeners, addresses) = listen(&settings.listen).await?;
        let address = addresses[0];
        let options = web_options(&settings, address)?;
        let gate = Gate::default();
        let web_stop = CancellationToken::new();
        let web_task = tokio::spawn(scrape_web::serve(
            listeners,
            gate.router(&options.route_prefix),
            ServerLimits::default(),
            web_stop.clone(),
        ));
        let source = ConfigSource::find(&settings, address);
        let (checksum, loaded) = tokio::task::spawn_blocking({
            let (source, settings) = (source.clone(), settings.clone());
            move || {
                // Taken before the files are read: a change in between is seen as one.
                let checksum = settings.auto_reload.and_then(|_| reload::checksum(&source));
                let loaded = source.load(&settings, std::io::stderr().is_terminal());
                loaded.map(|loaded| (checksum, loaded))
            }
        })
        .await
        .context("loading the configuration was interrupted")??;
        source.announce(&loaded);
        let store = open_store(&settings).await?;

        let registry = Registry::new(Arc::new(SystemClock));
        process_metrics::register(&registry);
        store_metrics::register(&registry, &store);
        let keeper =
            StoreKeeper::start(store.clone()).context("starting the store's maintenance")?;
        let (discovery, targets) = discovery(&registry)?;
        let engine = engine(&settings, &store, &registry)?;
        let engine_task = tokio::spawn({
            let engine = engine.clone();
            async move { engine.run(targets).await }
        });

        let current: CurrentConfig = Arc::new(ArcSwap::from_pointee(loaded));
        let reloader = Arc::new(Reloader::new(
            source,
            settings.clone(),
            current.clone(),
            engine.clone(),
            discovery.clone(),
            checksum,
            &registry,
        )?);
        let quit = CancellationToken::new();
        let (reload_tx, reload_requests) = mpsc::channel(1);
        let web = WebState::new(
            options,
            Arc::new(engine.clone()),
            Arc::new(views::Status::new(
                &settings,
                current,
                store.clone(),
                reloader.clone(),
            )),
            registry,
            reload_tx,
            quit.clone(),
        );
        // Before the first scrape, which may be one of ourselves.
        gate.open(scrape_web::router(web.clone())?);
        reloader.apply_first().await;
        web.set_ready(true);
        for address in addresses {
            tracing::info!(%address, "listening");
        }
        lifecycle::announce_targets(engine.clone());
        Ok(Self {
            settings,
            store,
            keeper,
            discovery,
            engine,
            engine_task,
            reloader,
            web,
            web_task,
            web_stop,
            reload_requests,
            quit,
        })
    }
}

/// Binds every address. Also gives those that came of it: the system chooses for port 0.
async fn listen(wanted: &[SocketAddr]) -> Result<(Vec<TcpListener>, Vec<SocketAddr>)> {
    let (mut listeners, mut addresses) = (Vec::new(), Vec::new());
    for address in wanted {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let bound = listener
            .local_addr()
            .context("reading the address of the listener")?;
        tracing::debug!(address = %bound, "bound; only health is answered until the log has been read");
        addresses.push(bound);
        listeners.push(listener);
    }
    Ok((listeners, addresses))
}

async fn open_store(settings: &Settings) -> Result<Store> {
    let (path, options) = (settings.storage_path.clone(), settings.store.clone());
    let shown = path.display().to_string();
    let store = tokio::task::spawn_blocking(move || Store::open(path, options))
        .await
        .context("opening the store was interrupted")?
        .with_context(|| format!("cannot open the store in {shown}"))?;
    let stats = store.stats();
    tracing::info!(
        path = shown,
        series = stats.series,
        replayed_samples = stats.replay.samples + stats.replay.histograms,
        segments = stats.replay.segments,
        took = ?Duration::from_nanos(stats.replay.nanos),
        "store open"
    );
    if stats.replay.corruptions > 0 {
        tracing::warn!(
            corruptions = stats.replay.corruptions,
            quarantined_bytes = stats.replay.quarantined_bytes,
            "the log was damaged; the damaged bytes were put aside under scraper/quarantine and the rest was read"
        );
    }
    Ok(store)
}

fn discovery(
    registry: &Registry,
) -> Result<(
    Arc<scrape_discovery::Manager>,
    scrape_discovery::TargetsReceiver,
)> {
    let mechanisms = Mechanisms::default();
    mechanisms.file.register(registry)?;
    let options = scrape_discovery::ManagerOptions::default();
    options.metrics.register(registry, "scrape");
    let (manager, targets) = scrape_discovery::Manager::new(Arc::new(mechanisms), options);
    Ok((Arc::new(manager), targets))
}

fn engine(settings: &Settings, store: &Store, registry: &Registry) -> Result<Manager> {
    let options = ManagerOptions {
        host_name: host::fqdn().to_owned(),
        ..settings.manager.clone()
    };
    let parts = ManagerParts {
        appendable: Arc::new(store.clone()),
        clock: Arc::new(SystemClock),
        fetchers: Arc::new(HttpFetcherFactory::default()),
        registry: registry.clone(),
        options,
    };
    Manager::try_new(parts).context("registering the scrape manager's metrics")
}

fn web_options(settings: &Settings, address: SocketAddr) -> Result<WebOptions> {
    let external = match &settings.external_url {
        Some(url) => url.clone(),
        None => format!("http://{}:{}", host::hostname(), address.port()),
    };
    let external_url = scrape_web::ExternalUrl::parse(&external).context("--web.external-url")?;
    Ok(WebOptions {
        route_prefix: external_url.path().to_owned(),
        external_url,
        listen_port: address.port(),
        enable_lifecycle: settings.lifecycle,
    })
}
