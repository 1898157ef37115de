use std::fs;

use super::*;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");

/// A folder with a catalog and the schemas `a/1.0.0`, `a/1.2.0`, `a/1.10.0`, `b/2.0.0`.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a/1.0.0", "a/1.2.0", "a/1.10.0", "b/2.0.0"] {
        put(
            &dir,
            name,
            &format!(r#"{{"$id":"https://shop.example/{name}"}}"#),
        );
    }
    fs::write(dir.path().join("catalog.json"), r#"{"default":"b"}"#).unwrap();
    dir
}

fn put(dir: &tempfile::TempDir, name: &str, schema: &str) {
    let path = dir.path().join(format!("{name}.json"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, schema).unwrap();
}

fn with_catalog(catalog: &str) -> Result<Catalog, CatalogError> {
    let dir = folder();
    fs::write(dir.path().join("catalog.json"), catalog).unwrap();
    Catalog::load(dir.path())
}

#[track_caller]
fn assert_error(result: Result<Catalog, CatalogError>, parts: &[&str]) {
    let error = result.unwrap_err().to_string();
    for part in parts {
        assert!(error.contains(part), "{error}");
    }
}

fn name(catalog: &Catalog, route: &str) -> Option<String> {
    let index = catalog.named(route)?;
    Some(catalog.schema(index).name.to_string())
}

#[test]
fn the_shipped_catalog_loads() {
    let catalog = Catalog::load(Path::new(SHIPPED)).unwrap();
    let names: Vec<_> = catalog.schemas().map(|name| &**name).collect();
    assert_eq!(names, ["order/1.0.0", "order-transaction/1.0.0"]);
    assert_eq!(catalog.property(), Some("schema"));
    assert_eq!(catalog.digest().len(), 16);
}

#[test]
fn a_route_names_a_version_its_newest_or_an_id() {
    let catalog = Catalog::load(folder().path()).unwrap();
    for (route, expected) in [
        ("a", "a/1.10.0"),
        ("a/1", "a/1.10.0"),
        ("a/1.2", "a/1.2.0"),
        ("a/1.0.0", "a/1.0.0"),
        ("https://shop.example/a/1.2.0", "a/1.2.0"),
        ("b", "b/2.0.0"),
    ] {
        assert_eq!(name(&catalog, route).as_deref(), Some(expected));
    }
    for route in ["", "c", "a/2", "a/1.3", "A", "a/"] {
        assert_eq!(name(&catalog, route), None, "{route}");
    }
}

#[test]
fn a_registry_maps_its_ids() {
    let catalog = with_catalog(
        r#"{"default":"b","registries":{"confluent":{"7":"a/1.2","100001":"b"},"azure":{"3F2A":"a"}}}"#,
    )
    .unwrap();
    for (registered, expected) in [
        (Registered::Confluent(7), Some("a/1.2.0")),
        (Registered::Confluent(100_001), Some("b/2.0.0")),
        (Registered::Confluent(8), None),
        (Registered::Azure("3f2a".to_owned()), Some("a/1.10.0")),
        (Registered::Azure("7".to_owned()), None),
    ] {
        let schema = catalog.registered(&registered);
        let name = schema.map(|index| catalog.schema(index).name.to_string());
        assert_eq!(name.as_deref(), expected, "{registered:?}");
    }
    for (registries, pointer, problem) in [
        ("[]", "/registries", "confluent"),
        (
            r#"{"confluent":{"x":"a"}}"#,
            "/registries/confluent/x",
            "a number",
        ),
        (
            r#"{"confluent":{"7":"c"}}"#,
            "/registries/confluent/7",
            "no schema",
        ),
        (r#"{"azure":{"7":7}}"#, "/registries/azure/7", "a string"),
        (r#"{"glue":{}}"#, "/registries/glue", "no such registry"),
    ] {
        let catalog = with_catalog(&format!(r#"{{"default":"b","registries":{registries}}}"#));
        assert_error(catalog, &[pointer, problem]);
    }
}

#[test]
fn a_stream_is_found_by_its_name_or_its_hub() {
    let catalog = with_catalog(
        r#"{"default":"b","streams":{"Shop/Orders":"a/1.0.0","orders":"a/1.2","shop/orders@2":"a"}}"#,
    )
    .unwrap();
    for (stream, expected) in [
        ("shop/orders", "a/1.0.0"),
        ("shop/orders@1", "a/1.0.0"),
        ("shop/orders@2", "a/1.10.0"),
        ("other/orders", "a/1.2.0"),
        ("other/orders@7", "a/1.2.0"),
        ("shop/returns", "b/2.0.0"),
    ] {
        let index = catalog.for_stream(&Stream::new(stream));
        assert_eq!(&*catalog.schema(index).name, expected, "{stream}");
    }
}

#[test]
fn the_digest_is_of_catalog_and_schemas_only() {
    let dir = folder();
    let digest = || Catalog::load(dir.path()).unwrap().digest().to_owned();
    let first = digest();
    assert_eq!(first, digest());
    put(&dir, "a/1.0.0.examples", "{}");
    fs::write(dir.path().join("README.md"), "").unwrap();
    assert_eq!(first, digest());
    put(
        &dir,
        "a/1.0.0",
        r#"{"$id":"https://shop.example/a/1.0.0","type":"object"}"#,
    );
    let second = digest();
    assert_ne!(first, second);
    fs::write(dir.path().join("catalog.json"), r#"{"default":"a"}"#).unwrap();
    assert_ne!(second, digest());
}

#[test]
fn a_catalog_that_cannot_be_used_says_where_and_what_to_do() {
    assert_error(
        with_catalog("{}"),
        &["catalog.json", "`default` is missing"],
    );
    assert_error(
        with_catalog(r#"{"default":"c/1"}"#),
        &[
            "catalog.json, at `/default`",
            "no schema `c/1`",
            "b (2.0.0)",
        ],
    );
    assert_error(
        with_catalog(r#"{"default":1}"#),
        &["`/default`", "a string"],
    );
    assert_error(
        with_catalog(r#"{"default":"a","streams":{"x/y":"z"}}"#),
        &["`/streams/x~1y`", "no schema `z`"],
    );
    assert_error(
        with_catalog(r#"{"default":"a","types":[]}"#),
        &["`/types`", "an object"],
    );
    assert_error(
        with_catalog(r#"{"default":"a","defualt":"b"}"#),
        &["`/defualt`", "no such setting"],
    );
    assert_error(
        with_catalog(r#"{"default":"a","property":""}"#),
        &["`/property`"],
    );
    assert_error(with_catalog("[]"), &["an object"]);
    assert_error(
        with_catalog(r#"{"default":"a",}"#),
        &["catalog.json", "column 16"],
    );
    assert_error(
        with_catalog(r#"{"default":"a","default":"b"}"#),
        &["`/default` stands twice"],
    );
}

#[test]
fn a_schema_that_cannot_be_used_says_where_and_what_to_do() {
    let with = |name: &str, schema: &str| {
        let dir = folder();
        put(&dir, name, schema);
        Catalog::load(dir.path())
    };
    let id = r#""$id":"https://shop.example/c/1.0.0""#;
    assert_error(
        with("c/1.0.0", "{}"),
        &["1.0.0.json", "`$id` is missing", "c/1.0.0"],
    );
    assert_error(
        with("c/1.0.0", r#"{"$id":"https://shop.example/c/1.0.1"}"#),
        &["`/$id`", "ends with `c/1.0.0`"],
    );
    assert_error(
        with("c/1.0.0", r#"{"$id":"c/1.0.0"}"#),
        &["`/$id`", "absolute"],
    );
    assert_error(
        with(
            "c/1.0.0",
            &format!(r#"{{{id},"properties":{{"a":{{"type":"strnig"}}}}}}"#),
        ),
        &["1.0.0.json", "`/properties/a/type`", "does not compile"],
    );
    assert_error(
        with(
            "c/1.0.0",
            &format!(r#"{{{id},"properties":{{"a":{{"pattern":"("}}}}}}"#),
        ),
        &["1.0.0.json", "`/properties/a/pattern`"],
    );
    assert_error(
        with("c/1.0.0", &format!(r#"{{{id},"format":"dat"}}"#)),
        &["1.0.0.json", "`/format`"],
    );
    assert_error(
        with("c/1.0.0", &format!(r##"{{{id},"$ref":"#/$defs/x"}}"##)),
        &["1.0.0.json", "/$defs/x"],
    );
    assert_error(
        with(
            "c/1.0.0",
            &format!(r#"{{{id},"$ref":"https://shop.example/none"}}"#),
        ),
        &["https://shop.example/none"],
    );
    assert_error(
        with(
            "c/1.0.0",
            &format!(r#"{{{id},"$schema":"http://json-schema.org/draft-07/schema#"}}"#),
        ),
        &["`/$schema`", "2020-12"],
    );
    for version in ["1.0", "v1.0.0", "1.0.0-beta", "01.0.0", "1.0.0.0"] {
        assert_error(
            with(&format!("c/{version}"), "{}"),
            &["named by its version"],
        );
    }
    assert_error(with("C/1.0.0", "{}"), &["a-z"]);
    assert_error(with("c/1.0.0", "{'a':1}"), &["1.0.0.json", "double quotes"]);
}

#[test]
fn schemas_may_refer_to_one_another() {
    let dir = folder();
    put(
        &dir,
        "c/1.0.0",
        r#"{"$id":"https://shop.example/c/1.0.0","$ref":"https://shop.example/a/1.0.0"}"#,
    );
    put(
        &dir,
        "a/1.0.0",
        r#"{"$id":"https://shop.example/a/1.0.0","type":"object"}"#,
    );
    Catalog::load(dir.path()).unwrap();
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let result = Catalog::load(Path::new("/nowhere/schemas"));
    assert_error(result, &["/nowhere/schemas/catalog.json", "SCHEMAS_DIR"]);
}
