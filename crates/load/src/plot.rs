//! A plot of latency against load, as SVG that a browser shows and a document embeds.

use std::fmt::{self, Write as _};

use crate::recorder::Latency;
use crate::sweep::Step;

/// Draws the percentiles over the loads: the loads from left to right, the latencies from bottom to top
/// on a logarithmic scale.
#[must_use]
pub fn plot(title: &str, steps: &[Step]) -> String {
    let mut svg = String::new();
    // A string takes whatever is written.
    let _ = draw(&mut svg, title, steps);
    svg
}

fn draw(svg: &mut String, title: &str, steps: &[Step]) -> fmt::Result {
    let frame = Frame::of(steps);
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="13" fill="{INK}">"#
    )?;
    writeln!(
        svg,
        r#"<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>"#
    )?;
    text(svg, (LEFT, 26.0), ("start", 16), title)?;
    frame.draw_latencies(svg)?;
    frame.draw_loads(svg)?;
    for (number, (name, color, of)) in SERIES.into_iter().enumerate() {
        frame.draw_line(
            svg,
            color,
            steps
                .iter()
                .map(|step| (step.rate_per_second, of(step.latency_us), step.kept_up)),
        )?;
        draw_legend(svg, number, (name, color))?;
    }
    if steps.iter().any(|step| !step.kept_up) {
        let below = TOP + 12.0 + 22.0 * 5.0;
        text(svg, (RIGHT + 16.0, below), ("start", 11), "hollow: behind")?;
    }
    writeln!(svg, "</svg>")
}

/// What the axes reach to.
struct Frame {
    /// The most calls a second.
    most: f64,
    /// The distance of two marks of the loads.
    every: f64,
    /// The powers of ten, in microseconds, that the latencies are between.
    decades: (i32, i32),
}

impl Frame {
    fn of(steps: &[Step]) -> Self {
        let most = steps
            .iter()
            .map(|step| step.rate_per_second)
            .fold(0.0, f64::max)
            .max(1.0);
        let every = round_step(most / 6.0);
        let drawn = steps
            .iter()
            .flat_map(|step| SERIES.map(|(_, _, of)| of(step.latency_us)));
        let drawn: Vec<_> = drawn.filter(|latency| *latency > 0.0).collect();
        let least = drawn.iter().copied().fold(f64::INFINITY, f64::min).min(1e9);
        let greatest = drawn.iter().copied().fold(1.0, f64::max);
        let low = decade(least.log10().floor());
        let high = decade(greatest.log10().ceil()).max(low + 1);
        Self {
            most: (most / every).ceil() * every,
            every,
            decades: (low, high),
        }
    }

    fn x(&self, rate: f64) -> f64 {
        LEFT + rate / self.most * (RIGHT - LEFT)
    }

    fn y(&self, micros: f64) -> f64 {
        let (low, high) = (f64::from(self.decades.0), f64::from(self.decades.1));
        let share = (micros.max(f64::MIN_POSITIVE).log10() - low) / (high - low);
        BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP)
    }

    fn draw_latencies(&self, svg: &mut String) -> fmt::Result {
        for decade in self.decades.0..=self.decades.1 {
            let micros = 10_f64.powi(decade);
            let y = self.y(micros);
            rule(svg, (LEFT, y), (RIGHT, y), RULE)?;
            text(svg, (LEFT - 8.0, y + 4.0), ("end", 13), &duration(micros))?;
            // The marks between two powers of ten show that the scale is logarithmic.
            for part in (2..10).filter(|_| decade < self.decades.1) {
                let y = self.y(micros * f64::from(part));
                rule(svg, (LEFT, y), (RIGHT, y), FAINT_RULE)?;
            }
        }
        let (x, y) = (18.0, f64::midpoint(TOP, BOTTOM));
        writeln!(
            svg,
            r#"<text x="{x}" y="{y:.1}" text-anchor="middle" transform="rotate(-90 {x} {y:.1})">latency, from when a call was due</text>"#
        )
    }

    fn draw_loads(&self, svg: &mut String) -> fmt::Result {
        let mut load = 0.0;
        while load <= self.most * 1.001 {
            let x = self.x(load);
            rule(svg, (x, TOP), (x, BOTTOM), FAINT_RULE)?;
            text(
                svg,
                (x, BOTTOM + 20.0),
                ("middle", 13),
                &thousands(load, self.most),
            )?;
            load += self.every;
        }
        rule(svg, (LEFT, BOTTOM), (RIGHT, BOTTOM), INK)?;
        rule(svg, (LEFT, TOP), (LEFT, BOTTOM), INK)?;
        let middle = f64::midpoint(LEFT, RIGHT);
        text(
            svg,
            (middle, BOTTOM + 42.0),
            ("middle", 13),
            "load, in calls due each second",
        )
    }

    fn draw_line(
        &self,
        svg: &mut String,
        color: &str,
        points: impl Iterator<Item = (f64, f64, bool)> + Clone,
    ) -> fmt::Result {
        let places = points.map(|(rate, micros, kept)| (self.x(rate), self.y(micros), kept));
        let line: Vec<_> = places
            .clone()
            .map(|(x, y, _)| format!("{x:.1},{y:.1}"))
            .collect();
        let line = line.join(" ");
        writeln!(
            svg,
            r#"<polyline fill="none" stroke="{color}" stroke-width="2" points="{line}"/>"#
        )?;
        for (x, y, kept_up) in places {
            let fill = if kept_up { color } else { "white" };
            writeln!(
                svg,
                r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{fill}" stroke="{color}"/>"#
            )?;
        }
        Ok(())
    }
}

fn draw_legend(svg: &mut String, number: usize, (name, color): (&str, &str)) -> fmt::Result {
    let y = TOP + 12.0 + 22.0 * f64::from(u16::try_from(number).unwrap_or_default());
    writeln!(
        svg,
        r#"<line x1="{x1}" y1="{y}" x2="{x2}" y2="{y}" stroke="{color}" stroke-width="3"/>"#,
        x1 = RIGHT + 16.0,
        x2 = RIGHT + 40.0,
    )?;
    text(svg, (RIGHT + 48.0, y + 4.0), ("start", 13), name)
}

fn rule(svg: &mut String, from: (f64, f64), to: (f64, f64), color: &str) -> fmt::Result {
    writeln!(
        svg,
        r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{color}"/>"#,
        from.0, from.1, to.0, to.1
    )
}

fn text(svg: &mut String, at: (f64, f64), (anchor, size): (&str, u8), words: &str) -> fmt::Result {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    writeln!(
        svg,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="{anchor}" font-size="{size}">{words}</text>"#,
        at.0, at.1
    )
}

/// The next of 1, 2, 5, 10, 20, 50, ... that is no less.
fn round_step(at_least: f64) -> f64 {
    let power = 10_f64.powf(at_least.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * power);
    let enough = steps.into_iter().find(|step| *step >= at_least);
    enough.unwrap_or(10.0 * power)
}

fn duration(micros: f64) -> String {
    if micros < 1e3 {
        format!("{micros} µs")
    } else if micros < 1e6 {
        format!("{} ms", micros / 1e3)
    } else {
        format!("{} s", micros / 1e6)
    }
}

/// All marks of one axis are in the same unit.
fn thousands(number: f64, most: f64) -> String {
    if most >= 10_000.0 && number > 0.0 {
        format!("{}k", number / 1e3)
    } else {
        format!("{number}")
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, and no latency comes near"
)]
const fn decade(power: f64) -> i32 {
    power as i32
}

/// A curve: its name, its color, and its percentile.
type Series = (&'static str, &'static str, fn(Latency) -> f64);

/// From the least to the greatest, in colors that can be told apart also by who sees no red.
const SERIES: [Series; 4] = [
    ("p50", "#0072b2", |latency| latency.p50),
    ("p90", "#009e73", |latency| latency.p90),
    ("p99", "#e69f00", |latency| latency.p99),
    ("p99.9", "#d55e00", |latency| latency.p999),
];

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 740.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 420.0;
const INK: &str = "#222222";
const RULE: &str = "#bbbbbb";
const FAINT_RULE: &str = "#eeeeee";

#[cfg(test)]
mod tests;
