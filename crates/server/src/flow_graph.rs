//! `callboard flow graph`: a flow as an SVG image.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use engine::flow::block_name;
use engine::flow::export::{Export, Wrapping};
use engine::flow::legacy;
use serde_json::Value;

/// Size of a block, in pixels.
const BLOCK: (f64, f64) = (190.0, 58.0);
/// From a block to the next of the automatic layout.
const PITCH: (f64, f64) = (300.0, 100.0);
/// How far apart blocks are drawn, where the console has them 1 apart: its blocks are smaller.
const SCALE: f64 = 1.3;
/// Empty space around the image.
const MARGIN: f64 = 40.0;
/// Longest text in a block or at an arrow, in characters.
const LABEL_CHARS_MAX: usize = 28;

/// A block of the image.
struct Block {
    identifier: String,
    title: String,
    detail: String,
    /// Its upper left corner.
    x: f64,
    y: f64,
}

/// An arrow from a block to a block.
struct Arrow {
    from: usize,
    to: usize,
    /// What it is for; empty for success.
    labels: Vec<String>,
}

/// Draws the flow of a file.
pub fn draw(text: &str) -> anyhow::Result<String> {
    let export = Export::read(text);
    let content = match export.wrapping {
        Wrapping::Legacy => legacy::convert(&export.content)?.content,
        Wrapping::Bare | Wrapping::Content | Wrapping::Described => export.content,
    };
    let root: Value = serde_json::from_str(&content).context("the content is not JSON")?;
    let actions = root.get("Actions").and_then(Value::as_array).context("the content has no list of Actions")?;
    if actions.is_empty() {
        bail!("the flow has no actions");
    }
    let mut blocks: Vec<Block> = actions.iter().map(block).collect();
    let places: HashMap<&str, usize> =
        actions.iter().enumerate().filter_map(|(place, action)| Some((string(action, "Identifier")?, place))).collect();
    let arrows = arrows(actions, &places);
    let start = root.get("StartAction").and_then(Value::as_str).and_then(|name| places.get(name)).copied().unwrap_or(0);
    if !place_by_metadata(&mut blocks, &root) {
        place_by_distance(&mut blocks, &arrows, start);
    }
    Ok(svg(export.name.as_deref().unwrap_or("flow"), &blocks, &arrows, start))
}

fn string<'v>(of: &'v Value, name: &str) -> Option<&'v str> {
    of.get(name).and_then(Value::as_str)
}

fn block(action: &Value) -> Block {
    let action_type = string(action, "Type").unwrap_or("?");
    let parameters = action.get("Parameters").and_then(Value::as_object);
    let detail = parameters.into_iter().flatten().find_map(|(name, value)| match value {
        Value::String(text) => Some(format!("{name}: {text}")),
        Value::Number(number) => Some(format!("{name}: {number}")),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
    Block {
        identifier: string(action, "Identifier").unwrap_or_default().to_owned(),
        title: block_name(action_type).unwrap_or(action_type).to_owned(),
        detail: detail.unwrap_or_else(|| action_type.to_owned()),
        x: 0.0,
        y: 0.0,
    }
}

/// One arrow for each pair of blocks, with everything that leads that way.
fn arrows(actions: &[Value], places: &HashMap<&str, usize>) -> Vec<Arrow> {
    let mut arrows: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for (from, action) in actions.iter().enumerate() {
        let Some(transitions) = action.get("Transitions") else { continue };
        let mut add = |branch: &Value, label: String| {
            if let Some(to) = string(branch, "NextAction").and_then(|name| places.get(name)) {
                arrows.entry((from, *to)).or_default().push(label);
            }
        };
        let branches = |name: &str| transitions.get(name).and_then(Value::as_array).into_iter().flatten();
        for branch in branches("Conditions") {
            let operator = branch.pointer("/Condition/Operator").and_then(Value::as_str).unwrap_or_default();
            let operand = branch.pointer("/Condition/Operands/0").and_then(Value::as_str).unwrap_or_default();
            let label = if operator == "Equals" { operand.to_owned() } else { format!("{operator} {operand}") };
            add(branch, label);
        }
        add(transitions, String::new());
        for branch in branches("Errors") {
            add(branch, string(branch, "ErrorType").unwrap_or("?").to_owned());
        }
    }
    let arrow = |((from, to), mut labels): ((usize, usize), Vec<String>)| {
        labels.retain(|label| !label.is_empty());
        labels.dedup();
        Arrow { from, to, labels }
    };
    arrows.into_iter().map(arrow).collect()
}

/// Takes the positions that the console wrote, when every block has one.
fn place_by_metadata(blocks: &mut [Block], root: &Value) -> bool {
    let Some(metadata) = root.pointer("/Metadata/ActionMetadata") else { return false };
    let position = |block: &Block| {
        let action = metadata.get(&block.identifier)?;
        let position = action.get("position").or_else(|| action.get("Position"))?;
        let coordinate = |lower: &str, upper: &str| position.get(lower).or_else(|| position.get(upper))?.as_f64();
        Some((coordinate("x", "X")? * SCALE, coordinate("y", "Y")? * SCALE))
    };
    let Some(positions) = blocks.iter().map(position).collect::<Option<Vec<_>>>() else { return false };
    for (block, (x, y)) in blocks.iter_mut().zip(positions) {
        (block.x, block.y) = (x, y);
    }
    true
}

/// Puts each block into the column of its distance from the start; what is not reached comes last.
fn place_by_distance(blocks: &mut [Block], arrows: &[Arrow], start: usize) {
    let mut columns: Vec<Option<usize>> = vec![None; blocks.len()];
    columns[start] = Some(0);
    let mut open = VecDeque::from([(start, 0)]);
    while let Some((from, column)) = open.pop_front() {
        for arrow in arrows.iter().filter(|arrow| arrow.from == from) {
            if columns[arrow.to].is_none() {
                columns[arrow.to] = Some(column + 1);
                open.push_back((arrow.to, column + 1));
            }
        }
    }
    let last = columns.iter().flatten().max().map_or(0, |column| column + 1);
    let mut rows: HashMap<usize, usize> = HashMap::new();
    for (block, column) in blocks.iter_mut().zip(columns) {
        let column = column.unwrap_or(last);
        let row = rows.entry(column).or_default();
        block.x = column as f64 * PITCH.0;
        block.y = *row as f64 * PITCH.1;
        *row += 1;
    }
}

fn svg(name: &str, blocks: &[Block], arrows: &[Arrow], start: usize) -> String {
    let (left, top) = blocks.iter().fold((f64::MAX, f64::MAX), |(x, y), block| (x.min(block.x), y.min(block.y)));
    let (right, bottom) = blocks.iter().fold((f64::MIN, f64::MIN), |(x, y), block| (x.max(block.x), y.max(block.y)));
    let (width, height) = (right - left + BLOCK.0 + 2.0 * MARGIN, bottom - top + BLOCK.1 + 2.0 * MARGIN);
    let at = |x: f64, y: f64| (x - left + MARGIN, y - top + MARGIN);
    let mut out = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" font-family="sans-serif" font-size="12">
<title>{}</title>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5f6b7a"/></marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
"##,
        escaped(name)
    );
    for arrow in arrows {
        draw_arrow(&mut out, arrow, &blocks[arrow.from], &blocks[arrow.to], &at);
    }
    for (place, block) in blocks.iter().enumerate() {
        let (x, y) = at(block.x, block.y);
        let stroke = if place == start { "#0972d3" } else { "#9ba7b6" };
        let Block { identifier, title, detail, .. } = block;
        let (title, detail, identifier) = (escaped(&short(title)), escaped(&short(detail)), escaped(identifier));
        let (text_x, title_y, detail_y) = (x + 12.0, y + 24.0, y + 43.0);
        let (w, h) = BLOCK;
        let _written = writeln!(
            out,
            r##"<g><title>{identifier}</title><rect x="{x:.0}" y="{y:.0}" width="{w:.0}" height="{h:.0}" rx="8" fill="#f6f8fa" stroke="{stroke}" stroke-width="2"/><text x="{text_x:.0}" y="{title_y:.0}" font-weight="bold" fill="#16191f">{title}</text><text x="{text_x:.0}" y="{detail_y:.0}" fill="#5f6b7a" font-size="10">{detail}</text></g>"##
        );
    }
    out.push_str("</svg>\n");
    out
}

/// From the right of a block to the left of the next; one that leads back goes below.
fn draw_arrow(out: &mut String, arrow: &Arrow, from: &Block, to: &Block, at: &dyn Fn(f64, f64) -> (f64, f64)) {
    let (x1, y1) = at(from.x + BLOCK.0, from.y + BLOCK.1 / 2.0);
    let (x2, y2) = at(to.x, to.y + BLOCK.1 / 2.0);
    let (reach, sag) = if x2 < x1 { (BLOCK.0 / 3.0, 1.5 * BLOCK.1) } else { ((x2 - x1) / 2.0, 0.0) };
    let (c1x, c1y, c2x, c2y) = (x1 + reach, y1 + sag, x2 - reach, y2 + sag);
    let label = short(&arrow.labels.join(", "));
    let is_error = !arrow.labels.is_empty() && arrow.labels.iter().all(|label| label.starts_with("NoMatching"));
    let dash = if is_error { r#" stroke-dasharray="5 4""# } else { "" };
    let _written = writeln!(
        out,
        r##"<path d="M{x1:.0} {y1:.0}C{c1x:.0} {c1y:.0} {c2x:.0} {c2y:.0} {x2:.0} {y2:.0}" fill="none" stroke="#5f6b7a"{dash} marker-end="url(#tip)"/>"##
    );
    if !label.is_empty() {
        let (x, y) = ((x1 + 3.0 * c1x + 3.0 * c2x + x2) / 8.0, (y1 + 3.0 * c1y + 3.0 * c2y + y2) / 8.0 - 4.0);
        let label = escaped(&label);
        let _written = writeln!(
            out,
            r##"<text x="{x:.0}" y="{y:.0}" text-anchor="middle" fill="#5f6b7a" font-size="10">{label}</text>"##
        );
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LABEL_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // No XML text has them.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    const FLOW: &str = r#"{"Version":"2019-10-30","StartAction":"c","Metadata":{"name":"A <flow>"},"Actions":[
        {"Identifier":"c","Type":"Compare","Parameters":{"ComparisonValue":"$.Attributes.tier & more than fits here"},"Transitions":{"NextAction":"e",
            "Errors":[{"ErrorType":"NoMatchingCondition","NextAction":"e"}],
            "Conditions":[{"NextAction":"w","Condition":{"Operator":"Equals","Operands":["gold"]}}]}},
        {"Identifier":"w","Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"c","Errors":[{"ErrorType":"NoMatchingError","NextAction":"nowhere"}]}},
        {"Identifier":"e","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}},
        {"Identifier":"alone","Type":"Unknown","Transitions":{}}]}"#;

    #[test]
    fn a_flow_without_positions_is_laid_out_by_distance() {
        expect![[r##"
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 870 238" width="870" height="238" font-family="sans-serif" font-size="12">
            <title>A &lt;flow&gt;</title>
            <defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5f6b7a"/></marker></defs>
            <rect width="100%" height="100%" fill="#ffffff"/>
            <path d="M230 69C285 69 285 69 340 69" fill="none" stroke="#5f6b7a" marker-end="url(#tip)"/>
            <text x="285" y="65" text-anchor="middle" fill="#5f6b7a" font-size="10">gold</text>
            <path d="M230 69C285 69 285 169 340 169" fill="none" stroke="#5f6b7a" stroke-dasharray="5 4" marker-end="url(#tip)"/>
            <text x="285" y="115" text-anchor="middle" fill="#5f6b7a" font-size="10">NoMatchingCondition</text>
            <path d="M530 69C593 156 -23 156 40 69" fill="none" stroke="#5f6b7a" marker-end="url(#tip)"/>
            <g><title>c</title><rect x="40" y="40" width="190" height="58" rx="8" fill="#f6f8fa" stroke="#0972d3" stroke-width="2"/><text x="52" y="64" font-weight="bold" fill="#16191f">Check contact attributes</text><text x="52" y="83" fill="#5f6b7a" font-size="10">ComparisonValue: $.Attribute…</text></g>
            <g><title>w</title><rect x="340" y="40" width="190" height="58" rx="8" fill="#f6f8fa" stroke="#9ba7b6" stroke-width="2"/><text x="352" y="64" font-weight="bold" fill="#16191f">Wait</text><text x="352" y="83" fill="#5f6b7a" font-size="10">TimeLimitSeconds: 60</text></g>
            <g><title>e</title><rect x="340" y="140" width="190" height="58" rx="8" fill="#f6f8fa" stroke="#9ba7b6" stroke-width="2"/><text x="352" y="164" font-weight="bold" fill="#16191f">Disconnect / hang up</text><text x="352" y="183" fill="#5f6b7a" font-size="10">DisconnectParticipant</text></g>
            <g><title>alone</title><rect x="640" y="40" width="190" height="58" rx="8" fill="#f6f8fa" stroke="#9ba7b6" stroke-width="2"/><text x="652" y="64" font-weight="bold" fill="#16191f">Unknown</text><text x="652" y="83" fill="#5f6b7a" font-size="10">Unknown</text></g>
            </svg>
        "##]].assert_eq(&draw(FLOW).unwrap());
    }

    #[test]
    fn positions_of_the_metadata_count_when_every_block_has_one() {
        let at = |x: i32, y: i32| format!(r#"{{"position":{{"x":{x},"y":{y}}}}}"#);
        let positions = format!(
            r#""ActionMetadata":{{"c":{},"w":{},"e":{},"alone":{}}},"name""#,
            at(-10, 0),
            at(200, 0),
            at(400, 300),
            at(0, 90)
        );
        let drawn = draw(&FLOW.replace(r#""name""#, &positions)).unwrap();
        let corners: Vec<&str> =
            drawn.lines().filter(|line| line.starts_with("<g>")).map(|line| line.split('"').nth(1).unwrap()).collect();
        assert_eq!(corners, ["40", "313", "573", "53"]);
        assert!(drawn.contains(r#"viewBox="0 0 803 528""#), "{drawn}");
    }

    #[test]
    fn what_is_no_flow_is_refused() {
        let refused = |text: &str| format!("{:#}", draw(text).unwrap_err());
        assert!(refused("{").starts_with("the content is not JSON"));
        assert_eq!(refused("{}"), "the content has no list of Actions");
        assert_eq!(refused(r#"{"Actions":[]}"#), "the flow has no actions");
    }
}
