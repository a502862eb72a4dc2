//! Keys destroyed as the log orders (42 CFR 2.16, 2.19; rulebook ST-08). Applying an order again destroys nothing more, so
//! every start applies them all: no restored key table brings back what was destroyed.

use std::collections::BTreeSet;

use handoff_schemas::{EventId, Fact, PersonId, SealFacts};
use handoff_spine::commit::Entry;
use handoff_spine::service::ServiceError;
use handoff_spine::vault::{Destruction, Vault};

/// What one position orders destroyed. `same` says who else is the same human being.
pub fn orders(entry: &Entry, same: impl Fn(PersonId) -> BTreeSet<PersonId>) -> Vec<(EventId, Destruction)> {
    let mut orders = Vec::new();
    for event in &entry.commit.events {
        for fact in &event.facts {
            match fact {
                Fact::RecordExpunged { seal } => {
                    let each = same(seal.person).into_iter().flat_map(|person| destructions(seal, person));
                    orders.extend(each.map(|what| (event.id, what)));
                }
                Fact::ErasureOrdered { person, unit, categories } => {
                    let what = Destruction::of_person(*person).from_unit(unit.clone());
                    orders.push((event.id, what.categories(categories.iter().copied())));
                }
                _ => {}
            }
        }
    }
    orders
}

/// # Errors
/// HO-4003 where the keys cannot be destroyed: policy stops rather than go on with keys that must be gone.
pub async fn carry_out(vault: &Vault, orders: Vec<(EventId, Destruction)>) -> Result<(), ServiceError> {
    for (order, what) in orders {
        vault.destroy(order, &what).await.map_err(|e| ServiceError::Stop {
            code: "HO-4003",
            message: format!("keys that the log orders destroyed are still there: {e}"),
        })?;
    }
    Ok(())
}

fn destructions(seal: &SealFacts, person: PersonId) -> Vec<Destruction> {
    let whole =
        || Destruction::of_person(person).from_unit(seal.unit.clone()).categories(seal.categories.iter().copied());
    if seal.records.is_empty() {
        // Without a category either it would name all there is: no such seal is taken, and none is carried out.
        return if seal.categories.is_empty() { Vec::new() } else { vec![whole()] };
    }
    seal.records.iter().map(|record| whole().in_record(*record)).collect()
}

#[cfg(test)]
mod tests {
    use handoff_schemas::{Category, RecordId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_expungement_destroys_what_it_names_and_no_more() {
        let (person, record) = (PersonId(Uuid::from_u128(1)), |n| RecordId(Uuid::from_u128(n)));
        let seal = |records: &[u128], categories: &[Category]| SealFacts {
            seal: record(9),
            person,
            unit: handoff_schemas::UnitId::operator(),
            records: records.iter().map(|n| record(*n)).collect(),
            categories: categories.to_vec(),
        };
        let of_unit = || Destruction::of_person(person).from_unit(handoff_schemas::UnitId::operator());
        let report = [Category::LeReport];
        assert_eq!(destructions(&seal(&[], &report), person), [of_unit().categories(report)]);
        assert_eq!(
            destructions(&seal(&[2, 3], &[]), person),
            [of_unit().in_record(record(2)), of_unit().in_record(record(3))]
        );
        assert_eq!(destructions(&seal(&[], &[]), person), []);
    }
}
