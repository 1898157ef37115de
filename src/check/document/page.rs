//! The page's Markdown.

use serde_json::Value;

use super::breaking::{Broken, broken, missing};
use super::examples;
use super::fields::{Field, KEYWORDS, Rule, conditions, fields, required, rules};
use super::language::{Language, code};
use crate::judge::Judge;

/// The longest value that is shown whole.
const SHOWN: usize = 80;

/// A page that grows by subjects.
pub(super) struct Page {
    pub(super) text: String,
    language: Language,
}

impl Page {
    pub(super) fn new(language: Language) -> Self {
        let text = language.pick([
            "# Events\n\nWhat producers may send, from `schemas/`. Written by\n`bronzegate check --schemas --document en`; change the schemas, not this page. The rejections are\nthose of the judge itself: an event with that one fault was judged. Their messages stand as they are\nin the rejection log.\n",
            "# Eventos\n\nO que os produtores podem enviar, conforme `schemas/`. Escrito por\n`bronzegate check --schemas --document pt`; altere os esquemas, não esta página. As rejeições são as\ndo próprio avaliador: um evento com aquela única falha foi avaliado. As mensagens aparecem em inglês,\ncomo no registro de rejeições.\n",
        ]);
        Self {
            text: text.to_owned(),
            language,
        }
    }

    /// Writes a subject: what it means, its fields, conditions and rejections.
    pub(super) fn subject(&mut self, name: &str, schema: &Value, judge: &mut Judge) {
        let language = self.language;
        let fields = fields(schema);
        let (title, meaning) = (language.title(schema), language.description(schema));
        self.text += &format!("\n## {title}: `{name}`\n\n{meaning}\n");
        if let Some(example) = examples(schema).first() {
            self.text += &format!("\n```json\n{}\n```\n", ordered(example, &fields));
        }
        self.fields(&fields);
        self.conditions(schema);
        self.rejections(schema, &fields, judge);
    }

    fn fields(&mut self, fields: &[Field<'_>]) {
        let language = self.language;
        self.heading(["Fields", "Campos"]);
        self.row(&language.pick([
            ["Field", "Meaning", "Type", "Rule", "Example"],
            ["Campo", "Significado", "Tipo", "Regra", "Exemplo"],
        ]));
        self.row(&["---"; 5]);
        for field in fields {
            let title = language.title(field.schema);
            let meaning = language.description(field.schema);
            let example = examples(field.schema).first().map(shown);
            self.row(&[
                &code(&Value::from(field.pointer.as_str())),
                &format!("**{title}.** {meaning}"),
                &kinds(language, field.schema),
                &demands(language, field),
                &example.unwrap_or_default(),
            ]);
        }
    }

    /// What holds only of some events.
    fn conditions(&mut self, schema: &Value) {
        let language = self.language;
        let mut lines = String::new();
        for condition in conditions(schema) {
            let Some(when) = premise(language, &condition["if"]) else {
                continue;
            };
            let then = &condition["then"];
            let names: Vec<_> = required(then)
                .into_iter()
                .map(|name| code(&Value::from(name)))
                .collect();
            let mut demanded = Vec::new();
            if !names.is_empty() {
                let is = language.pick(["has to be there:", "é obrigatório:"]);
                demanded.push(format!("{is} {}", names.join(", ")));
            }
            for (name, schema) in then["properties"].as_object().into_iter().flatten() {
                let rules = said(language, schema);
                demanded.push(format!("{} {rules}", code(&Value::from(name.as_str()))));
            }
            lines += &format!("- {when}: {}.\n", demanded.join("; "));
        }
        if !lines.is_empty() {
            self.heading([
                "What depends on another field",
                "O que depende de outro campo",
            ]);
            self.text += &lines;
        }
    }

    fn rejections(&mut self, schema: &Value, fields: &[Field<'_>], judge: &mut Judge) {
        let language = self.language;
        self.heading(["Rejections", "Rejeições"]);
        self.row(&language.pick([
            ["Field", "Broken by", "`pointer`", "`keyword`", "`message`"],
            [
                "Campo",
                "Quebrado por",
                "`pointer`",
                "`keyword`",
                "`message`",
            ],
        ]));
        self.row(&["---"; 5]);
        let rules = rules(schema, fields);
        for field in fields {
            for it in missing(&field.pointer, examples(schema), judge) {
                self.rejection(&field.pointer, &it);
            }
            let own = |rule: &&Rule<'_>| rule.pointer == field.pointer;
            for rule in rules.iter().filter(own) {
                if let Some(it) = broken(rule, examples(schema), judge) {
                    self.rejection(&field.pointer, &it);
                }
            }
        }
    }

    fn rejection(&mut self, field: &str, broken: &Broken) {
        let left_out = self.language.pick(["left out", "ausente"]).to_owned();
        let violation = &broken.violation;
        self.row(&[
            &code(&Value::from(field)),
            &broken.value.as_ref().map_or(left_out, shown),
            &shown(&Value::from(violation.pointer.as_str())),
            &code(&Value::from(violation.keyword.as_str())),
            &violation.message.replace('|', "\\|"),
        ]);
    }

    fn heading(&mut self, words: [&str; 2]) {
        self.text += &format!("\n### {}\n\n", self.language.pick(words));
    }

    fn row(&mut self, cells: &[impl AsRef<str>]) {
        let cells: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
        self.text += &format!("| {} |\n", cells.join(" | "));
    }
}

/// An event with its keys in the order of the fields, one a line.
fn ordered(event: &Value, fields: &[Field<'_>]) -> String {
    let members = fields.iter().filter_map(|field| {
        let name = field.pointer.strip_prefix('/')?;
        Some(format!("  \"{name}\": {}", event.get(name)?))
    });
    format!("{{\n{}\n}}", members.collect::<Vec<_>>().join(",\n"))
}

fn kinds(language: Language, schema: &Value) -> String {
    let kinds: Vec<_> = match &schema["type"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let words: Vec<_> = kinds.into_iter().map(|it| language.kind(it)).collect();
    words.join(language.pick([" or ", " ou "]))
}

fn demands(language: Language, field: &Field<'_>) -> String {
    let must = if field.required {
        language.pick(["required", "obrigatório"])
    } else {
        language.pick(["optional", "opcional"])
    };
    let rules = said(language, field.schema);
    if rules.is_empty() {
        must.to_owned()
    } else {
        format!("{must}; {rules}")
    }
}

fn said(language: Language, schema: &Value) -> String {
    let rules: Vec<_> = KEYWORDS
        .iter()
        .filter_map(|keyword| language.rule(keyword, schema.get(keyword)?))
        .collect();
    rules.join(", ")
}

/// The condition in words, where it is one about the looks of fields.
fn premise(language: Language, schema: &Value) -> Option<String> {
    let properties = schema["properties"].as_object()?;
    let about = properties.iter().map(|(name, schema)| {
        let name = code(&Value::from(name.as_str()));
        format!("{name} {}", said(language, schema))
    });
    let about = about
        .collect::<Vec<_>>()
        .join(language.pick([" and ", " e "]));
    Some(format!("{} {about}", language.pick(["Where", "Quando"])))
}

/// A value as JSON, cut where it is long.
fn shown(value: &Value) -> String {
    let text = match value {
        // an empty pointer is the event itself
        Value::String(text) if text.starts_with('/') || text.is_empty() => text.clone(),
        other => other.to_string(),
    };
    let mut cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    if cut.is_empty() {
        return "`\"\"`".to_owned();
    }
    code(&Value::from(cut))
}
