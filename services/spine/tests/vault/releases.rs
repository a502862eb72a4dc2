use handoff_schemas::{Category, PartnerId, ReleaseId};
use handoff_spine::vault::{Destruction, ReleaseKeyScope, SealedSlice, Vault, VaultError};
use uuid::Uuid;

use super::event::{Event, order, partner};
use super::place::Place;

pub struct Released {
    event: Event,
    slice: SealedSlice,
    release: ReleaseId,
    clinic: PartnerId,
}

impl Released {
    async fn prepare(vault: &Vault) -> Self {
        let event = Event::any();
        let slice = event.seal(vault).await.remove(0);
        Self { event, slice, release: ReleaseId(Uuid::new_v4()), clinic: partner("cedar-clinic") }
    }

    fn scope(&self) -> ReleaseKeyScope<'_> {
        ReleaseKeyScope {
            release: self.release,
            partner: &self.clinic,
            record: self.event.record,
            category: self.slice.category,
            key_version: self.slice.sealed.key_version,
        }
    }
}

pub async fn a_release_opens_for_its_partner_only(place: &Place) {
    let vault = place.vault().await;
    let released = Released::prepare(&vault).await;
    let scope = released.scope();
    let sealed = vault.opener().seal_release(&scope, b"projected").await.unwrap();
    let gateway = place.vault().await.release_opener();
    assert!(gateway.open_release(&scope, &sealed.sealed).await.unwrap().expose() == b"projected");
    assert_eq!(gateway.content_mac(&scope, b"projected").await.unwrap(), sealed.content_mac);
    assert_ne!(gateway.content_mac(&scope, b"Projected").await.unwrap(), sealed.content_mac);
    let police = partner("city-police");
    let wrong = [
        ReleaseKeyScope { partner: &police, ..scope },
        ReleaseKeyScope { release: ReleaseId(Uuid::new_v4()), ..scope },
        ReleaseKeyScope { category: Category::Location, ..scope },
    ];
    for scope in wrong {
        assert_eq!(gateway.open_release(&scope, &sealed.sealed).await.unwrap_err(), VaultError::Tampered);
        assert_ne!(gateway.content_mac(&scope, b"projected").await.unwrap(), sealed.content_mac, "A7: no join by MAC");
    }
    assert_eq!(gateway.open_release(&scope, &released.slice.sealed).await.unwrap_err(), VaultError::Tampered);
}

pub async fn a_release_dies_with_its_data_key(place: &Place) {
    let vault = place.vault().await;
    let released = Released::prepare(&vault).await;
    let sealed = vault.opener().seal_release(&released.scope(), b"projected").await.unwrap();
    vault.destroy(order(), &Destruction::of_person(released.event.person.unwrap())).await.unwrap();
    for vault in [&vault, &place.vault().await] {
        let opened = vault.release_opener().open_release(&released.scope(), &sealed.sealed).await;
        assert_eq!(opened.unwrap_err(), VaultError::Erased);
        let again = vault.opener().seal_release(&released.scope(), b"projected").await;
        assert_eq!(again.unwrap_err(), VaultError::Erased);
    }
}

pub async fn a_release_dies_with_its_partner(place: &Place) {
    let vault = place.vault().await;
    let released = Released::prepare(&vault).await;
    let sealed = vault.opener().seal_release(&released.scope(), b"projected").await.unwrap();
    vault.destroy_partner_key(&released.clinic).await.unwrap();
    let opened = vault.release_opener().open_release(&released.scope(), &sealed.sealed).await;
    assert_eq!(opened.unwrap_err(), VaultError::Erased);
    assert_eq!(place.vault().await.partner_key(&released.clinic).await.unwrap_err(), VaultError::Erased);
    released.event.open(&vault.opener(), &released.slice).await.unwrap();
}
