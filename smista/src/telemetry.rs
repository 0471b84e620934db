//! Spans for whoever follows a call through the system, exported as OTLP over HTTP where an endpoint is set. The only file
//! that knows how spans are exported; what makes them knows `tracing` alone.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use smista_queues::traceparent;
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// How long the receiver may take for one set of spans.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last spans may keep a process that stops.
pub const GOODBYE: Duration = Duration::from_secs(2);
/// Links of one span: as many as the largest batch has messages.
const MOST_LINKS: u32 = 256;

/// Why spans are not exported.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Only a receiver nearby is spoken to; it passes on what it gets, and holds the keys for that.
    #[error("otlp_endpoint is not an http:// address: put a collector beside smista and name that")]
    NotHttp,
    /// The address is no address.
    #[error("otlp_endpoint cannot be used")]
    Exporter(#[from] ExporterBuildError),
}

/// The export of this process's spans.
pub struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// To the OTLP receiver at `endpoint` (`http://collector:4318`), in the name of this installation. `runtime` sends,
    /// and must outlive the export.
    ///
    /// # Errors
    /// An endpoint that cannot be used. One that does not answer is an error of each sending, which is logged.
    pub fn begin(endpoint: &str, installation: &str, runtime: Handle) -> Result<Self, TelemetryError> {
        if !endpoint.starts_with("http://") {
            return Err(TelemetryError::NotHttp);
        }
        let client = HyperClient::with_default_connector(PATIENCE, None);
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(OnRuntime { client, runtime })
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()?;
        let named = Resource::builder()
            .with_service_name("smista")
            .with_attribute(KeyValue::new("service.namespace", installation.to_owned()));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_max_links_per_span(MOST_LINKS)
            .with_resource(named.build())
            .build();
        Ok(Self { provider })
    }

    /// What hears of spans: of our own only, never of those of the libraries beneath, which may quote what they carry.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("smista"))
            .with_location(false)
            .with_threads(false)
            .with_filter(Targets::new().with_target("smista", LevelFilter::INFO))
    }

    /// Sends what is left, if that takes no longer than [`GOODBYE`]. Blocks; not to be called on the runtime that sends.
    pub fn end(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(GOODBYE) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Sends from the exporter's own thread, which has no runtime.
#[derive(Debug)]
struct OnRuntime {
    client: HyperClient,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}

/// Makes a span part of the trace of whoever asked for its work. Answers its own context, where it is recorded.
pub(crate) fn enter_trace(span: &Span, callers: Option<&str>) -> Option<String> {
    if let Some(callers) = callers.and_then(context_of) {
        // Without an exporter there is nothing to enter.
        let _entered = span.set_parent(Context::new().with_remote_span_context(callers));
    }
    let context = span.context();
    let own = context.span().span_context().clone();
    own.is_valid()
        .then(|| format!("00-{}-{}-{:02x}", own.trace_id(), own.span_id(), own.trace_flags().to_u8()))
}

/// Links a batch's span to what caused each of its messages: it has many causes, so that none is its parent.
pub(crate) fn link(span: &Span, causes: &[&str]) {
    for cause in causes.iter().filter_map(|cause| context_of(cause)) {
        span.add_link(cause);
    }
}

fn context_of(text: &str) -> Option<SpanContext> {
    let valid = traceparent::valid(text)?;
    let mut fields = valid.split('-').skip(1);
    let trace = TraceId::from_hex(fields.next()?).ok()?;
    let span = SpanId::from_hex(fields.next()?).ok()?;
    let flags = u8::from_str_radix(fields.next()?, 16).ok()?;
    Some(SpanContext::new(trace, span, TraceFlags::new(flags), true, TraceState::NONE))
}
