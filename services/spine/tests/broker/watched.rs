use std::path::Path;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, jetstream};
use handoff_spine::broker::{Broker, EVENTS, ServiceName};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

pub const PATIENCE: Duration = Duration::from_secs(20);

/// Returns once the server has taken everything this service's connection sent before, subscriptions included.
pub async fn settled(client: &Client) {
    jetstream::new(client.clone()).get_stream(EVENTS).await.unwrap();
}

/// A connection whose refusals can be waited for.
pub struct Watched {
    pub client: Client,
    events: UnboundedReceiver<Event>,
}

impl Watched {
    pub async fn service(broker: &Broker, service: ServiceName) -> Self {
        Self::connect(broker.url(), broker.options(service).await.unwrap()).await
    }

    pub async fn partner(broker: &Broker, creds: &Path) -> Self {
        let options = ConnectOptions::with_credentials_file(creds).await.unwrap();
        Self::connect(broker.url(), options.max_reconnects(1)).await
    }

    async fn connect(url: &str, options: ConnectOptions) -> Self {
        let (sender, events) = unbounded_channel();
        let options = options.event_callback(move |event| {
            let sender = sender.clone();
            async move {
                let _ = sender.send(event);
            }
        });
        Self { client: options.connect(url).await.unwrap(), events }
    }

    /// Publishes, and waits until the server says that this user may not.
    pub async fn is_refused_to_publish(&mut self, who: &str, subject: &str) {
        self.client.publish(subject.to_owned(), "canary".into()).await.unwrap();
        self.refusal(who, "publish", subject).await;
    }

    pub async fn is_refused_to_subscribe(&mut self, who: &str, subject: &str) {
        let _subscription = self.client.subscribe(subject.to_owned()).await.unwrap();
        self.refusal(who, "subscription", subject).await;
    }

    async fn refusal(&mut self, who: &str, verb: &str, subject: &str) {
        let quoted = format!("\"{subject}\"").to_lowercase();
        let wanted = |event: &Event| {
            let said = event.to_string().to_lowercase();
            said.contains("permissions violation") && said.contains(verb) && said.contains(&quoted)
        };
        self.until(&format!("{who} was not refused: {verb} {subject}"), wanted).await;
    }

    pub async fn until(&mut self, otherwise: &str, wanted: impl Fn(&Event) -> bool) {
        let found = tokio::time::timeout(PATIENCE, async {
            while let Some(event) = self.events.recv().await {
                if wanted(&event) {
                    return true;
                }
            }
            false
        });
        assert!(found.await.unwrap_or(false), "{otherwise}");
    }
}
