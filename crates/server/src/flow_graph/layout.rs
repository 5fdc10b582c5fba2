//! Where the blocks of a flow are drawn, and which way its arrows take.

use std::collections::HashMap;

use super::{Block, SIZE};

/// Space between two columns of blocks, in pixels.
const COLUMN_GAP: f64 = 120.0;
/// Space between two blocks of a column.
const ROW_GAP: f64 = 28.0;
/// Space that a lane takes in a column that its arrow crosses.
const LANE_HEIGHT: f64 = 8.0;
/// How far apart blocks are drawn, where the console has them 1 apart: its blocks are smaller.
const SCALE: f64 = 1.35;

/// Where arrows cross columns of blocks without crossing a block: by target, whether the arrow is one of an error, and
/// column. The value is the left end of the way.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    columns: Vec<usize>,
    places: HashMap<(usize, bool, usize), (f64, f64)>,
}

impl Lanes {
    /// The lanes of an arrow from a block to another, from left to right.
    pub(super) fn of(&self, from: usize, to: usize, is_error: bool) -> Vec<(f64, f64)> {
        let (Some(first), Some(last)) = (self.columns.get(from), self.columns.get(to)) else { return Vec::new() };
        (first + 1..*last).filter_map(|column| self.places.get(&(to, is_error, column)).copied()).collect()
    }

    /// Moves all of them.
    pub(super) fn shift(&mut self, x: f64, y: f64) {
        for place in self.places.values_mut() {
            *place = (place.0 + x, place.1 + y);
        }
    }
}

/// Puts the blocks at the places that the console wrote down for them; one that would lie on another goes below it.
pub(super) fn by_metadata(blocks: &mut [Block], positions: &[(f64, f64)]) {
    for (block, (x, y)) in blocks.iter_mut().zip(positions) {
        (block.x, block.y) = (x * SCALE, y * SCALE);
    }
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by(|a, b| blocks[*a].y.total_cmp(&blocks[*b].y));
    for place in 0..order.len() {
        let (above, this) = (&order[..place], order[place]);
        // Each pass goes below one block at least.
        for _ in 0..place {
            let covers = |other: &&usize| blocks[**other].covers(&blocks[this]);
            let Some(other) = above.iter().find(covers) else { break };
            blocks[this].y = blocks[*other].bottom() + ROW_GAP;
        }
    }
}

impl Block {
    pub(super) fn bottom(&self) -> f64 {
        self.y + self.height()
    }

    /// Whether two blocks lie on each other, or nearly so.
    fn covers(&self, other: &Block) -> bool {
        let near_x = (self.x - other.x).abs() < SIZE + ROW_GAP;
        let near_y = self.bottom() + ROW_GAP / 2.0 > other.y && other.bottom() + ROW_GAP / 2.0 > self.y;
        near_x && near_y
    }
}

/// Puts each block right of all that lead to it, but for those that lead back, near the height of these. Arrows that go
/// over several columns get lanes in them.
pub(super) fn by_columns(blocks: &mut [Block], start: usize) -> Lanes {
    let columns = columns(blocks, start);
    let mut lanes = Lanes { columns: columns.clone(), places: HashMap::new() };
    let last = columns.iter().max().copied().unwrap_or(0);
    // Arrows that lead on, as (from, port, to).
    let arrows: Vec<(usize, usize, usize)> = blocks
        .iter()
        .enumerate()
        .flat_map(|(from, block)| {
            let ports = block.ports.iter().enumerate();
            ports.filter_map(move |(port, given)| Some((from, port, given.to?)))
        })
        .filter(|(from, _, to)| columns[*from] < columns[*to])
        .collect();
    for column in 0..=last {
        let x = column as f64 * (SIZE + COLUMN_GAP);
        // The height that what leads there suggests: of its port, or of its lane in the column before.
        let mut wanted: HashMap<Item, Vec<f64>> = HashMap::new();
        for (place, _) in columns.iter().enumerate().filter(|(_, of)| **of == column) {
            wanted.entry(Item::Block(place)).or_default();
        }
        for (from, port, to) in &arrows {
            if columns[*from] >= column || columns[*to] < column {
                continue;
            }
            let is_error = blocks[*from].ports[*port].is_error;
            let lane = lanes.places.get(&(*to, is_error, column.wrapping_sub(1))).map(|(_, y)| *y);
            // Level with the block for its first branch, so that a sequence is drawn as a line.
            let level = blocks[*from].y + super::ENTRY + *port as f64 * super::ROW;
            let y = lane.filter(|_| columns[*from] + 1 < column).unwrap_or(level);
            let item = if columns[*to] == column { Item::Block(*to) } else { Item::Lane(*to, is_error) };
            wanted.entry(item).or_default().push(y);
        }
        let mut items: Vec<(Item, f64)> = wanted
            .into_iter()
            .map(|(item, heights)| {
                let mean = heights.iter().sum::<f64>() / heights.len().max(1) as f64;
                // What nothing leads to comes last.
                let mean = if heights.is_empty() && item != Item::Block(start) { f64::MAX } else { mean };
                (item, mean)
            })
            .collect();
        items.sort_by(|(a, x), (b, y)| x.total_cmp(y).then(a.cmp(b)));
        let mut free = f64::MIN;
        for (item, mean) in items {
            let wanted = if mean == f64::MAX { free.max(0.0) } else { mean };
            match item {
                Item::Block(place) => {
                    let block = &mut blocks[place];
                    (block.x, block.y) = (x, (wanted - super::ENTRY).max(free));
                    free = block.bottom() + ROW_GAP;
                }
                Item::Lane(to, is_error) => {
                    let y = wanted.max(free);
                    lanes.places.insert((to, is_error, column), (x, y));
                    free = y + LANE_HEIGHT + ROW_GAP / 2.0;
                }
            }
        }
    }
    lanes
}

/// What lies in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Item {
    Block(usize),
    Lane(usize, bool),
}

/// The column of each block: one more than the last of those that lead to it, without the arrows that lead back.
fn columns(blocks: &[Block], start: usize) -> Vec<usize> {
    let mut columns = vec![0; blocks.len()];
    let targets = |from: usize| blocks[from].ports.iter().filter_map(|port| port.to);
    // Depth first: in the reverse of the order in which blocks are left, arrows that do not lead back lead on.
    let mut left: Vec<usize> = Vec::new();
    let mut seen = vec![false; blocks.len()];
    for root in std::iter::once(start).chain(0..blocks.len()) {
        let mut way = vec![(root, 0)];
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        while let Some((from, next)) = way.last_mut() {
            match targets(*from).nth(*next) {
                Some(to) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[to], true) {
                        way.push((to, 0));
                    }
                }
                None => {
                    left.push(*from);
                    way.pop();
                }
            }
        }
    }
    let mut rank = vec![0; blocks.len()];
    for (place, block) in left.iter().rev().enumerate() {
        rank[*block] = place;
    }
    for from in left.into_iter().rev() {
        for to in targets(from).filter(|to| rank[*to] > rank[from]) {
            columns[to] = columns[to].max(columns[from] + 1);
        }
    }
    columns
}
