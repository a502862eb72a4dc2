//! The blind index: how a person is found by name and date of birth in a partner's own view, with neither stored.

use data_encoding::HEXLOWER;

use crate::vault::PartnerKey;

/// The token for one full name and date of birth (`YYYY-MM-DD`), keyed per partner: two partners cannot compare.
/// Letter case, surrounding and doubled spaces do not count.
#[must_use]
pub fn name_token(key: &PartnerKey, family: &str, given: &str, birth_date: &str) -> String {
    let value = [family, given, birth_date].map(normal).join("\u{1f}");
    HEXLOWER.encode(&key.blind_index("name and date of birth", &value))
}

/// The token for a partner's own user, by the name it uses for them: whose rows under an ask are, and nobody else's.
#[must_use]
pub fn user_token(key: &PartnerKey, user: &str) -> String {
    HEXLOWER.encode(&key.blind_index("user of an ask", &normal(user)))
}

fn normal(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}
