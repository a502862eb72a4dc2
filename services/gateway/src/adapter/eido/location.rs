//! Locations: PIDF-LO by value. A location by reference is kept as a reference; the hub fetches nothing.

use serde_json::{Map, Value};

use super::document::{Document, Part};
use super::person::by_value;
use crate::adapter::Code;
use crate::adapter::pointer::put;
use crate::adapter::xml::Node;

/// Best first: the incident's own locations, then the calls', routing locations last, since they may be only a tower's.
pub fn all(document: &mut Document<'_>) -> Vec<Map<String, Value>> {
    let mut parts: Vec<(u8, Part<'_>)> = Vec::new();
    let (incident, calls) = (
        document.referred("incidentComponent", "locationReference"),
        document.referred("callComponent", "locationReference"),
    );
    for part in document.all("locationComponent") {
        let kind = part.text("locationTypeDescriptionRegistryText").unwrap_or_default();
        let valued = part.text("locationByValue").is_some();
        let rank = match (incident.contains(part.id()), calls.contains(part.id())) {
            (true, _) => 0,
            (_, true) if kind != "RoutingLocation" && valued => 1,
            (_, true) if kind != "RoutingLocation" => 2,
            (_, true) => 3,
            // A location only a unit or a person refers to is not where the incident is.
            _ => continue,
        };
        parts.push((rank, part));
    }
    parts.sort_by_key(|(rank, _)| *rank);
    parts.iter().filter_map(|(_, part)| one(document, part)).collect()
}

fn one(document: &mut Document<'_>, part: &Part<'_>) -> Option<Map<String, Value>> {
    let mut location = Map::new();
    let mut short = |name: &str, to: &str, max: usize| {
        if let Some(text) = part.text(name).filter(|t| t.chars().count() <= max) {
            put(&mut location, to, text.into());
        }
    };
    short("locationTypeDescriptionRegistryText", "/kind", 60);
    short("locationByReferenceUrl", "/reference", 500);
    short("locationDescriptionText", "/directions", 500);
    match part.text("locationByValue").map(by_value) {
        Some(Some(pidf)) => read(&pidf, &mut location),
        Some(None) => {
            let remedy = "send well-formed PIDF-LO; this value was left out";
            let pointer = format!("{}/locationByValue", part.pointer());
            document.finding(Code::EIDO_Q_BY_VALUE, &pointer, "XML carried by value", remedy);
        }
        None => {
            let remedy = "send the location by value too; the hub fetches nothing";
            document.finding(Code::EIDO_Q_LOCATION_BY_REFERENCE, &part.pointer(), "a location by value", remedy);
        }
    }
    (!location.is_empty()).then_some(location)
}

fn read(pidf: &Node, location: &mut Map<String, Value>) {
    if let Some(civic) = pidf.find("civicAddress") {
        // RFC 5139 and 6848: house number and suffix, then the street with its directions and kind.
        let parts = ["HNO", "HNS", "PRD", "RD", "STS", "POD"].iter().filter_map(|n| civic.text_of(n));
        let line = parts.collect::<Vec<_>>().join(" ");
        let unit = ["BLD", "FLR", "UNIT", "ROOM"].iter().filter_map(|n| civic.text_of(n)).collect::<Vec<_>>().join(" ");
        let code =
            |t: &&str| (2..=3).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let postal = |t: &&str| {
            (3..=12).contains(&t.len())
                && t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ' || b == b'-')
        };
        let fields = [
            (Some(line.as_str()).filter(|l| !l.is_empty()), "/address/line", 200),
            (Some(unit.as_str()).filter(|u| !u.is_empty()), "/address/unit", 60),
            (civic.text_of("A3"), "/address/city", 100),
            (civic.text_of("A2"), "/address/county", 100),
            (civic.text_of("A1").filter(code), "/address/state", 3),
            (civic.text_of("PC").filter(postal), "/address/postal_code", 12),
            (civic.text_of("country").filter(|c| c.len() >= 2), "/address/country", 60),
            (civic.text_of("NAM").or_else(|| civic.text_of("LOC")), "/place", 200),
        ];
        for (text, to, max) in fields {
            if let Some(text) = text.filter(|t| t.chars().count() <= max) {
                put(location, to, text.into());
            }
        }
    }
    let numbers = |name: &str| -> Vec<f64> {
        pidf.text_of(name).into_iter().flat_map(str::split_ascii_whitespace).map_while(|n| n.parse().ok()).collect()
    };
    if let [latitude, longitude, ..] = numbers("pos").as_slice()
        && (-90.0..=90.0).contains(latitude)
        && (-180.0..=180.0).contains(longitude)
    {
        put(location, "/latitude", (*latitude).into());
        put(location, "/longitude", (*longitude).into());
    }
    if let [radius, ..] = numbers("radius").as_slice()
        && (0.0..=100_000.0).contains(radius)
    {
        put(location, "/uncertainty_meters", (*radius).into());
    }
}
