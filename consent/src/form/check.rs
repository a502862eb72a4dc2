use super::{ConsentForm, Deficiency, FormType};

/// Words that name no purpose at all; "for any purpose" is invalid (2.31(a)(5)).
const ANY_PURPOSE: &[&str] = &["any purpose", "all purposes", "any and all purposes", "any use"];

const TPO: &[&str] = &["TREAT", "HPAYMT", "HOPERAT", "COC", "ETREAT", "CAREMGT", "HQUALIMP", "HOUTCOMS", "PERFMSR"];
const PROCEEDINGS: &[&str] = &["LEINVEST", "PROSECUTE", "WARRANT", "CIVILPROC", "ADMINPROC"];

/// What the signed form lacks. Empty: sufficient on its face. A denial needs none of this and is not asked here.
///
/// Element by element as 42 CFR 2.31(a) numbers them; for an authorization as 45 CFR 164.508(c). A plain consent
/// (`general`) is held to the elements of 2.31(a) that make sense without Part 2.
#[must_use]
pub fn consent_deficiencies(form: &ConsentForm) -> Vec<Deficiency> {
    let tpo = form.types.contains(&FormType::Part2Tpo);
    let part2 = form.types.iter().any(|t| t.is_part2());
    let mut found = types(form);
    let mut want =
        |holds: bool, part2_element: &'static str, hipaa: &'static str, code: &'static str, remedy: &'static str| {
            if !holds {
                found.push(Deficiency { element: if part2 { part2_element } else { hipaa }, code, remedy });
            }
        };
    want(form.patient_name, "2.31(a)(1)", "164.508(c)(1)", "HO-1352", "state the name of the patient");
    want(
        !form.grantors.is_empty() || form.grantor_class,
        "2.31(a)(2)",
        "164.508(c)(1)(ii)",
        "HO-1353",
        "name who may disclose, or their class",
    );
    want(
        !form.data_scope.is_empty() && form.data_description,
        "2.31(a)(3)",
        "164.508(c)(1)(i)",
        "HO-1354",
        "describe the information in words and list its categories",
    );
    want(
        !form.recipients.is_empty() || form.recipient_names || (tpo && form.tpo_class),
        "2.31(a)(4)(i)",
        "164.508(c)(1)(iii)",
        "HO-1355",
        "name who may receive; only a single TPO consent may use the class of treating providers, plans and payers",
    );
    want(
        !form.tpo_class || tpo,
        "2.31(a)(4)(i)",
        "164.508(c)(1)(iii)",
        "HO-1355",
        "name the recipients: the TPO class belongs to a TPO consent",
    );
    want(
        form.intermediary.as_ref().is_none_or(|i| i.name && (!i.participants.is_empty() || i.treating_providers_only)),
        "2.31(a)(4)(ii)",
        "164.508(c)(1)(iii)",
        "HO-1356",
        "name the intermediary, and its participants or the limit to treating providers",
    );
    want(
        !tpo || form.stmt_hipaa_redisclosure,
        "2.31(a)(4)(iii)",
        "164.508(c)(2)(iii)",
        "HO-1357",
        "state that the record may be redisclosed as HIPAA permits, except in proceedings against the patient",
    );
    want(purposes(form), "2.31(a)(5)", "164.508(c)(1)(iv)", "HO-1358", "state each purpose; `any purpose` is none");
    want(
        !form.fundraising || form.stmt_fundraising_opt_out,
        "2.31(a)(5)(iii)",
        "164.508(c)(1)(iv)",
        "HO-1359",
        "state the right to opt out of fundraising",
    );
    want(
        form.stmt_right_to_revoke && form.revocation_method,
        "2.31(a)(6)",
        "164.508(c)(2)(i)",
        "HO-1360",
        "state the right to revoke in writing, and how",
    );
    want(
        expiry(form),
        "2.31(a)(7)",
        "164.508(c)(1)(v)",
        "HO-1361",
        "state a date, or an event about the patient or the purpose; `none` only in a TPO consent",
    );
    want(
        signed(form),
        "2.31(a)(8)",
        "164.508(c)(1)(vi)",
        "HO-1362",
        "have the patient sign, or a person authorized under 2.14 or 2.15 with the basis of the authority",
    );
    want(
        dated(form),
        "2.31(a)(9)",
        "164.508(c)(1)(vi)",
        "HO-1363",
        "state the date signed, not after the date received",
    );
    want(
        !tpo || form.stmt_redisclosure,
        "2.31(a)(10)(i)",
        "164.508(c)(2)(iii)",
        "HO-1364",
        "state that what is disclosed may be redisclosed and no longer protected",
    );
    want(
        !tpo || form.stmt_refusal_consequences,
        "2.31(a)(10)(ii)",
        "164.508(c)(2)(ii)",
        "HO-1365",
        "state the consequences of refusing to sign",
    );
    want(
        !form.types.contains(&FormType::Part2CriminalJustice)
            || form
                .cj_condition
                .as_ref()
                .is_some_and(|c| c.proceeding && (c.revocable_after || c.revocable_after_date)),
        "2.35(a)-(c)",
        "2.35(a)-(c)",
        "HO-1366",
        "state the proceeding, and when the consent becomes revocable",
    );
    found
}

/// P2-16: types cannot be merged. EC-09: TPO and a proceeding on one form make both unusable.
fn types(form: &ConsentForm) -> Vec<Deficiency> {
    let mut found = Vec::new();
    let proceeding = PROCEEDINGS.iter().any(|w| form.purposes.contains(*w));
    if form.types.is_empty() {
        found.push(Deficiency { element: "2.31", code: "HO-1350", remedy: "say which type of consent it is" });
    }
    let mixed = form.types.len() > 1
        || (proceeding && !form.types.contains(&FormType::Part2Proceedings) && form.types.iter().any(|t| t.is_part2()))
        || (form.types.contains(&FormType::Part2Proceedings)
            && form.purposes.iter().any(|p| !PROCEEDINGS.contains(&&**p)));
    if mixed {
        found.push(Deficiency {
            element: if proceeding { "2.31(d)" } else { "2.31(b)(2)" },
            code: "HO-1351",
            remedy: "use a form of its own for each type; consent to proceedings cannot be combined with any other",
        });
    }
    if form.types.contains(&FormType::Part2Tpo) && form.purposes.iter().any(|p| !TPO.contains(&&**p)) && !mixed {
        found.push(Deficiency {
            element: "2.31(a)(5)(ii)",
            code: "HO-1351",
            remedy: "a TPO consent is for treatment, payment and operations only: use a named consent for the rest",
        });
    }
    found
}

fn purposes(form: &ConsentForm) -> bool {
    let text = form.purpose_text.as_deref().unwrap_or_default().trim().to_lowercase();
    let vague = ANY_PURPOSE.iter().any(|any| text.contains(any));
    !vague && (!form.purposes.is_empty() || (form.patient_initiated && !text.is_empty()))
}

fn expiry(form: &ConsentForm) -> bool {
    let Some(expiry) = &form.expiry else { return false };
    match expiry.kind.as_str() {
        "date" => expiry.date,
        "event" => expiry.event_code || expiry.event_text,
        "none" => form.types.contains(&FormType::Part2Tpo) && form.types.len() == 1,
        _ => false,
    }
}

fn signed(form: &ConsentForm) -> bool {
    let by = |s: &super::Signature| match s.signer_role.as_str() {
        "patient" | "minor" => true,
        "" => false,
        _ => s.authority_basis,
    };
    !form.signatures.is_empty() && form.signatures.iter().all(by)
}

fn dated(form: &ConsentForm) -> bool {
    let instant = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<jiff::Timestamp>().ok());
    match (instant(&form.signed_at), &form.received_at) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(signed), Some(_)) => instant(&form.received_at).is_some_and(|received| signed <= received),
    }
}
