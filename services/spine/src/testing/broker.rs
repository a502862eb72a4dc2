use std::ops::Deref;
use std::path::Path;

use crate::broker::{Broker, Options, Result};

/// A broker on a data folder of its own, on a free port; both are gone when this is dropped.
#[derive(Debug)]
pub struct TestBroker {
    broker: Broker,
    // After the broker: the folder goes once nothing writes into it.
    data: tempfile::TempDir,
}

impl TestBroker {
    /// # Errors
    /// As [`Broker::start`].
    pub async fn start() -> Result<Self> {
        let data = tempfile::Builder::new()
            .prefix("handoff-broker-")
            .tempdir()
            .map_err(|source| crate::broker::BrokerError::Io { path: std::env::temp_dir(), source })?;
        let broker = Broker::start(Options::on(data.path())).await?;
        Ok(Self { broker, data })
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }
}

impl Deref for TestBroker {
    type Target = Broker;
    fn deref(&self) -> &Broker {
        &self.broker
    }
}
