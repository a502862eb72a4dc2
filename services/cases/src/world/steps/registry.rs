use std::collections::BTreeMap;

use handoff_schemas::{HipaaStatus, OrgType, Part2Status, PartnerId, RecipientKind, UnitId};
use handoff_spine::command::RecordRef;
use serde_json::{Value, json};

use super::Act;
use crate::format::{Agreement, AgreementMove, Documents, Hook, Hub, PartnerMove, Unit};
use crate::found::Found;
use crate::world::{World, agreement};

impl World {
    /// Registers units and their agencies, or registers them again with another status; what is not said of a unit stays
    /// as it is, or is as usual for its kind.
    ///
    /// # Errors
    /// A unit without a kind, or a name that is no id.
    pub fn units(&mut self, units: &BTreeMap<String, Unit>) -> Result<Found, String> {
        let mut last = Found::accepted();
        for (name, unit) in units {
            if let Some(kind) = &unit.0.outside {
                self.names.outside.insert(name.clone(), kind.clone());
                continue;
            }
            last = self.unit(name, unit)?;
            if last.refusal.is_some() {
                return Ok(last);
            }
        }
        Ok(last)
    }

    fn unit(&mut self, name: &str, unit: &Unit) -> Result<Found, String> {
        let u = &unit.0;
        let id: UnitId = name.parse().map_err(|e| format!("unit `{name}`: {e}"))?;
        let before = self.directory.get(&id);
        let known = before.as_deref();
        let kind = u.kind.or_else(|| known.and_then(|k| k.roles.first().copied()));
        let kind = kind.ok_or_else(|| format!("unit `{name}` has no kind: write `{name}: BHC`, or `outside`"))?;
        let partner =
            u.partner.clone().or_else(|| known.map(|k| k.partner.to_string())).unwrap_or_else(|| name.to_owned());
        let partner_id: PartnerId = partner.parse().map_err(|e| format!("partner `{partner}`: {e}"))?;
        if !self.directory.has_partner(&partner_id) {
            let org_type = u.org_type.unwrap_or_else(|| usual_org(kind));
            let data = json!({ "partner": partner, "name": partner, "org_type": org_type });
            let registered = self.operator(&format!("partner:{partner}"), "partner.partner-registered.v1", data)?;
            if registered.refusal.is_some() {
                return Ok(registered);
            }
            let data = json!({ "partner": partner });
            let activated = self.operator(&format!("partner:{partner}"), "partner.partner-activated.v1", data)?;
            if activated.refusal.is_some() {
                return Ok(activated);
            }
        }
        let roles: Vec<RecipientKind> = match known {
            Some(k) if u.kind.is_none() && u.also.is_empty() => k.roles.clone(),
            _ => std::iter::once(kind).chain(u.also.iter().copied()).collect(),
        };
        let hipaa = u.hipaa.or_else(|| known.map(|k| k.hipaa)).unwrap_or_else(|| usual_hipaa(kind));
        let part2 = u.part2.or_else(|| known.map(|k| k.part2)).unwrap_or_else(|| usual_part2(kind));
        let jurisdiction = u.jurisdiction.clone().or_else(|| known.map(|k| k.jurisdiction.clone()));
        let further_law = match known {
            Some(k) if u.further_law.is_empty() => &k.further_law,
            _ => &u.further_law,
        };
        let mut data = json!({
            "unit": name,
            "partner": partner,
            "name": u.name.clone().or_else(|| known.map(|k| k.name.clone())).unwrap_or_else(|| name.to_owned()),
            "hipaa": hipaa,
            "part2": part2,
            "cjis": u.cjis,
            "victim_services": kind == RecipientKind::Vsp,
            "roles": roles,
            "jurisdiction": jurisdiction.as_deref().unwrap_or(&self.place),
            "sud_only_facility": u.sud_only,
        });
        if let Some(leaves) = data.as_object_mut().filter(|_| !further_law.is_empty()) {
            leaves.insert("further_law".to_owned(), json!(further_law));
        }
        self.operator(&format!("unit:{name}"), "unit.unit-registered.v1", data)
    }

    /// An agreement, drafted, signed by all and activated, as far as its `status` says.
    ///
    /// # Errors
    /// A document that is not there, a unit that the case does not introduce.
    pub fn agreement(&mut self, a: &Agreement, documents: &Documents) -> Result<Found, String> {
        let document = match (&a.file, &a.toml) {
            (Some(file), _) => documents.get(file).cloned().ok_or_else(|| format!("there is no document `{file}`"))?,
            (None, Some(toml)) => toml.clone(),
            (None, None) => {
                for unit in agreement::parties(a).keys() {
                    self.unit_id(unit)?;
                }
                let id = a.id.clone().unwrap_or_else(|| self.names.fresh("agreement"));
                let roles = |unit: &str| {
                    let known = unit.parse::<UnitId>().ok().and_then(|id| self.directory.get(&id));
                    known.map(|u| u.roles.clone()).unwrap_or_default()
                };
                agreement::document(a, &id, &self.bundle, &roles)
            }
        };
        let named: Option<toml::Table> = document.parse().ok();
        let text = |name: &str| named.as_ref().and_then(|t| t.get(name)).and_then(|v| v.as_str()).map(str::to_owned);
        let id = text("id").or_else(|| a.id.clone()).unwrap_or_default();
        let version = named.as_ref().and_then(|t| t.get("version")).and_then(toml::Value::as_integer).unwrap_or(1);
        let version = u32::try_from(version).unwrap_or(1);
        let signers = signers(named.as_ref());
        let record = format!("agreement:{id}");
        let first = if version > 1 { "agreement.agreement-amended.v1" } else { "agreement.agreement-drafted.v1" };
        self.names.agreements.insert(id.clone(), version);
        let mut steps = vec![(first, json!({ "agreement": id, "version": version, "document": document }))];
        let status = a.status.as_deref().unwrap_or("active");
        if !matches!(status, "draft" | "signed" | "active") {
            return Err(format!("agreement `{id}`: status is draft, signed or active; later steps change it"));
        }
        if status != "draft" {
            let sign = |party: &String| json!({ "agreement": id, "version": version, "party": party });
            steps.extend(signers.iter().map(|party| ("agreement.agreement-signed.v1", sign(party))));
        }
        if status == "active" {
            steps.push(("agreement.agreement-activated.v1", json!({ "agreement": id, "version": version })));
        }
        for (event_type, data) in steps {
            let found = self.operator(&record, event_type, data)?;
            if found.refusal.is_some() {
                return Ok(found);
            }
        }
        Ok(Found::accepted())
    }

    /// # Errors
    /// An agreement that the case does not introduce, or no such status.
    pub fn agreement_status(&mut self, m: &AgreementMove) -> Result<Found, String> {
        let drafted = self.names.agreements.get(&m.id).copied();
        let drafted = drafted.ok_or_else(|| format!("no agreement of the case has the id `{}`", m.id))?;
        let mut data = json!({ "agreement": m.id, "version": m.version.unwrap_or(drafted) });
        let event_type = match m.to.as_str() {
            "suspended" => "agreement.agreement-suspended.v1",
            "reinstated" => "agreement.agreement-reinstated.v1",
            "terminated" => "agreement.agreement-terminated.v1",
            "expired" => "agreement.agreement-expired.v1",
            "activated" => "agreement.agreement-activated.v1",
            other => return Err(format!("`{other}`: use suspended, reinstated, terminated, expired or activated")),
        };
        if let Some(map) = data.as_object_mut() {
            if m.to != "expired" {
                map.insert("by".to_owned(), json!("County Attorney"));
            }
            if m.to == "suspended" {
                map.insert("reason".to_owned(), json!("review"));
            }
        }
        self.operator(&format!("agreement:{}", m.id), event_type, data)
    }

    /// # Errors
    /// A partner that the case does not introduce, or no such status.
    pub fn partner_status(&mut self, m: &PartnerMove) -> Result<Found, String> {
        let partner: PartnerId = m.partner.parse().map_err(|e| format!("partner `{}`: {e}", m.partner))?;
        if !self.directory.has_partner(&partner) {
            return Err(format!("no unit of the case belongs to a partner `{partner}`"));
        }
        let (event_type, data) = match m.to.as_str() {
            "suspended" => ("partner.partner-suspended.v1", json!({ "partner": partner, "reason": "review" })),
            "activated" => ("partner.partner-activated.v1", json!({ "partner": partner })),
            "offboarded" => ("partner.partner-offboarded.v1", json!({ "partner": partner })),
            other => return Err(format!("`{other}`: use suspended, activated or offboarded")),
        };
        self.operator(&format!("partner:{partner}"), event_type, data)
    }

    /// The operator declares what it is by law.
    ///
    /// # Errors
    /// A word that is no value of the event type.
    pub fn hub(&mut self, hub: &Hub) -> Result<Found, String> {
        let h = &hub.0;
        let mut data = json!({ "role": h.role, "org_type": h.org_type, "keys_with_program": h.keys_with_program });
        if let Some(map) = data.as_object_mut().filter(|_| h.counsel_override) {
            map.insert("counsel_override".to_owned(), json!({ "by": "Counsel", "reason": "on record" }));
        }
        self.operator("operator:hub-operator", "partner.operator-declared.v1", data)
    }

    /// Somebody reviews a hook of state law. Whom nobody reviewed stands in the law as it is.
    ///
    /// # Errors
    /// A review that is taken back by nobody.
    pub fn hook(&mut self, h: &Hook) -> Result<Found, String> {
        let Some(by) = &h.reviewed_by else {
            return if h.withdrawn {
                Err("say who takes it back: `reviewed_by`".to_owned())
            } else {
                Ok(Found::accepted())
            };
        };
        let own = self.own_hooks.get(&h.hook).cloned();
        let mut data = json!({ "reviewed_by": by, "hook": own.as_ref().unwrap_or(&h.hook) });
        if let Some(map) = data.as_object_mut() {
            let said = |name: &str, value: Option<Value>| value.map(|value| (name.to_owned(), value));
            let value = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
            let parameter = |(name, v): (&String, &Value)| json!({ "name": name, "value": value(v) });
            let parameters: Vec<Value> = h.parameters.iter().map(parameter).collect();
            // What the case's own hook states, its law says already.
            let of_law = own.is_none();
            map.extend(said("jurisdiction", h.jurisdiction.as_ref().filter(|_| of_law).map(|j| json!(j))));
            map.extend(said("parameters", (of_law && !parameters.is_empty()).then(|| json!(parameters))));
            map.extend(said("agreement", h.agreement.as_ref().map(|a| json!(a))));
            map.extend(said("reviewed_on", h.reviewed_on.map(|day| json!(day))));
            map.extend(said("withdrawn", h.withdrawn.then(|| json!(true))));
        }
        let record = match &h.agreement {
            Some(agreement) => format!("agreement:{agreement}"),
            None => format!("hook:{}:{}", h.jurisdiction.as_deref().unwrap_or_default(), h.hook),
        };
        self.operator(&record, "agreement.hook-enabled.v1", data)
    }

    /// A command of the hub's operator on one of the registry's records.
    pub(super) fn operator(&mut self, record: &str, event_type: &str, data: Value) -> Result<Found, String> {
        let act = Act {
            unit: UnitId::operator(),
            key: self.names.fresh("registry"),
            record: RecordRef::Key(record.to_owned()),
            event_type,
            about: None,
            other: None,
            asserted: None,
            data: data.as_object().cloned().unwrap_or_default(),
        };
        self.act(act).map(|(found, _)| found)
    }
}

fn signers(document: Option<&toml::Table>) -> Vec<String> {
    let parties = document.and_then(|t| t.get("party")).and_then(toml::Value::as_array);
    let unit = |party: &toml::Value| party.get("unit").and_then(toml::Value::as_str).map(str::to_owned);
    parties.into_iter().flatten().filter_map(unit).collect()
}

const fn usual_org(kind: RecipientKind) -> OrgType {
    match kind {
        RecipientKind::Le => OrgType::LawEnforcement,
        RecipientKind::Psap => OrgType::EmergencyCommunications,
        RecipientKind::Ems => OrgType::FireEms,
        RecipientKind::Bhc => OrgType::BehavioralHealth,
        RecipientKind::P2p => OrgType::SubstanceUseProgram,
        RecipientKind::Hosp => OrgType::Hospital,
        RecipientKind::Cmp | RecipientKind::Cbo => OrgType::CommunityService,
        RecipientKind::Cj => OrgType::Justice,
        RecipientKind::Vsp => OrgType::VictimService,
        RecipientKind::L988 => OrgType::CrisisLine,
        RecipientKind::Eval => OrgType::Evaluator,
    }
}

const fn usual_hipaa(kind: RecipientKind) -> HipaaStatus {
    match kind {
        RecipientKind::Ems
        | RecipientKind::Bhc
        | RecipientKind::P2p
        | RecipientKind::Hosp
        | RecipientKind::Cmp
        | RecipientKind::L988 => HipaaStatus::CoveredProvider,
        _ => HipaaStatus::None,
    }
}

const fn usual_part2(kind: RecipientKind) -> Part2Status {
    match kind {
        RecipientKind::P2p => Part2Status::Yes,
        _ => Part2Status::No,
    }
}
