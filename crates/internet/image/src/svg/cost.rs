//! The pixels that drawing a tree will touch, taken from the budget before.

use resvg::usvg::{Group, Node, Tree, filter::Kind};
use sekisho_disarm::{Budget, Refusal};

/// Pixels touched that count as one step: some 800 million for a whole budget,
/// a few seconds.
const PIXELS_A_STEP: f64 = 16.0;

/// Times the pixels that one primitive of a filter touches its region.
const FILTER: f64 = 8.0;

/// Takes what drawing `tree` at `scale` on a canvas costs.
///
/// # Errors
/// [`Refusal::TooLarge`] when the budget does not have it.
pub(super) fn charge(tree: &Tree, scale: f32, canvas: (u32, u32), budget: &mut Budget) -> Result<(), Refusal> {
    let canvas = (f64::from(canvas.0), f64::from(canvas.1));
    // Groups, and those that masks, clips, patterns and filters draw; an explicit
    // stack, though the survey has bounded the depth.
    let mut waiting: Vec<&Group> = vec![tree.root()];
    let mut walk = Walk { scale: f64::from(scale), canvas, budget };
    while let Some(group) = waiting.pop() {
        walk.group(group)?;
        for node in group.children() {
            walk.node(node)?;
            if let Node::Group(inner) = node {
                waiting.push(inner);
            }
            if let Node::Text(text) = node {
                waiting.push(text.flattened());
            }
            walk.subroots(node)?;
        }
    }
    Ok(())
}

struct Walk<'a> {
    scale: f64,
    canvas: (f64, f64),
    budget: &'a mut Budget,
}

impl Walk<'_> {
    /// A layer of its own for opacity, masks, clips and filters.
    fn group(&mut self, group: &Group) -> Result<(), Refusal> {
        if !group.should_isolate() {
            return self.pixels(16.0);
        }
        let layer = group.abs_layer_bounding_box();
        let area = self.area(layer.width(), layer.height(), 2.0);
        let mut times = 4.0;
        for primitive in group.filters().iter().flat_map(|filter| filter.primitives()) {
            times += match primitive.kind() {
                Kind::ConvolveMatrix(matrix) => {
                    f64::from(matrix.matrix().columns()) * f64::from(matrix.matrix().rows())
                }
                Kind::Turbulence(turbulence) => f64::from(turbulence.num_octaves().min(1000)) * 8.0,
                Kind::Morphology(morphology) => {
                    let radius = f64::from(morphology.radius_x().get().max(morphology.radius_y().get())) * self.scale;
                    radius * 8.0
                }
                _ => 0.0,
            } + FILTER;
        }
        self.pixels(area * times)
    }

    fn node(&mut self, node: &Node) -> Result<(), Refusal> {
        let bounds = node.abs_stroke_bounding_box();
        let area = self.area(bounds.width(), bounds.height(), 1.0);
        #[expect(clippy::cast_precision_loss, reason = "a cost")]
        let segments = match node {
            Node::Path(path) => path.data().len() as f64 * 16.0,
            Node::Group(_) | Node::Image(_) | Node::Text(_) => 16.0,
        };
        // A row of pixels is walked for each segment at least once.
        self.pixels(area + segments)
    }

    /// What masks, clips, patterns and pictures of filters draw, each as often
    /// as it is named. They are small trees; each is charged whole.
    fn subroots(&mut self, node: &Node) -> Result<(), Refusal> {
        let mut outcome = Ok(());
        node.subroots(|group| {
            if outcome.is_ok() {
                outcome = self.whole(group);
            }
        });
        outcome
    }

    /// All of `group`, as if each node covered the canvas.
    fn whole(&mut self, group: &Group) -> Result<(), Refusal> {
        self.group(group)?;
        for node in group.children() {
            let area = self.canvas.0 * self.canvas.1 / 4.0;
            self.pixels(match node {
                Node::Group(_) | Node::Text(_) => 16.0,
                Node::Path(_) | Node::Image(_) => area,
            })?;
            if let Node::Group(inner) = node {
                // As deep as the drawing, which the survey has bounded.
                self.whole(inner)?;
            }
            self.subroots(node)?;
        }
        Ok(())
    }

    /// Pixels of a rectangle that lie on the canvas (or `times` of its sides).
    fn area(&self, width: f32, height: f32, times: f64) -> f64 {
        let side = |length: f32, most: f64| (f64::from(length) * self.scale).clamp(1.0, most * times);
        side(width, self.canvas.0) * side(height, self.canvas.1)
    }

    fn pixels(&mut self, count: f64) -> Result<(), Refusal> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float's cast saturates")]
        self.budget.steps((count / PIXELS_A_STEP) as u64 + 1)
    }
}
