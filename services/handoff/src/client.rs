//! A partner's side: its own credential, requests on `in.<operation>`, nothing else of the hub.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use data_encoding::BASE64;
use handoff_gateway::wire::{Ask, Format, Publish, PublishReply, Read, Reply, View};
use handoff_schemas::{RecipientKind, UnitId};
use handoff_spine::command::Refusal;
use serde::{Serialize, de::DeserializeOwned};

/// How long a partner waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A partner connected with its own credential.
#[derive(Clone, Debug)]
pub struct Partner {
    client: async_nats::Client,
    patience: Duration,
}

impl Partner {
    /// Connects with a `.creds` file.
    ///
    /// # Errors
    /// HO-9010 where the server refuses the credential or cannot be reached.
    pub async fn connect(url: &str, creds: &Path) -> Result<Self> {
        let options = async_nats::ConnectOptions::with_credentials_file(creds)
            .await
            .with_context(|| format!("HO-9010 the credential {} cannot be read", creds.display()))?
            .request_timeout(None);
        let client =
            options.connect(url).await.context("HO-9010 the hub refuses the credential or cannot be reached")?;
        Ok(Self { client, patience: PATIENCE })
    }

    /// Waits so long for each answer, at most; a request given up may still have been carried out.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Publishes a document as one of the partner's units.
    ///
    /// # Errors
    /// The transport's; the inner result is the hub's answer.
    pub async fn publish(
        &self,
        unit: &UnitId,
        format: Format,
        check: bool,
        document: &[u8],
    ) -> Result<Result<PublishReply, Refusal>> {
        let request = Publish { unit: unit.clone(), format, check, document: BASE64.encode(document) };
        self.ask("in.publish", &request).await
    }

    /// Reads one unit's own view.
    ///
    /// # Errors
    /// The transport's; the inner result is the hub's answer.
    pub async fn read(
        &self,
        unit: &UnitId,
        role: Option<RecipientKind>,
        user: &str,
        query: Ask,
    ) -> Result<Result<View, Refusal>> {
        self.ask("in.read", &Read { unit: unit.clone(), role, user: user.to_owned(), under: None, query }).await
    }

    /// Reads what an ask of this user opened.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_under(&self, ask: uuid::Uuid, unit: &UnitId, user: &str) -> Result<Result<View, Refusal>> {
        self.request(&under(ask, unit, user)).await
    }

    /// Reads as the request says.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn request(&self, read: &Read) -> Result<Result<View, Refusal>> {
        self.ask("in.read", read).await
    }

    /// The reply's bytes as they came, for whoever compares them.
    ///
    /// # Errors
    /// The transport's.
    pub async fn raw(&self, subject: &str, request: &impl Serialize) -> Result<Vec<u8>> {
        let body = serde_json::to_vec(request)?;
        let asked = self.client.request(subject.to_owned(), body.into());
        let reply = tokio::time::timeout(self.patience, asked).await.context("HO-9011 the hub did not answer")?;
        let reply = reply.context("HO-9011 the hub did not answer")?;
        Ok(reply.payload.to_vec())
    }

    async fn ask<T: DeserializeOwned>(&self, subject: &str, request: &impl Serialize) -> Result<Result<T, Refusal>> {
        let bytes = self.raw(subject, request).await?;
        let reply: Reply<T> = serde_json::from_slice(&bytes).context("HO-9011 the hub's answer cannot be read")?;
        Ok(reply.into())
    }
}

/// The request for all that an ask of this user opened.
#[must_use]
pub fn under(ask: uuid::Uuid, unit: &UnitId, user: &str) -> Read {
    Read { unit: unit.clone(), role: None, user: user.to_owned(), under: Some(ask), query: Ask::Since(0) }
}
