//! The words of a page, in the languages that the schemas are written in.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A language of titles and descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `title` and `description`.
    English,
    /// `x-title-pt` and `x-description-pt`.
    Portuguese,
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "en" => Ok(Self::English),
            "pt" => Ok(Self::Portuguese),
            _ => Err("write en or pt".to_owned()),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pick(["en", "pt"]))
    }
}

impl Language {
    /// The English text or the Portuguese one.
    pub(super) fn pick<T>(self, [english, portuguese]: [T; 2]) -> T {
        match self {
            Self::English => english,
            Self::Portuguese => portuguese,
        }
    }

    /// A schema's title; English where there is none in this language.
    pub(super) fn title(self, schema: &Value) -> &str {
        self.annotation(schema, ["title", "x-title-pt"])
    }

    /// A schema's description.
    pub(super) fn description(self, schema: &Value) -> &str {
        self.annotation(schema, ["description", "x-description-pt"])
    }

    fn annotation<'s>(self, schema: &'s Value, names: [&str; 2]) -> &'s str {
        let text = schema[self.pick(names)].as_str();
        text.or(schema[names[0]].as_str()).unwrap_or_default()
    }

    /// A JSON type.
    pub(super) fn kind(self, name: &str) -> &str {
        self.pick(match name {
            "string" => ["text", "texto"],
            "number" => ["number", "número"],
            "integer" => ["whole number", "número inteiro"],
            "boolean" => ["true or false", "verdadeiro ou falso"],
            "array" => ["list", "lista"],
            "object" => ["object", "objeto"],
            "null" => ["null", "nulo"],
            other => [other, other],
        })
    }

    /// What a keyword demands.
    pub(super) fn rule(self, keyword: &str, value: &Value) -> Option<String> {
        let json = code(value);
        let one = value.as_u64() == Some(1);
        let [english, portuguese] = match keyword {
            "pattern" => [format!("matches {json}"), format!("corresponde a {json}")],
            "format" => [format!("format {json}"), format!("formato {json}")],
            "enum" => {
                let all: Vec<_> = value.as_array()?.iter().map(code).collect();
                let all = all.join(", ");
                [format!("one of {all}"), format!("um de {all}")]
            }
            "const" => [format!("is {json}"), format!("é {json}")],
            "minLength" | "minItems" if one => ["not empty".to_owned(), "não vazio".to_owned()],
            "minLength" => [
                format!("{json} characters or more"),
                format!("{json} caracteres ou mais"),
            ],
            "maxLength" => [
                format!("{json} characters at most"),
                format!("no máximo {json} caracteres"),
            ],
            "minItems" => [
                format!("{json} items or more"),
                format!("{json} itens ou mais"),
            ],
            "maxItems" => [
                format!("{json} items at most"),
                format!("no máximo {json} itens"),
            ],
            "minimum" => [format!("{json} or more"), format!("{json} ou mais")],
            "maximum" => [format!("{json} or less"), format!("{json} ou menos")],
            "exclusiveMinimum" => [format!("more than {json}"), format!("maior que {json}")],
            "exclusiveMaximum" => [format!("less than {json}"), format!("menor que {json}")],
            "multipleOf" => [
                format!("a multiple of {json}"),
                format!("múltiplo de {json}"),
            ],
            "not" => {
                let json = code(value.get("const")?);
                [format!("not {json}"), format!("não {json}")]
            }
            _ => return None,
        };
        Some(self.pick([english, portuguese]))
    }
}

/// A value as code; a text without its quotes.
pub(super) fn code(value: &Value) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    // a bar would end the cell of a table, also in code
    format!("`{}`", text.replace('|', "\\|"))
}
