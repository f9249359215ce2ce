//! What uses what: no loop, and no path longer than a reader bears.

/// Steps of the longest path: forms in forms in patterns.
const MAX_STEPS: u32 = 64;

/// The first node, of `count` counted from 1, that stands in a loop, behind one
/// or too deep.
pub(super) fn too_deep(count: usize, mut edges: Vec<(u32, u32)>) -> Option<u32> {
    edges.sort_unstable();
    edges.dedup();
    let mut waiting = vec![0u32; count + 1];
    let mut depth = vec![0u32; count + 1];
    for (_, to) in &edges {
        waiting[*to as usize] += 1;
    }
    let mut ready: Vec<u32> = (1..).take(count).filter(|node| waiting[*node as usize] == 0).collect();
    let mut done = 0;
    while let Some(node) = ready.pop() {
        done += 1;
        let begin = edges.partition_point(|(from, _)| *from < node);
        for (_, to) in edges[begin..].iter().take_while(|(from, _)| *from == node) {
            let place = *to as usize;
            depth[place] = depth[place].max(depth[node as usize] + 1);
            if depth[place] > MAX_STEPS {
                return Some(*to);
            }
            waiting[place] -= 1;
            if waiting[place] == 0 {
                ready.push(*to);
            }
        }
    }
    if done == count { None } else { (1..).take(count).find(|node| waiting[*node as usize] > 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_and_depth() {
        assert_eq!(too_deep(3, vec![(1, 2), (2, 3), (1, 3), (1, 2)]), None);
        assert_eq!(too_deep(3, vec![(1, 2), (2, 3), (3, 2)]), Some(2));
        assert_eq!(too_deep(1, vec![(1, 1)]), Some(1));
        assert_eq!(too_deep(100, (1..64).map(|n| (n, n + 1)).collect()), None);
        assert_eq!(too_deep(100, (1..100).map(|n| (n, n + 1)).collect()), Some(66));
    }
}
