//! Texts found by what a person wrote about them, best first: Okapi BM25 over stems of Italian words.
//!
//! Knows words and scores. Must not know what the texts are: sheets and solved cases are its callers'.

mod per_revision;

use bm25::{DefaultTokenizer, Embedder, EmbedderBuilder, Language, Scorer, Tokenizer};

pub use per_revision::PerRevision;

/// Texts of one language, each under a key. Built once, then only asked.
pub struct TextIndex<K> {
    keys: Vec<K>,
    embedder: Embedder<u64, ItalianWords>,
    scorer: Scorer<usize, u64>,
}

impl<K: Clone + Ord> TextIndex<K> {
    /// An index of these texts. A key may stand for several texts.
    pub fn new(texts: impl IntoIterator<Item = (K, String)>) -> Self {
        let (keys, texts): (Vec<K>, Vec<String>) = texts.into_iter().unzip();
        let corpus: Vec<&str> = texts.iter().map(String::as_str).collect();
        let words = ItalianWords::default();
        let embedder = EmbedderBuilder::with_tokenizer_and_fit_to_corpus(words, &corpus).build();
        let mut scorer = Scorer::new();
        for (place, text) in corpus.iter().enumerate() {
            scorer.upsert(&place, embedder.embed(text));
        }
        Self { keys, embedder, scorer }
    }

    /// Everything that shares a word with `text`, best first, with its score (above 0, no upper bound). A key with
    /// several texts counts as its best one. Equal scores stand in the order of their keys, so that the same
    /// question always gets the same answer.
    pub fn matches(&self, text: &str) -> Vec<(K, f32)> {
        if self.keys.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<(K, f32)> = self
            .scorer
            .matches(&self.embedder.embed(text))
            .into_iter()
            .filter_map(|scored| Some((self.keys.get(scored.id)?.clone(), scored.score)))
            .collect();
        found.sort_by(|(one, one_score), (other, other_score)| {
            one.cmp(other).then(other_score.total_cmp(one_score))
        });
        found.dedup_by(|later, earlier| later.0 == earlier.0);
        found.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        found
    }
}

/// Stems of the words that carry meaning, without accents or case.
struct ItalianWords(DefaultTokenizer);

impl Default for ItalianWords {
    fn default() -> Self {
        Self(DefaultTokenizer::new(Language::Italian))
    }
}

impl Tokenizer for ItalianWords {
    /// Unicode counts `l'identità` as one word; Italian does not.
    fn tokenize(&self, text: &str) -> Vec<String> {
        self.0.tokenize(&text.replace(['\'', '’'], " "))
    }
}

#[cfg(test)]
mod tests;
