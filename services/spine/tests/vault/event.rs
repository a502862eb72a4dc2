use handoff_schemas::{Category, EventId, PartnerId, PersonId, RecordId, UnitId};
use handoff_spine::vault::{Opener, Plain, SealedSlice, Vault, VaultError};
use uuid::Uuid;

/// One event with its slices, as a test knows it.
#[derive(Clone)]
pub struct Event {
    pub record: RecordId,
    pub person: Option<PersonId>,
    pub unit: UnitId,
    pub id: EventId,
    pub slices: Vec<(Category, Vec<u8>)>,
}

impl Event {
    pub fn new(unit: &str, person: Option<PersonId>, categories: &[Category]) -> Self {
        let slices = categories.iter().map(|c| (*c, format!("{{\"{c}\":\"canary-{unit}\"}}").into_bytes())).collect();
        let record = RecordId(Uuid::new_v4());
        Self { record, person, unit: unit.parse().unwrap(), id: EventId(Uuid::now_v7()), slices }
    }

    pub fn any() -> Self {
        Self::new("city-ems", Some(person()), &[Category::EmsClinical, Category::Location, Category::Contact])
    }

    pub async fn seal(&self, vault: &Vault) -> Vec<SealedSlice> {
        let slices: Vec<_> = self.slices.iter().map(|(c, b)| (*c, b.as_slice())).collect();
        vault.sealer().seal_event(self.record, self.person, &self.unit, self.id, &slices).await.unwrap()
    }

    pub async fn open(&self, opener: &Opener, sealed: &SealedSlice) -> Result<Plain, VaultError> {
        opener.open(self.record, self.person, &self.unit, self.id, sealed).await
    }

    #[track_caller]
    pub fn check(&self, opened: Vec<Result<Plain, VaultError>>) {
        assert_eq!(opened.len(), self.slices.len());
        for (opened, (_, content)) in opened.into_iter().zip(&self.slices) {
            assert!(opened.unwrap().expose() == content.as_slice());
        }
    }

    pub async fn opens(&self, vault: &Vault, sealed: &[SealedSlice]) {
        self.check(vault.opener().open_event(self.record, self.person, &self.unit, self.id, sealed).await);
    }

    pub async fn is_erased(&self, vault: &Vault, sealed: &[SealedSlice]) {
        for opened in vault.opener().open_event(self.record, self.person, &self.unit, self.id, sealed).await {
            assert_eq!(opened.unwrap_err(), VaultError::Erased);
        }
    }
}

pub fn person() -> PersonId {
    PersonId(Uuid::new_v4())
}

pub fn order() -> EventId {
    EventId(Uuid::now_v7())
}

pub fn partner(slug: &str) -> PartnerId {
    slug.parse().unwrap()
}
