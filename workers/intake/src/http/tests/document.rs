//! The document against the code: the fields of every body, and every problem that can be told.

use super::*;

/// The fields that serde takes at this place of a route's body: it lists them when there is one that it does not know.
fn fields_taken(route: &Route, text: &str) -> Vec<String> {
    let read = match (route.name.as_str(), route.command) {
        ("openContact", _) => read_body::<Opening>(text).map(drop),
        ("searchCases", _) => read_body::<cases::CaseSearch>(text).map(drop),
        ("earlierCases", _) => read_body::<desks::EarlierCases>(text).map(drop),
        ("searchCitizens", _) => read_body::<desks::Reached>(text).map(drop),
        ("searchSheets", _) => read_body::<catalogue::SheetQuery>(text).map(drop),
        ("registerCitizen", _) => read_body::<citizens::Registration>(text).map(drop),
        (_, Some(kind)) => parse_body(kind, text).map(drop),
        (other, None) => panic!("{other} takes a body that no test reads"),
    };
    match read {
        Err(Malformed::Data { reason: Reason::UnknownField { known }, .. }) => known,
        other => panic!("{}: {text} gave {other:?}", route.name),
    }
}

/// A schema that is spelt out: what it refers to is put in its place.
fn spelt_out(document: &Value, schema: &Value) -> Value {
    match schema["$ref"].as_str() {
        Some(name) => document.pointer(name.trim_start_matches('#')).expect("a schema").clone(),
        None => schema.clone(),
    }
}

/// Compares what serde takes with what the schema says, here and at every object further in. `around` puts a value at
/// this place of an otherwise empty body.
fn compare(
    document: &Value,
    route: &Route,
    schema: &Value,
    around: &dyn Fn(Value) -> Value,
    lists: &mut BTreeSet<String>,
) {
    let schema = spelt_out(document, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        for choice in choices {
            let (tag, only) = choice["properties"]
                .as_object()
                .and_then(|members| members.iter().find(|(_, member)| member.get("const").is_some()))
                .expect("a tag");
            let tagged = |mut value: Value| {
                value[tag] = only["const"].clone();
                around(value)
            };
            for (name, member) in choice["properties"].as_object().expect("members") {
                let inside = |value: Value| tagged(json!({ name: value }));
                if name != tag {
                    compare(document, route, member, &inside, lists);
                }
            }
        }
        return;
    }
    let Some(members) = schema["properties"].as_object() else { return };
    assert_eq!(schema["additionalProperties"], json!(false), "{}: nothing else is admitted", route.name);
    let taken: BTreeSet<String> =
        fields_taken(route, &around(json!({ "?": 0 })).to_string()).into_iter().collect();
    let published: BTreeSet<String> = members.keys().cloned().collect();
    assert_eq!(published, taken, "{}", route.name);
    for (name, member) in members {
        let member = spelt_out(document, member);
        if member["type"] == "array" {
            lists.insert(name.clone());
            let inside = |value: Value| around(json!({ name: [value] }));
            compare(document, route, &member["items"], &inside, lists);
        } else {
            let inside = |value: Value| around(json!({ name: value }));
            compare(document, route, &member, &inside, lists);
        }
    }
}

#[test]
fn the_schema_of_every_body_has_exactly_the_fields_that_are_read() {
    let document = openapi();
    let mut lists = BTreeSet::new();
    let mut compared = 0;
    for route in routes().iter().filter(|route| route.verb == Verb::Post) {
        let body = &document["paths"][&route.path]["post"]["requestBody"]["content"]["application/json"];
        assert!(body["schema"].is_object(), "{} has no schema of its body", route.name);
        compare(&document, route, &body["schema"], &|value| value, &mut lists);
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
    let known: BTreeSet<String> = LISTS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(lists, known, "the lists that a body may hold");
}

#[test]
fn every_problem_that_can_be_told_is_in_the_lists_and_the_document() {
    use smista_domain::refusal::Refusal;
    let of_the_door: BTreeSet<(String, u16)> = door_problem::one_of_each()
        .iter()
        .map(|problem| problem.problem(Language::English))
        .map(|problem| (problem.problem_type.replace("urn:smista:problem:", ""), problem.status))
        .collect();
    let listed = |list: &[(&str, u16)]| -> BTreeSet<(String, u16)> {
        list.iter().map(|(code, status)| ((*code).to_owned(), *status)).collect()
    };
    let mut known = listed(&problem_types::OF_THE_DOOR);
    // The register's own refusal is the domain's.
    assert!(known.remove(&("incomplete-anagrafica".to_owned(), 422)));
    assert_eq!(of_the_door, known);

    let source = include_str!("../../../../../shared/domain/src/refusal_text.rs");
    let (_, codes) = source.split_once("fn code").expect("the codes");
    let (codes, _) = codes.split_once("fn clause").expect("the clauses after them");
    let in_domain: BTreeSet<&str> = codes.split('"').skip(1).step_by(2).collect();
    let of_the_process: BTreeSet<&str> =
        problem_types::OF_THE_PROCESS.iter().map(|(code, _)| *code).collect();
    assert_eq!(of_the_process, in_domain);
    let hidden = Problem::of_refusal(&Refusal::Hidden, Language::English);
    assert_eq!(hidden.status, 404);

    let document = openapi().to_string();
    // The fallbacks are no routes, and only the system rejects what has no competent group.
    let elsewhere = ["method-not-allowed", "has-competent-group"];
    for (code, _) in problem_types::OF_THE_DOOR.iter().chain(&problem_types::OF_THE_PROCESS) {
        let there = document.contains(&format!("\"urn:smista:problem:{code}\""));
        assert_eq!(there, !elsewhere.contains(code), "{code}");
    }
}
