//! What `GET /metrics` tells Prometheus.

use std::collections::HashMap;
use std::time::Duration;

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, TextEncoder,
};

use crate::method::Registry;

/// From a fifth of a millisecond to ten seconds.
const BUCKETS: &[f64] = &[0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// The label of requests that reach no method.
const NONE: &str = "none";

/// The server's counters.
pub(super) struct Metrics {
    registry: prometheus::Registry,
    by_method: HashMap<&'static str, OfMethod>,
    in_flight: IntGauge,
}

struct OfMethod {
    /// By the hundreds of the status: 2xx, 4xx, 5xx.
    requests: [IntCounter; 3],
    seconds: Histogram,
}

impl Metrics {
    pub fn new(methods: &Registry) -> prometheus::Result<Self> {
        let registry = prometheus::Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("dotdesk_requests_total", "Requests by method and class of status."),
            &["method", "status"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new("dotdesk_request_seconds", "Time from the request's head to the answer.")
                .buckets(BUCKETS.to_vec()),
            &["method"],
        )?;
        let in_flight = IntGauge::new("dotdesk_requests_in_flight", "Requests that are being worked on.")?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(in_flight.clone()))?;
        let names = methods.methods().iter().map(|method| method.name()).chain([NONE]);
        let by_method = names
            .map(|name| {
                let of = OfMethod {
                    requests: ["2xx", "4xx", "5xx"].map(|class| requests.with_label_values(&[name, class])),
                    seconds: seconds.with_label_values(&[name]),
                };
                (name, of)
            })
            .collect();
        Ok(Self { registry, by_method, in_flight })
    }

    /// Counts a request as being worked on until what this returns is dropped, as it is too when the client hangs up.
    pub fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// How many requests are being worked on.
    pub fn in_flight(&self) -> i64 {
        self.in_flight.get()
    }

    /// Counts an answer.
    pub fn count(&self, method: Option<&'static str>, status: u16, took: Duration) {
        let Some(of) = self.by_method.get(method.unwrap_or(NONE)) else { return };
        let [fine, refused, failed] = &of.requests;
        match status {
            0..400 => fine.inc(),
            400..500 => refused.inc(),
            _ => failed.inc(),
        }
        of.seconds.observe(took.as_secs_f64());
    }

    /// Everything, in the text format of Prometheus.
    pub fn text(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// A request that is being worked on.
pub(super) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
