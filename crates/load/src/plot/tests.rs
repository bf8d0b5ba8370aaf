//! That a plot is XML, and that what it shows is in its place.

use super::*;
use crate::failure::Failures;

#[test]
fn a_plot_is_well_formed_whatever_its_title_is() {
    let svg = plot("check <of> a & b", &steps());
    assert_eq!(opened_and_never_closed(&svg), Vec::<&str>::new());
    assert!(svg.contains("check &lt;of> a &amp; b"), "{svg}");
}

#[test]
fn what_is_not_well_formed_would_be_found() {
    assert_eq!(opened_and_never_closed("<a><b></a>"), ["a", "b", "/a"]);
    assert_eq!(opened_and_never_closed("<a><b/></a>"), Vec::<&str>::new());
}

#[test]
fn there_are_axes_with_units_a_legend_and_a_point_for_each_percentile_of_each_load() {
    let svg = plot("check", &steps());
    for part in [
        ">load, in calls due each second<",
        ">latency, from when a call was due<",
        ">100 µs<",
        ">1 ms<",
        ">10 ms<",
        ">2000<",
        ">p50<",
        ">p90<",
        ">p99<",
        ">p99.9<",
    ] {
        assert!(svg.contains(part), "{part} in {svg}");
    }
    assert_eq!(svg.matches("<circle").count(), 4 * 3);
    assert_eq!(svg.matches("<polyline").count(), 4);
}

#[test]
fn a_load_that_was_not_kept_up_with_has_hollow_points_and_a_legend() {
    let svg = plot("check", &steps());
    assert!(!svg.contains("hollow"), "{svg}");
    let mut steps = steps();
    steps[2].kept_up = false;
    let svg = plot("check", &steps);
    let hollow = svg.lines().filter(|line| line.starts_with("<circle"));
    let hollow = hollow.filter(|line| line.contains(r#"fill="white""#));
    assert_eq!(hollow.count(), 4);
    assert!(svg.contains(">hollow: behind<"), "{svg}");
    assert_eq!(opened_and_never_closed(&svg), Vec::<&str>::new());
}

#[test]
fn the_scale_of_latencies_is_logarithmic_and_that_of_loads_is_not() {
    let frame = Frame {
        most: 100.0,
        every: 10.0,
        decades: (2, 4),
    };
    assert!((frame.y(100.0) - BOTTOM).abs() < 1e-9);
    assert!((frame.y(1e3) - f64::midpoint(TOP, BOTTOM)).abs() < 1e-9);
    assert!((frame.y(1e4) - TOP).abs() < 1e-9);
    assert!((frame.x(50.0) - f64::midpoint(LEFT, RIGHT)).abs() < 1e-9);
}

#[test]
fn marks_are_at_round_numbers() {
    for (at_least, step) in [(1.0, 1.0), (1.1, 2.0), (3.0, 5.0), (700.0, 1000.0)] {
        assert!((round_step(at_least) - step).abs() < 1e-9, "{at_least}");
    }
}

#[test]
fn the_marks_of_an_axis_are_all_in_one_unit() {
    let marks = |most| [0.0, 5e3, most].map(|load| thousands(load, most));
    assert_eq!(marks(15e3), ["0", "5k", "15k"]);
    assert_eq!(marks(6e3), ["0", "5000", "6000"]);
}

#[test]
fn a_plot_of_nothing_is_empty_and_still_a_plot() {
    let svg = plot("check", &[]);
    assert_eq!(opened_and_never_closed(&svg), Vec::<&str>::new());
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

/// The elements that are left over once each that is closed right after what it holds is taken away.
fn opened_and_never_closed(xml: &str) -> Vec<&str> {
    let mut open = Vec::new();
    for piece in xml.split('<').skip(1) {
        let (tag, between) = piece.split_once('>').expect("a tag ends");
        assert!(tag.matches('"').count() % 2 == 0, "{tag}");
        assert!(
            between
                .replace("&lt;", "")
                .replace("&amp;", "")
                .find('&')
                .is_none()
        );
        let name = tag.split_whitespace().next().expect("a name");
        let closes = name.strip_prefix('/');
        if closes.is_some() && open.last().copied() == closes {
            open.pop();
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    open
}

fn steps() -> Vec<Step> {
    let step = |rate, p50| Step {
        rate_per_second: rate,
        answered_per_second: rate,
        not_sent: 0,
        kept_up: true,
        latency_us: Latency {
            p50,
            p90: p50 * 1.5,
            p99: p50 * 4.0,
            p999: p50 * 9.0,
            max: p50 * 20.0,
        },
        failed: Failures::default(),
    };
    vec![
        step(1000.0, 150.0),
        step(2000.0, 210.0),
        step(3000.0, 900.0),
    ]
}
