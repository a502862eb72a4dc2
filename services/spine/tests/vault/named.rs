use std::collections::HashSet;

use handoff_schemas::UnitId;
use handoff_spine::vault::{IdKind, Vault, VaultError};
use uuid::Uuid;

use super::event::partner;
use super::place::Place;

pub async fn named_keys_survive_a_restart(place: &Place) {
    let vault = place.vault().await;
    let log = vault.log_key().await.unwrap();
    let sealed = log.seal(b"ev.1.encounter.x", b"facts").unwrap();
    let id = Uuid::new_v4();
    let unit: UnitId = "city-ems".parse().unwrap();
    let (a, b) = (partner("clinic-a"), partner("clinic-b"));
    let known = |vault: Vault| {
        let (a, b, unit) = (a.clone(), b.clone(), unit.clone());
        async move {
            let ids = vault.id_key().await.unwrap();
            let (a, b) = (vault.partner_key(&a).await.unwrap(), vault.partner_key(&b).await.unwrap());
            let pairwise = [
                a.pairwise(IdKind::Person, id),
                b.pairwise(IdKind::Person, id),
                a.pairwise(IdKind::Record, id),
                ids.record_id(&unit, "PCR-1").0,
                ids.record_id(&unit, "PCR-2").0,
            ];
            let seed = *vault.signing_seed().await.unwrap().expose();
            (pairwise, a.blind_index("name", "ann"), b.blind_index("name", "ann"), ids.digest(b"x"), seed)
        }
    };
    let first = known(vault).await;
    let again = place.vault().await;
    let log = again.log_key().await.unwrap();
    assert_eq!(log.open(b"ev.1.encounter.x", &sealed).unwrap(), b"facts");
    assert_eq!(log.open(b"ev.2.encounter.x", &sealed).unwrap_err(), VaultError::Tampered);
    assert_eq!(log.open(b"ev.1.encounter.x", &sealed[..20]).unwrap_err(), VaultError::Tampered);
    assert_eq!(known(again).await, first);
    assert_eq!(first.0.iter().collect::<HashSet<_>>().len(), 5, "A7: no two kinds or partners share an id");
    assert!(first.0.iter().all(|id| id.get_version_num() == 8));
    assert_ne!(first.1, first.2);
}

pub async fn one_years_accounting_can_be_destroyed(place: &Place) {
    let vault = place.vault().await;
    let key = vault.accounting_key(2026).await.unwrap();
    let row = key.seal(b"row 1", b"who got what").unwrap();
    assert_eq!(key.open(b"row 1", &row).unwrap(), b"who got what");
    assert_eq!(vault.accounting_key(2027).await.unwrap().open(b"row 1", &row).unwrap_err(), VaultError::Tampered);
    vault.destroy_accounting_key(2026).await.unwrap();
    assert_eq!(place.vault().await.accounting_key(2026).await.unwrap_err(), VaultError::Erased);
    vault.accounting_key(2027).await.unwrap();
}
