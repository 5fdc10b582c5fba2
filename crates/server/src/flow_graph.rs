//! `callboard flow graph`: a flow as an SVG image.
//!
//! A block has a line for each of its branches, and from there an arrow to the block that follows, as in the console:
//! nothing has to be written at an arrow. Branches of errors are red and dashed.

mod layout;

use std::collections::HashMap;
use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use engine::flow::block_name;
use engine::flow::document::parse_json;
use engine::flow::export::{Export, Wrapping};
use engine::flow::legacy;
use serde_json::Value;

use self::layout::Lanes;

/// Width of a block, in pixels.
const SIZE: f64 = 220.0;
/// Height of the part of a block above its branches.
const HEADER: f64 = 52.0;
/// Height of a branch.
const ROW: f64 = 18.0;
/// How far below the top of a block arrows come in.
const ENTRY: f64 = 26.0;
/// Empty space around the image, with room for arrows that lead back.
const MARGIN: f64 = 60.0;
/// How far an arrow that leads back keeps from blocks.
const DETOUR: f64 = 22.0;
/// Radius of its corners.
const CORNER: f64 = 8.0;
/// Room for a text in a block.
const TEXT_ROOM: f64 = 196.0;
/// Size of a title: 12, and a tenth more because it is bold.
const TITLE_SIZE: f64 = 13.2;
/// Size of other texts in a block.
const TEXT_SIZE: f64 = 10.0;
/// Parameters that say least about what an action does.
const DULL: &[&str] = &["InvocationTimeLimitSeconds", "InvocationType", "TargetContact", "SkipWhenDTMFBufferEnabled"];

/// A block of the image.
struct Block {
    identifier: String,
    title: String,
    detail: String,
    ports: Vec<Port>,
    /// Its upper left corner.
    x: f64,
    y: f64,
}

/// Branches of a block that lead to the same block.
struct Port {
    label: String,
    is_error: bool,
    /// None when there is no such block.
    to: Option<usize>,
}

impl Block {
    fn height(&self) -> f64 {
        let rows = self.ports.len() as f64;
        HEADER + rows * ROW + if self.ports.is_empty() { 0.0 } else { 6.0 }
    }

    fn port_y(&self, port: usize) -> f64 {
        self.y + HEADER + (port as f64 + 0.5) * ROW
    }
}

/// Draws the flow of a file.
pub fn draw(text: &str) -> anyhow::Result<String> {
    let export = Export::read(text);
    let content = match export.wrapping {
        Wrapping::Legacy => legacy::convert(&export.content)?.content,
        Wrapping::Bare | Wrapping::Content | Wrapping::Described => export.content,
    };
    let root = parse_json(&content).map_err(anyhow::Error::msg).context("the content is not JSON")?;
    let actions = root.get("Actions").and_then(Value::as_array).context("the content has no list of Actions")?;
    if actions.is_empty() {
        bail!("the flow has no actions");
    }
    let places: HashMap<&str, usize> =
        actions.iter().enumerate().filter_map(|(place, action)| Some((string(action, "Identifier")?, place))).collect();
    let mut blocks: Vec<Block> = actions.iter().map(|action| block(action, &places)).collect();
    let start = root.get("StartAction").and_then(Value::as_str).and_then(|name| places.get(name)).copied().unwrap_or(0);
    let lanes = match positions(&blocks, &root) {
        Some(positions) => {
            layout::by_metadata(&mut blocks, &positions);
            Lanes::default()
        }
        None => layout::by_columns(&mut blocks, start),
    };
    Ok(svg(export.name.as_deref().unwrap_or("flow"), blocks, lanes, start))
}

fn string<'v>(of: &'v Value, name: &str) -> Option<&'v str> {
    of.get(name).and_then(Value::as_str)
}

fn block(action: &Value, places: &HashMap<&str, usize>) -> Block {
    let action_type = string(action, "Type").unwrap_or("?");
    Block {
        identifier: string(action, "Identifier").unwrap_or_default().to_owned(),
        title: block_name(action_type).unwrap_or(action_type).to_owned(),
        detail: detail(action).unwrap_or_else(|| action_type.to_owned()),
        ports: ports(action, places),
        x: 0.0,
        y: 0.0,
    }
}

/// The parameter that says most.
fn detail(action: &Value) -> Option<String> {
    let parameters = action.get("Parameters")?.as_object()?;
    let shown = |value: &Value| match value {
        Value::String(text) => Some(last_of_arn(text).to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let text = |(name, value): (&String, &Value)| match value {
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            let value = shown(value.get("Value").unwrap_or(value))?;
            Some(format!("{key}: {value}"))
        }),
        value => shown(value).map(|value| format!("{name}: {value}")),
    };
    let (dull, telling): (Vec<_>, Vec<_>) = parameters.iter().partition(|(name, _)| DULL.contains(&name.as_str()));
    telling.into_iter().chain(dull).find_map(text)
}

/// The name at the end of an ARN.
fn last_of_arn(text: &str) -> &str {
    if text.starts_with("arn:") { text.rsplit(['/', ':']).next().unwrap_or(text) } else { text }
}

/// A line for each block that branches lead to, errors apart from the others.
fn ports(action: &Value, places: &HashMap<&str, usize>) -> Vec<Port> {
    let Some(transitions) = action.get("Transitions") else { return Vec::new() };
    let mut ports: Vec<Port> = Vec::new();
    let mut add = |target: Option<&str>, label: String, is_error: bool| {
        let Some(target) = target else { return };
        let to = places.get(target).copied();
        match ports.iter_mut().find(|port| to.is_some() && port.to == to && port.is_error == is_error) {
            Some(port) => {
                port.label.push_str(", ");
                port.label.push_str(&label);
            }
            None => ports.push(Port { label, is_error, to }),
        }
    };
    let branches = |name: &str| transitions.get(name).and_then(Value::as_array).into_iter().flatten();
    for branch in branches("Conditions") {
        let operator = branch.pointer("/Condition/Operator").and_then(Value::as_str).unwrap_or_default();
        let operand = branch.pointer("/Condition/Operands/0").and_then(Value::as_str).unwrap_or_default();
        add(string(branch, "NextAction"), format!("{}{operand}", sign(operator)), false);
    }
    // NextAction says nothing new where there are conditions: the language wants it, and one of the branches goes the same way.
    let next = string(transitions, "NextAction");
    let goes_there = |branch: &Value| string(branch, "NextAction") == next;
    let conditional = branches("Conditions").next().is_some();
    if !conditional || !branches("Conditions").chain(branches("Errors")).any(goes_there) {
        add(next, "Success".to_owned(), false);
    }
    for branch in branches("Errors") {
        let label = match string(branch, "ErrorType").unwrap_or("?") {
            "NoMatchingError" => "Error",
            "NoMatchingCondition" => "No match",
            other => other,
        };
        add(string(branch, "NextAction"), label.to_owned(), true);
    }
    ports
}

/// How an operator is written before its operand.
fn sign(operator: &str) -> &str {
    match operator {
        "Equals" => "= ",
        "NumberGreaterThan" => "> ",
        "NumberGreaterOrEqualTo" => "≥ ",
        "NumberLessThan" => "< ",
        "NumberLessOrEqualTo" => "≤ ",
        "TextStartsWith" => "starts with ",
        "TextEndsWith" => "ends with ",
        "TextContains" => "contains ",
        "KeyExists" => "has key ",
        _ => "? ",
    }
}

/// The positions that the console wrote, when every block has one.
fn positions(blocks: &[Block], root: &Value) -> Option<Vec<(f64, f64)>> {
    let metadata = root.pointer("/Metadata/ActionMetadata")?;
    let position = |block: &Block| {
        let action = metadata.get(&block.identifier)?;
        let position = action.get("position").or_else(|| action.get("Position"))?;
        let coordinate = |lower: &str, upper: &str| position.get(lower).or_else(|| position.get(upper))?.as_f64();
        Some((coordinate("x", "X")?, coordinate("y", "Y")?))
    };
    blocks.iter().map(position).collect()
}

fn svg(name: &str, mut blocks: Vec<Block>, mut lanes: Lanes, start: usize) -> String {
    let (left, top) = blocks.iter().fold((f64::MAX, f64::MAX), |(x, y), block| (x.min(block.x), y.min(block.y)));
    for block in &mut blocks {
        (block.x, block.y) = (block.x - left + MARGIN, block.y - top + MARGIN);
    }
    lanes.shift(MARGIN - left, MARGIN - top);
    let right = blocks.iter().map(|block| block.x + SIZE).fold(0.0, f64::max);
    let bottom = blocks.iter().map(Block::bottom).fold(0.0, f64::max);
    let (width, height) = (right + MARGIN, bottom + MARGIN);
    let mut out = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" font-family="sans-serif" font-size="12">
<title>{}</title>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5f6b7a"/></marker><marker id="error" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#c33d2e"/></marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
"##,
        escaped(name)
    );
    for (from, block) in blocks.iter().enumerate() {
        for (port, given) in block.ports.iter().enumerate() {
            let Some(to) = given.to else { continue };
            let way = way(&blocks, from, port, to, &lanes.of(from, to, given.is_error));
            let (color, dash, tip) = if given.is_error {
                ("#c33d2e", r#" stroke-dasharray="5 4""#, "error")
            } else {
                ("#5f6b7a", "", "tip")
            };
            let _written =
                writeln!(out, r##"<path d="{way}" fill="none" stroke="{color}"{dash} marker-end="url(#{tip})"/>"##);
        }
    }
    for (place, block) in blocks.iter().enumerate() {
        draw_block(&mut out, block, place == start);
    }
    out.push_str("</svg>\n");
    out
}

fn draw_block(out: &mut String, block: &Block, is_start: bool) {
    let Block { identifier, title, detail, ports, x, y } = block;
    let stroke = if is_start { "#0972d3" } else { "#9ba7b6" };
    let (h, text_x, title_y, detail_y) = (block.height(), x + 12.0, y + 22.0, y + 40.0);
    let (title, detail) = (escaped(&short(title, TITLE_SIZE)), escaped(&short(detail, TEXT_SIZE)));
    let identifier = escaped(identifier);
    let _written = write!(
        out,
        r##"<g><title>{identifier}</title><rect x="{x:.0}" y="{y:.0}" width="{SIZE:.0}" height="{h:.0}" rx="8" fill="#f6f8fa" stroke="{stroke}" stroke-width="2"/><text x="{text_x:.0}" y="{title_y:.0}" font-weight="bold" fill="#16191f">{title}</text><text x="{text_x:.0}" y="{detail_y:.0}" fill="#5f6b7a" font-size="10">{detail}</text>"##
    );
    for (port, given) in ports.iter().enumerate() {
        let color = if given.is_error { "#c33d2e" } else { "#16191f" };
        let label = match given.to {
            Some(_) => escaped(&short(&given.label, TEXT_SIZE)),
            None => escaped(&short(&format!("{}: no such block", given.label), TEXT_SIZE)),
        };
        let (line_x, center) = (x + SIZE, block.port_y(port));
        let (label_x, label_y, line_y) = (line_x - 10.0, center + 3.5, center - ROW / 2.0);
        let _written = write!(
            out,
            r##"<path d="M{x:.0} {line_y:.0}H{line_x:.0}" stroke="#d9dee4"/><text x="{label_x:.0}" y="{label_y:.0}" text-anchor="end" fill="{color}" font-size="10">{label}</text>"##
        );
    }
    out.push_str("</g>\n");
}

/// From a branch at the right of a block, through the lanes, to the left of the block that follows. An arrow that leads
/// back goes around both blocks.
fn way(blocks: &[Block], from: usize, port: usize, to: usize, lanes: &[(f64, f64)]) -> String {
    let (source, target) = (&blocks[from], &blocks[to]);
    let (x, y) = (source.x + SIZE, source.port_y(port));
    let (end_x, end_y) = (target.x, target.y + ENTRY);
    if end_x - x < CORNER {
        return detour(blocks, (from, port), to);
    }
    let mut way = format!("M{x:.0} {y:.0}");
    let (mut x, mut y) = (x, y);
    let mut curve = |to_x: f64, to_y: f64, x: f64, y: f64| {
        let middle = x.midpoint(to_x);
        let _written = write!(way, "C{middle:.0} {y:.0} {middle:.0} {to_y:.0} {to_x:.0} {to_y:.0}");
    };
    for (lane_x, lane_y) in lanes {
        curve(*lane_x, *lane_y, x, y);
        // Straight through the column.
        curve(lane_x + SIZE, *lane_y, *lane_x, *lane_y);
        (x, y) = (lane_x + SIZE, *lane_y);
    }
    curve(end_x, end_y, x, y);
    way
}

/// Out to the right, along between the blocks, and in from the left; arrows of different branches beside each other.
fn detour(blocks: &[Block], (from, port): (usize, usize), to: usize) -> String {
    let (source, target) = (&blocks[from], &blocks[to]);
    let (x, y) = (source.x + SIZE, source.port_y(port));
    let (end_x, end_y) = (target.x, target.y + ENTRY);
    let aside = (port % 4) as f64 * 4.0;
    let (out_x, in_x) = (x + DETOUR - aside, end_x - DETOUR + aside);
    let wanted = if target.y - source.bottom() > DETOUR {
        source.bottom().midpoint(target.y)
    } else if source.y - target.bottom() > DETOUR {
        target.bottom().midpoint(source.y)
    } else {
        source.bottom().max(target.bottom()) + DETOUR / 2.0
    };
    let along = free_height(blocks, in_x.min(out_x), in_x.max(out_x), wanted) + aside;
    let corners = [(out_x, y), (out_x, along), (in_x, along), (in_x, end_y)];
    let mut way = format!("M{x:.0} {y:.0}");
    let ends = [(x, y)].into_iter().chain(corners).chain([(end_x, end_y)]).collect::<Vec<_>>();
    for three in ends.windows(3) {
        let [before, corner, after] = three else { unreachable!("windows of three") };
        let (enter, leave) = (towards(*corner, *before), towards(*corner, *after));
        let _written =
            write!(way, "L{:.0} {:.0}Q{:.0} {:.0} {:.0} {:.0}", enter.0, enter.1, corner.0, corner.1, leave.0, leave.1);
    }
    let _written = write!(way, "L{end_x:.0} {end_y:.0}");
    way
}

/// The height nearest to the wanted one at which nothing lies from left to right.
fn free_height(blocks: &[Block], left: f64, right: f64, wanted: f64) -> f64 {
    let room = DETOUR / 2.0;
    let between = blocks.iter().filter(|block| block.x < right && block.x + SIZE > left);
    let taken: Vec<(f64, f64)> = between.map(|block| (block.y - room, block.bottom() + room)).collect();
    let is_free = |height: &f64| taken.iter().all(|(top, bottom)| height <= top || height >= bottom);
    let edges = taken.iter().flat_map(|(top, bottom)| [*top, *bottom]);
    let free = edges.chain([wanted]).filter(is_free);
    free.min_by(|a, b| (a - wanted).abs().total_cmp(&(b - wanted).abs())).unwrap_or(wanted)
}

/// A point near a corner, on the way to another point.
fn towards(corner: (f64, f64), point: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (point.0 - corner.0, point.1 - corner.1);
    let length = dx.hypot(dy);
    let part = if length == 0.0 { 0.0 } else { (CORNER / length).min(0.5) };
    (corner.0 + dx * part, corner.1 + dy * part)
}

/// As much of a text as fits, by what the characters of common fonts take.
fn short(text: &str, size: f64) -> String {
    let mut room = TEXT_ROOM / size;
    for (at, c) in text.char_indices() {
        room -= match c {
            'i' | 'j' | 'l' | 'f' | 't' | 'r' | ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '(' | ')' | '[' | ']' => 0.4,
            'm' | 'w' => 0.95,
            c if c.is_ascii_lowercase() || c.is_ascii_digit() => 0.63,
            c if c.is_ascii() => 0.72,
            _ => 1.0,
        };
        if room < 0.0 {
            return format!("{}…", text[..at].trim_end());
        }
    }
    text.to_owned()
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
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 294" width="680" height="294" font-family="sans-serif" font-size="12">
            <title>A &lt;flow&gt;</title>
            <defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5f6b7a"/></marker><marker id="error" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#c33d2e"/></marker></defs>
            <rect width="100%" height="100%" fill="#ffffff"/>
            <path d="M280 121C340 121 340 86 400 86" fill="none" stroke="#5f6b7a" marker-end="url(#tip)"/>
            <path d="M280 139C340 139 340 208 400 208" fill="none" stroke="#c33d2e" stroke-dasharray="5 4" marker-end="url(#error)"/>
            <path d="M620 121L634 121Q642 121 642 129L642 157Q642 165 634 165L46 165Q38 165 38 157L38 94Q38 86 46 86L60 86" fill="none" stroke="#5f6b7a" marker-end="url(#tip)"/>
            <g><title>c</title><rect x="60" y="60" width="220" height="94" rx="8" fill="#f6f8fa" stroke="#0972d3" stroke-width="2"/><text x="72" y="82" font-weight="bold" fill="#16191f">Check contact attributes</text><text x="72" y="100" fill="#5f6b7a" font-size="10">ComparisonValue: $.Attributes.tier…</text><path d="M60 112H280" stroke="#d9dee4"/><text x="270" y="124" text-anchor="end" fill="#16191f" font-size="10">= gold</text><path d="M60 130H280" stroke="#d9dee4"/><text x="270" y="142" text-anchor="end" fill="#c33d2e" font-size="10">No match</text></g>
            <g><title>w</title><rect x="400" y="60" width="220" height="94" rx="8" fill="#f6f8fa" stroke="#9ba7b6" stroke-width="2"/><text x="412" y="82" font-weight="bold" fill="#16191f">Wait</text><text x="412" y="100" fill="#5f6b7a" font-size="10">TimeLimitSeconds: 60</text><path d="M400 112H620" stroke="#d9dee4"/><text x="610" y="124" text-anchor="end" fill="#16191f" font-size="10">Success</text><path d="M400 130H620" stroke="#d9dee4"/><text x="610" y="142" text-anchor="end" fill="#c33d2e" font-size="10">Error: no such block</text></g>
            <g><title>e</title><rect x="400" y="182" width="220" height="52" rx="8" fill="#f6f8fa" stroke="#9ba7b6" stroke-width="2"/><text x="412" y="204" font-weight="bold" fill="#16191f">Disconnect / hang up</text><text x="412" y="222" fill="#5f6b7a" font-size="10">DisconnectParticipant</text></g>
            <g><title>alone</title><rect x="60" y="182" width="220" height="52" rx="8" fill="#f6f8fa" stroke="#9ba7b6" stroke-width="2"/><text x="72" y="204" font-weight="bold" fill="#16191f">Unknown</text><text x="72" y="222" fill="#5f6b7a" font-size="10">Unknown</text></g>
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
        assert_eq!(corners, ["60", "344", "614", "74"]);
        assert!(drawn.contains(r#"viewBox="0 0 894 577""#), "{drawn}");
    }

    #[test]
    fn no_block_lies_on_another_and_no_arrow_back_crosses_one() {
        let at = |x: i32, y: i32| format!(r#"{{"position":{{"x":{x},"y":{y}}}}}"#);
        let positions = format!(r#""ActionMetadata":{{"c":{0},"w":{0},"e":{0},"alone":{0}}},"name""#, at(0, 0));
        let drawn = draw(&FLOW.replace(r#""name""#, &positions)).unwrap();
        let tops = drawn.lines().filter(|line| line.starts_with("<g>")).map(|line| line.split('"').nth(3).unwrap());
        assert_eq!(tops.collect::<Vec<_>>(), ["60", "182", "304", "384"]);
        let block = |y| Block {
            identifier: String::new(),
            title: String::new(),
            detail: String::new(),
            ports: Vec::new(),
            x: 0.0,
            y,
        };
        let blocks = [block(0.0), block(60.0), block(200.0)];
        assert_eq!(free_height(&blocks, -10.0, 300.0, 40.0), -11.0);
        assert_eq!(free_height(&blocks, -10.0, 300.0, 150.0), 150.0);
        assert_eq!(free_height(&blocks, 221.0, 300.0, 40.0), 40.0);
    }

    #[test]
    fn what_is_no_flow_is_refused() {
        let refused = |text: &str| format!("{:#}", draw(text).unwrap_err());
        assert!(refused("{").starts_with("the content is not JSON"));
        assert_eq!(refused("{}"), "the content has no list of Actions");
        assert_eq!(refused(r#"{"Actions":[]}"#), "the flow has no actions");
    }
}
