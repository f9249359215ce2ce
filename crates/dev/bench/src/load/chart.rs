//! Charts as SVG inside a page: no script, nothing to fetch.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::words::number;

/// Of a chart, in its own units; the page scales it.
const SIZE: (f64, f64) = (720.0, 260.0);

/// Room for the labels: left, top, right, bottom.
const ROOM: (f64, f64, f64, f64) = (64.0, 28.0, 16.0, 40.0);

/// Lines of the grid, about.
const LINES: f64 = 5.0;

/// One line or set of bars.
#[derive(Debug, Clone)]
pub struct Series {
    /// In the legend.
    pub name: String,
    /// x and y.
    pub points: Vec<(f64, f64)>,
}

/// A chart of lines over an axis of numbers that reaches at least to `right`:
/// charts of one run have one axis.
pub fn lines(title: &str, x_label: &str, right: f64, series: &[Series]) -> String {
    let points = || series.iter().flat_map(|series| &series.points);
    let right = points().map(|(x, _)| *x).fold(right, f64::max);
    let mut chart = Chart::new(title, x_label, points().map(|(_, y)| *y).fold(0.0, f64::max));
    let step = nice(right / LINES);
    let right = right.max(step);
    let x = |value: f64| ROOM.0 + value / right * (SIZE.0 - ROOM.0 - ROOM.2);
    let mut at = 0.0;
    while at <= right * 1.0001 {
        chart.label_below(x(at), &plain(at));
        at += step;
    }
    for (which, series) in series.iter().enumerate() {
        let path: Vec<String> =
            series.points.iter().map(|(at, value)| format!("{:.1},{:.1}", x(*at), chart.y(*value))).collect();
        chart.put(&format!("<polyline class=\"s{which}\" points=\"{}\"/>", path.join(" ")));
    }
    chart.legend(series);
    chart.end()
}

/// A chart of bars side by side; `labels` stand below.
pub fn bars(title: &str, x_label: &str, labels: &[String], series: &[Series]) -> String {
    let top = series.iter().flat_map(|series| &series.points).map(|(_, y)| *y).fold(0.0, f64::max);
    let mut chart = Chart::new(title, x_label, top);
    let slot = (SIZE.0 - ROOM.0 - ROOM.2) / labels.len().max(1) as f64;
    let every = labels.len().div_ceil(12).max(1);
    for (at, label) in labels.iter().enumerate().step_by(every) {
        chart.label_below(ROOM.0 + (at as f64 + 0.5) * slot, label);
    }
    let width = slot * 0.9 / series.len().max(1) as f64;
    for (which, series) in series.iter().enumerate() {
        for (at, value) in series.points.iter().filter(|(_, value)| *value > 0.0) {
            let (x, y) = (ROOM.0 + at * slot + slot * 0.05 + which as f64 * width, chart.y(*value));
            let height = SIZE.1 - ROOM.3 - y;
            chart.put(&format!(
                "<rect class=\"b{which}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{}</title></rect>",
                plain(*value)
            ));
        }
    }
    chart.legend(series);
    chart.end()
}

struct Chart {
    svg: String,
    top: f64,
}

impl Chart {
    fn new(title: &str, x_label: &str, highest: f64) -> Self {
        let (width, height) = SIZE;
        let title = escaped(title);
        let svg = format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\
             <text class=\"title\" x=\"{}\" y=\"16\">{title}</text>\
             <text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            ROOM.0,
            width - ROOM.2,
            height - 6.0,
            escaped(x_label)
        );
        let step = nice(highest / LINES);
        let mut chart = Self { svg, top: (highest / step).ceil().max(1.0) * step };
        let mut at = 0.0;
        while at <= chart.top * 1.0001 {
            let y = chart.y(at);
            chart.put(&format!(
                "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"axis\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                ROOM.0,
                width - ROOM.2,
                ROOM.0 - 6.0,
                y + 4.0,
                plain(at)
            ));
            at += step;
        }
        chart
    }

    fn y(&self, value: f64) -> f64 {
        SIZE.1 - ROOM.3 - value / self.top * (SIZE.1 - ROOM.1 - ROOM.3)
    }

    fn put(&mut self, svg: &str) {
        self.svg.push_str(svg);
    }

    fn label_below(&mut self, x: f64, label: &str) {
        let y = SIZE.1 - ROOM.3 + 16.0;
        // A string takes every write.
        let _ = write!(
            self.svg,
            "<text class=\"axis\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
            escaped(label)
        );
    }

    /// Above the chart, to the right, in the order of the series.
    fn legend(&mut self, series: &[Series]) {
        let mut right = SIZE.0 - ROOM.2;
        for (which, series) in series.iter().enumerate().rev() {
            let _ = write!(
                self.svg,
                "<text class=\"legend l{which}\" x=\"{right:.1}\" y=\"16\" text-anchor=\"end\">● {}</text>",
                escaped(&series.name)
            );
            // A column is about 6 units wide, the mark and the gap two columns each.
            right -= 6.5 * (series.name.width() + 5) as f64;
        }
    }

    fn end(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

/// The next of 1, 2, 5 times a power of ten.
fn nice(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|step| *step >= value * 0.999).unwrap_or(power)
}

/// Without digits that say nothing.
fn plain(value: f64) -> String {
    if value >= 1000.0 {
        return number(value);
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

/// Text inside markup.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_nice() {
        for (value, step) in [(0.0, 1.0), (0.03, 0.05), (1.0, 1.0), (1.3, 2.0), (7.0, 10.0), (230.0, 500.0)] {
            assert!((nice(value) - step).abs() < 1e-9, "{value}");
        }
        assert_eq!([plain(0.0), plain(0.25), plain(1200.0)], ["0", "0.25", "1,200"]);
    }

    #[test]
    fn a_chart_of_nothing_stands() {
        let none = Series { name: "a<b".to_owned(), points: Vec::new() };
        for chart in [lines("t", "x", 0.0, std::slice::from_ref(&none)), bars("t", "x", &[], &[none])] {
            assert!(chart.starts_with("<svg") && chart.ends_with("</svg>\n"));
            assert!(chart.contains("a&lt;b") && !chart.contains("NaN") && !chart.contains("inf"));
        }
    }
}
