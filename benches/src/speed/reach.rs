//! What the figures are to reach.

use std::process::ExitCode;

/// The figures that were judged, and those that miss.
#[derive(Default)]
pub struct Reaches {
    judged: usize,
    missed: Vec<String>,
}

impl Reaches {
    pub fn at_least(&mut self, what: String, figure: f64, limit: f64) {
        self.judge(figure >= limit, || format!("{what}: {figure:.2}, at least {limit}"));
    }

    pub fn at_most(&mut self, what: String, figure: f64, limit: f64) {
        self.judge(figure <= limit, || format!("{what}: {figure:.2}, at most {limit}"));
    }

    fn judge(&mut self, reached: bool, describe: impl FnOnce() -> String) {
        self.judged += 1;
        if !reached {
            self.missed.push(describe());
        }
    }

    /// Prints what was missed; success if nothing was.
    pub fn report(self) -> ExitCode {
        println!("{} of {} reached", self.judged - self.missed.len(), self.judged);
        for missed in &self.missed {
            println!("missed: {missed}");
        }
        if self.missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
