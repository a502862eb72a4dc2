use std::future::Future;
use std::vec;

use handoff_schemas::PartnerId;
use handoff_spine::release::{ciphertext_hash, leaf};
use handoff_spine::store::Store;
use handoff_spine::view::{StoredRow, View};

use super::rows::Derived;
use super::{Place, Report, What};
use crate::merkle::leaf_hash;

/// What partners' views hold, row by row, whoever keeps them.
pub trait ViewRows: Send {
    /// The next row; `Err` names a partner whose view cannot be read. None at the end.
    fn next(&mut self) -> impl Future<Output = Option<Result<StoredRow, PartnerId>>> + Send;
}

/// No views: the ledger alone.
#[derive(Clone, Copy, Debug)]
pub struct NoViews;

impl ViewRows for NoViews {
    async fn next(&mut self) -> Option<Result<StoredRow, PartnerId>> {
        None
    }
}

/// The views of these partners in a store, one partner in memory at a time.
#[derive(Debug)]
pub struct Views {
    store: Store,
    partners: vec::IntoIter<PartnerId>,
    rows: vec::IntoIter<StoredRow>,
}

impl Views {
    #[must_use]
    pub fn new(store: Store, partners: Vec<PartnerId>) -> Self {
        Self { store, partners: partners.into_iter(), rows: Vec::new().into_iter() }
    }
}

impl ViewRows for Views {
    async fn next(&mut self) -> Option<Result<StoredRow, PartnerId>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            let partner = self.partners.next()?;
            let rows = match View::open(&self.store, &partner).await {
                Ok(view) => view.all().await,
                Err(e) => Err(e),
            };
            match rows {
                Ok(rows) => self.rows = rows.into_iter(),
                Err(_) => return Some(Err(partner)),
            }
        }
    }
}

/// Every row of every view must be the leaf of its release.
pub(super) async fn compare(mut views: impl ViewRows, releases: &Derived, report: &mut Report) {
    while let Some(row) = views.next().await {
        let row = match row {
            Ok(row) => row,
            Err(partner) => {
                let place = Place::View { partner: partner.to_string(), release: None, part: "database" };
                report.add(What::Unreadable, place);
                continue;
            }
        };
        report.views += 1;
        let place = |part| Place::View { partner: row.partner.to_string(), release: Some(row.release), part };
        let Some(known) = releases.releases.get(&row.release) else {
            report.add(What::ViewWithoutLeaf, place("release"));
            continue;
        };
        if known.partner.as_ref().is_some_and(|partner| *partner != row.partner) {
            report.add(What::ViewWithoutLeaf, place("partner"));
        }
        let ciphertext = ciphertext_hash(&row.slices);
        if !row.has_terms {
            report.add(What::ViewAltered, place("terms"));
        }
        if !row.is_found {
            report.add(What::ViewAltered, place("index"));
        }
        if leaf_hash(&leaf(&row.ruling, &ciphertext)) != known.leaf {
            let sealed = known.ciphertext.is_none_or(|hash| hash == ciphertext);
            report.add(What::ViewAltered, place(if sealed { "ruling" } else { "slices" }));
        }
    }
}
