//! The caller's language: Italian, unless `Accept-Language` (RFC 9110, 12.5.4) prefers English.

use axum::http::{HeaderMap, header};
use smista_messages::problem::Language;

/// The better liked of our two languages; Italian when both are liked alike or neither is named.
pub(crate) fn language_of(headers: &HeaderMap) -> Language {
    let wishes = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (mut italian, mut english) = (None, None);
    for wish in wishes.split(',') {
        let (tag, parameters) = wish.split_once(';').unwrap_or((wish, ""));
        let quality = parameters.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok());
        let quality = quality.unwrap_or(1.0);
        match tag.trim().split('-').next().unwrap_or("").to_ascii_lowercase().as_str() {
            "it" => italian = Some(quality),
            "en" => english = Some(quality),
            _ => {}
        }
    }
    match (italian, english) {
        (_, None) => Language::Italian,
        (None, Some(english)) if english > 0.0 => Language::English,
        (Some(italian), Some(english)) if english > italian => Language::English,
        (_, Some(_)) => Language::Italian,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_spoken_only_to_who_prefers_it() {
        let cases = [
            ("", Language::Italian),
            ("en", Language::English),
            ("EN-gb,it;q=0.5", Language::English),
            ("it-IT,it;q=0.9,en;q=0.8", Language::Italian),
            ("en;q=0.3, it;q=0.7", Language::Italian),
            ("de, fr;q=0.2", Language::Italian),
            ("en;q=0", Language::Italian),
            (";;;q=,,", Language::Italian),
        ];
        for (wishes, language) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, wishes.parse().expect("a header"));
            assert_eq!(language_of(&headers), language, "{wishes}");
        }
    }
}
