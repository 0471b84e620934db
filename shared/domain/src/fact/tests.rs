//! What fact.rs promises, case by case.

use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error;

use super::Campo;

#[test]
fn a_paper_is_kept_under_the_name_that_it_travels_by() {
    for campo in Campo::ALL {
        let travelled: Result<Campo, Error> = Campo::deserialize(campo.as_str().into_deserializer());
        assert_eq!(travelled, Ok(campo));
    }
}
