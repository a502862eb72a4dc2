//! The members of an EIDO that the hub maps: their types, and where they go. All others are left out.

/// The JSON type of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// RFC 3339.
    Time,
    Texts,
    Integer,
    /// `{ "$ref": … }`, the `$id` of another component.
    Reference,
    References,
    /// Checked where it is read.
    Any,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// One member of a component.
pub struct Member {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// JSON pointer in the event's data; empty where the member only links components or is read by hand.
    pub to: &'static str,
}

/// One kind of component.
pub struct Component {
    /// Its list at the root; `incidentComponent` is a single object.
    pub list: &'static str,
    pub members: &'static [Member],
}

const fn must(name: &'static str, kind: Kind, to: &'static str) -> Member {
    Member { name, kind, required: true, to }
}

const fn may(name: &'static str, kind: Kind, to: &'static str) -> Member {
    Member { name, kind, required: false, to }
}

const SEVERITY: Kind = Kind::Word(&["highest", "high", "normal", "low", "lowest"]);

/// On every component, and on the document itself.
pub const PROLOGUE: &[Member] = &[
    must("$id", Kind::Text, ""),
    must("lastUpdateTimeStamp", Kind::Time, ""),
    must("updatedByAgencyReference", Kind::Reference, ""),
    may("updatedByAgentReference", Kind::Reference, ""),
];

/// On the document. `lastUpdateTimeStamp` of the prologue goes to `/times/updated`.
pub const ROOT: &[Member] =
    &[must("eidoVersion", Kind::Text, ""), must("issuingElementIdentification", Kind::Text, "")];

/// The components that are mapped.
pub const COMPONENTS: &[Component] = &[
    Component {
        list: "incidentComponent",
        members: &[
            must("incidentTypeCommonRegistryText", Kind::Text, "/call/type"),
            may("incidentTypeInternalCode", Kind::Text, "/call/type_code"),
            may("incidentTypeInternalText", Kind::Text, "/call/type"),
            may("incidentStatusCommonRegistryText", Kind::Texts, "/call/status"),
            may("internalIncidentId", Kind::Text, "/incident_number"),
            may("incidentPriorityInternalText", Kind::Text, "/call/priority"),
            may("incidentCommonPriorityNumber", Kind::Integer, "/call/priority"),
            may("locationReference", Kind::References, "/location"),
            may("personReference", Kind::References, ""),
            may("agentReference", Kind::References, ""),
            may("notesReference", Kind::References, ""),
            may("dispositionComponent", Kind::Any, "/disposition/code"),
        ],
    },
    Component {
        list: "callComponent",
        members: &[
            must("callStateRegistryText", Kind::Text, "/call/call_state"),
            must("standardPrimaryCallType", Kind::Text, "/call/line"),
            must("direction", Kind::Word(&["incoming", "outgoing", "internal"]), ""),
            must("callStartTimestamp", Kind::Time, "/times/call_received"),
            may("answerDate", Kind::Time, "/times/call_answered"),
            may("priorityIdentifier", SEVERITY, "/call/priority"),
            may("callBackReference", Kind::Reference, ""),
            may("locationReference", Kind::References, "/location"),
            may("personReference", Kind::References, ""),
            may("agentReference", Kind::References, ""),
            may("additionalDataReference", Kind::References, ""),
            may("notesReference", Kind::References, ""),
        ],
    },
    Component {
        list: "callbackComponent",
        members: &[
            may("callBackInformationUri", Kind::Texts, "/callback"),
            may("deviceContactHeader", Kind::Text, "/callback"),
        ],
    },
    Component {
        list: "personComponent",
        members: &[
            must("personIncidentRoleRegistryText", Kind::Texts, "/role"),
            may("ncPersonComponent", Kind::Any, ""),
            may("callBackReference", Kind::Reference, ""),
            may("locationReference", Kind::References, ""),
            may("notesReference", Kind::References, ""),
        ],
    },
    Component {
        list: "locationComponent",
        members: &[
            must("locationTypeDescriptionRegistryText", Kind::Text, "/location/kind"),
            may("locationByValue", Kind::Text, "/location/address"),
            may("locationByReferenceUrl", Kind::Text, "/location/reference"),
            may("locationDescriptionText", Kind::Text, "/location/directions"),
        ],
    },
    Component {
        list: "notesComponent",
        members: &[
            must("notesActionComments", Kind::Text, "/remarks/*/text"),
            may("agentReference", Kind::Reference, "/remarks/*/by"),
            may("cautionReference", Kind::References, ""),
        ],
    },
    Component {
        list: "emergencyResourceComponent",
        members: &[
            must("emergencyResourceTypeCommonRegistryText", Kind::Text, "/units/*/kind"),
            must("primaryUnitStatusRegistryText", Kind::Text, "/units/*/status"),
            must("agentReference", Kind::References, ""),
            must("resourceAttributeRegistryText", Kind::Texts, ""),
            must("secondaryUnitStatusRegistryText", Kind::Texts, ""),
            may("emergencyResourceName", Kind::Text, "/units/*/call_sign"),
        ],
    },
    Component {
        list: "agencyComponent",
        members: &[
            must("agencyRoleDescriptionRegistryText", Kind::Texts, "/agencies/*/role"),
            must("agencyType", Kind::Texts, "/agencies/*/name"),
        ],
    },
    Component {
        list: "agentComponent",
        members: &[
            must("agentRoleRegistryText", Kind::Texts, "/staff/*/role"),
            must("agencyReference", Kind::Reference, "/staff/*/agency"),
        ],
    },
    Component {
        list: "cautionComponent",
        members: &[
            must("cautionTypeInternalText", Kind::Text, "/remarks/*/text"),
            must("cautionTypeCommonRegistryText", Kind::Text, "/cautions/*/kind"),
            must("cautionSeverity", SEVERITY, "/cautions/*/severity"),
            may("startDate", Kind::Time, "/cautions/*/observed_at"),
        ],
    },
    Component {
        list: "additionalDataComponent",
        members: &[may("additionalDataByValue", Kind::Text, ""), may("additionalDataByReferenceUrl", Kind::Text, "")],
    },
    Component {
        list: "dispatchComponent",
        members: &[
            may("emergencyResourceReference", Kind::References, ""),
            may("notesReference", Kind::References, ""),
        ],
    },
];

/// Components the hub does not carry: media are never carried; the rest has no reader yet.
pub const NOT_CARRIED: &[&str] = &[
    "mergeComponent",
    "linkComponent",
    "alarmsSensorsComponent",
    "vehicleComponent",
    "mediaComponent",
    "sharedCommunicationResourceComponent",
    "externalInformationSourceComponent",
    "unitEmergencyStateComponent",
    "organizationComponent",
    "itemComponent",
];

/// Roles that make a person what the incident is about. All others are third parties, unknown roles too: a witness
/// must not be filed as the person in crisis.
pub const SUBJECT_ROLES: &[&str] = &[
    "patient",
    "victim",
    "suspect",
    "subject",
    "missing person",
    "missing",
    "person in crisis",
    "injured",
    "person of interest",
];

/// Roles of third parties, and our word for each.
pub const THIRD_PARTY_ROLES: &[(&str, &str)] = &[
    ("caller", "caller"),
    ("reporting party", "reporting-party"),
    ("complainant", "reporting-party"),
    ("witness", "witness"),
    ("bystander", "bystander"),
    ("relative", "relative"),
    ("family", "relative"),
    ("parent", "relative"),
    ("guardian", "guardian"),
    ("emergency contact", "emergency-contact"),
];
