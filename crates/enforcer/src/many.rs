//! Several questions at once.

use lanyard_policy::{Capability, Context};
use lanyard_token::{Clock, Position};

use crate::{CheckError, CheckedDecision, Enforcer, Examined, Question};

impl<C: Clock> Enforcer<C> {
    /// Takes a token in once the list has everything up to a position: the one that a revocation
    /// was acknowledged with. It waits for as long as that takes, so put a time limit on it.
    pub async fn examine_after(&self, token: &str, min_position: Position) -> Examined {
        if let Some(resource) = self.examine(token).resource() {
            self.reached(resource, min_position).await;
        }
        self.examine(token)
    }

    /// Decides many questions, in their order.
    ///
    /// # Errors
    /// If one of them has no answer: then none is told.
    pub fn batch<'a>(
        &self,
        questions: impl IntoIterator<Item = (&'a Examined, &'a Question<'a>)>,
    ) -> Result<Vec<CheckedDecision>, CheckError> {
        let questions = questions.into_iter();
        questions
            .map(|(token, question)| self.check(token, question))
            .collect()
    }

    /// Decides every capability that there is.
    ///
    /// # Errors
    /// If it takes the list to tell and that is not fresh, or the time cannot be told.
    pub fn list(
        &self,
        token: &Examined,
        context: Context<'_>,
    ) -> Result<Vec<(Capability, CheckedDecision)>, CheckError> {
        let look = self.look(token)?;
        let decide = |capability| {
            let question = Question {
                capability,
                context,
            };
            (capability, look.decide(&question))
        };
        Ok(Capability::ALL.into_iter().map(decide).collect())
    }
}
