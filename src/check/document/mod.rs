//! The catalog as a page: for each subject what it means, each field with its type, its rule and
//! an example, and the rejection that breaking the rule brings, which the judge itself is asked for.

mod breaking;
mod fields;
mod language;
mod page;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::CheckError;
use crate::judge::{Catalog, Judge, Limits};
pub use language::Language;

/// The newest version of each subject, as Markdown.
///
/// # Errors
/// Where the catalog can't be used.
pub fn document(dir: &Path, limits: Limits, language: Language) -> Result<String, CheckError> {
    let catalog = Arc::new(Catalog::load(dir)?);
    let names: Vec<&str> = catalog.schemas().map(AsRef::as_ref).collect();
    let subject = |name: &str| name.split('/').next().map(str::to_owned);
    let mut page = page::Page::new(language);
    for (at, name) in names.iter().enumerate() {
        let newer = names.get(at + 1).and_then(|next| subject(next));
        let (Some(schema), Some(mut judge)) =
            (catalog.document(name), Judge::under(&catalog, limits, name))
        else {
            continue;
        };
        if newer != subject(name) {
            page.subject(name, schema, &mut judge);
        }
    }
    Ok(page.text)
}

/// The schema's own examples.
fn examples(schema: &Value) -> &[Value] {
    schema["examples"].as_array().map_or(&[], Vec::as_slice)
}
