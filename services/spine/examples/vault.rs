//! What sealing and key-making cost on this machine: `cargo run --release -p handoff-spine --example vault`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use handoff_schemas::{Category, EventId, PersonId, RecordId, UnitId};
use handoff_spine::store::Store;
use handoff_spine::vault::{KekFiles, Sealer, Vault};
use uuid::Uuid;

const CATEGORIES: [Category; 4] = [Category::EmsClinical, Category::Location, Category::Contact, Category::Cad];
const CONTENT: [u8; 300] = [b'x'; 300];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    // A URL measures PostgreSQL instead.
    let store = match std::env::args().nth(1) {
        Some(url) => Store::postgres(url, "handoff_bench"),
        None => Store::sqlite(dir.path().join("db")),
    };
    let vault = Vault::open(&store, Arc::new(KekFiles::new(dir.path()))).await?;
    let unit: UnitId = "city-ems".parse()?;

    let record = RecordId(Uuid::new_v4());
    let person = Some(PersonId(Uuid::new_v4()));
    seal(&vault.sealer(), record, person, &unit).await?;
    let rounds = 100_000u32;
    let started = Instant::now();
    for _ in 0..rounds {
        seal(&vault.sealer(), record, person, &unit).await?;
    }
    report("seal an event of 4 x 300 bytes, warm", rounds, started.elapsed());

    let slices = seal(&vault.sealer(), record, person, &unit).await?;
    let opener = vault.opener();
    let event = EventId(Uuid::nil());
    let started = Instant::now();
    for _ in 0..rounds {
        for opened in opener.open_event(record, person, &unit, event, &slices).await {
            opened?;
        }
    }
    report("open an event of 4 x 300 bytes, warm", rounds, started.elapsed());

    for clients in [1u32, 64, 1024] {
        let each = if clients == 1 { 200 } else { 20_000 / clients };
        let started = Instant::now();
        let tasks: Vec<_> = (0..clients)
            .map(|_| {
                let (sealer, unit) = (vault.sealer(), unit.clone());
                tokio::spawn(async move {
                    for _ in 0..each {
                        let person = Some(PersonId(Uuid::new_v4()));
                        seal(&sealer, RecordId(Uuid::new_v4()), person, &unit).await?;
                    }
                    Ok::<_, handoff_spine::vault::VaultError>(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        report(&format!("new record with 4 durable keys, {clients} clients"), clients * each, started.elapsed());
    }

    let started = Instant::now();
    let rewrapped = vault.rotate_kek().await?;
    report("rewrap a key", u32::try_from(rewrapped)?, started.elapsed());
    Ok(())
}

async fn seal(
    sealer: &Sealer,
    record: RecordId,
    person: Option<PersonId>,
    unit: &UnitId,
) -> Result<Vec<handoff_spine::vault::SealedSlice>, handoff_spine::vault::VaultError> {
    let slices = CATEGORIES.map(|category| (category, CONTENT.as_slice()));
    sealer.seal_event(record, person, unit, EventId(Uuid::nil()), &slices).await
}

fn report(what: &str, times: u32, took: Duration) {
    let each = took.as_secs_f64() / f64::from(times);
    println!("{what:<52} {:>9.1} us each {:>10.0} a second", each * 1e6, 1.0 / each);
}
