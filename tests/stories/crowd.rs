//! Two hundred colleagues who reach for the same case in the same moment: of each version one has it, and the others are told.

use axum::http::Method;
use futures::future::join_all;
use serde_json::json;
use smista_domain::catalogue::{Catalogue, Operatore, Ruolo};
use smista_domain::ids::{EnteId, GruppoId, Login};
use smista_tests::catalogue::{ANNA, RESIDENZA};
use smista_tests::office::send_to;
use smista_tests::{Answer, stories};

use crate::bodies::line;

const CROWD: usize = 200;
/// Versions that they fight for; the case is opened and routed before.
const ROUNDS: i64 = 6;
const OPENED_AND_ROUTED: i64 = 2;

fn colleague(number: usize) -> String {
    format!("collega.{number}")
}

fn engage_the_crowd(catalogue: &mut Catalogue) {
    let gruppo =
        catalogue.gruppi.get_mut(&GruppoId::new("firenze-anagrafe").expect("a code")).expect("it is there");
    for number in 0..CROWD {
        let login = Login::new(colleague(number)).expect("a login");
        gruppo.membri.insert(login.clone());
        let ruolo = Ruolo::SecondoLivello { ente: EnteId::new("firenze").expect("a code") };
        let nome = login.to_string();
        let operatore = Operatore { login: login.clone(), nome, ruolo, email_inbound: false, retired: false };
        catalogue.operatori.insert(login, operatore);
    }
}

/// The one of the crowd whose call went through, while everybody else was told that somebody was quicker.
fn winner(answers: &[Answer], round: i64) -> String {
    let mut winners = Vec::new();
    for (number, answer) in answers.iter().enumerate() {
        match answer.status {
            200 => winners.push(colleague(number)),
            412 => assert!(
                answer.clone().refused("version-conflict").number("/version") > round,
                "{}",
                answer.body
            ),
            // Who has held it since the last round, and asked before anybody had won this one.
            409 => drop(answer.clone().refused("held-by-you")),
            status => panic!("{status} {}", answer.body),
        }
    }
    let [winner] = winners.as_slice() else { panic!("one winner, not {winners:?}") };
    winner.clone()
}

stories! {
    /// Proves 3-1.
    async fn of_each_version_one_of_two_hundred_has_it_and_the_others_are_told(office: &TestOffice) {
        office.change_catalogue(engage_the_crowd).await;
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let path = format!("/v1/cases/{caso}/take-over");
        // Scaled out they come through the doors of two processes.
        let other = office.another_process().await;
        let call = async |number: usize, version: i64| {
            let (login, tag) = (colleague(number), format!("\"{version}\""));
            let body = json!({ "note": "Lo prendo io." }).to_string();
            let request = office.request(&login, Method::POST, &path, &[("if-match", &tag)], body);
            match &other {
                Some((_, router, _)) if number.is_multiple_of(2) => send_to(router.clone(), request).await,
                _ => office.send(request).await,
            }
        };
        office.command(&colleague(0), &caso, "accept", json!({})).await.ok();
        let mut winners = Vec::new();
        for version in OPENED_AND_ROUTED + 1..=OPENED_AND_ROUTED + ROUNDS {
            let answers = join_all((0..CROWD).map(|number| call(number, version))).await;
            winners.push(winner(&answers, version));
        }
        if let Some((system, router, lanes)) = other {
            drop(router);
            lanes.finished().await;
            system.close().await;
        }
        office.settle().await;

        let rows = office.history(ANNA, &caso).await;
        let versions: Vec<i64> = rows.iter().filter_map(|row| row["versione"].as_i64()).collect();
        assert_eq!(versions, (1..=OPENED_AND_ROUTED + 1 + ROUNDS).collect::<Vec<_>>());
        let taken: Vec<String> = rows[3..].iter().map(line).collect();
        let expected = winners.iter().map(|winner| format!("{winner} case.take_over: assegnato > assegnato"));
        assert_eq!(taken, expected.collect::<Vec<_>>());
        assert_eq!(office.case(ANNA, &caso).await.text("/titolare"), winners[winners.len() - 1]);
    }
}
