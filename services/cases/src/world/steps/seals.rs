use handoff_spine::command::RecordRef;
use handoff_spine::scenario::record_id;
use serde_json::{Map, json};

use super::Act;
use crate::format::{SealStep, shown};
use crate::found::Found;
use crate::world::World;
use crate::world::names::Named;

impl World {
    /// A seal, or an expungement; its recall is the event of the case `<id>/recall`.
    ///
    /// # Errors
    /// A name that the case does not introduce.
    pub fn seal(&mut self, s: &SealStep, expunged: bool) -> Result<Found, String> {
        let unit = self.unit_id(&s.by)?;
        let id = s.id.clone().unwrap_or_else(|| self.names.fresh("seal"));
        let record = match &s.on {
            Some(seal) => self.record_of(seal, &unit)?,
            None => RecordRef::Key(id.clone()),
        };
        let keys = s.records.iter().map(|event| self.named_event(event).map(|named| named.key.clone()));
        let keys: Vec<String> = keys.collect::<Result<_, _>>()?;
        let mut data = Map::new();
        data.insert("cause".to_owned(), json!(s.cause.as_deref().unwrap_or("statute")));
        let said = [("unit", &s.from), ("order", &s.order), ("recall", &s.recall)];
        let said = said.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))));
        data.extend(said);
        let lists = [("records", json!(keys)), ("categories", json!(s.categories))];
        let lists = lists.into_iter().filter(|(_, list)| !list.as_array().is_some_and(Vec::is_empty));
        data.extend(lists.map(|(name, list)| (name.to_owned(), list)));
        let act = Act {
            unit: unit.clone(),
            key: id.clone(),
            record: record.clone(),
            event_type: if expunged { "privacy.record-expunged.v1" } else { "privacy.record-sealed.v1" },
            about: Some(&s.of),
            other: None,
            asserted: Some(shown(self.at)),
            data,
        };
        let (found, mut places) = self.act(act)?;
        let (record, key) = match record {
            RecordRef::Key(key) => (record_id(&unit, &key), key),
            RecordRef::Id(record) => (record, String::new()),
        };
        let recall = places.split_off(places.len().min(1));
        for (id, places) in [(id.clone(), places), (format!("{id}/recall"), recall)] {
            let named = Named { record, unit: unit.clone(), key: key.clone(), places };
            self.names.events.insert(id, named);
        }
        Ok(found)
    }
}
