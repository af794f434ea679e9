// Two small pictures, drawn as SVG.

import { svg } from './dom.js';
import { number, percent, word } from './words.js';

const WIDTH = 360;
const HEIGHT = 230;
const LEFT = 60;
const RIGHT = 22;
const TOP = 12;
const BOTTOM = 38;

function frame(label, xAxis, xTicks, content) {
  const x = (share) => LEFT + share * (WIDTH - LEFT - RIGHT);
  const y = (share) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
  const lines = [0, 0.25, 0.5, 0.75, 1].map((share) => [
    svg('line', { class: 'grid', x1: x(0), x2: x(1), y1: y(share), y2: y(share) }),
    svg('text', { x: x(0) - 6, y: y(share) + 4, 'text-anchor': 'end' }, percent(share))
  ]);
  const ticks = xTicks.map(([share, text]) => svg('text', { x: x(share), y: HEIGHT - BOTTOM + 16, 'text-anchor': 'middle' }, text));
  return svg('svg', { class: 'chart', role: 'img', 'aria-label': label, viewBox: `0 0 ${WIDTH} ${HEIGHT}` },
    ...lines.flat(), ...ticks, svg('text', { x: x(0.5), y: HEIGHT - 6, 'text-anchor': 'middle' }, xAxis),
    svg('text', { x: 12, y: y(0.5), 'text-anchor': 'middle', transform: `rotate(-90 12 ${y(0.5)})` }, word('axisRight')), ...content(x, y));
}

/** Accuracy of the last first answers over the labels spent. */
export function learning(points) {
  const last = points[points.length - 1];
  const label = word('chartLearning', { n: number(last.labels), last: percent(last.accuracy) });
  const ticks = last.labels > 1 ? [[0, '0'], [0.5, number(Math.round(last.labels / 2))], [1, number(last.labels)]] : [[0, '0'], [1, '1']];
  return frame(label, word('axisLabels'), ticks, (x, y) => {
    const path = points.map((point, at) => `${at ? 'L' : 'M'}${x(point.labels / last.labels).toFixed(1)} ${y(point.accuracy).toFixed(1)}`).join('');
    return [svg('path', { class: 'line', d: path }),
      svg('circle', { class: 'dot', cx: x(1), cy: y(last.accuracy), r: 4 })];
  });
}

/** Confidence against the share that is right. */
export function reliability(bins) {
  const label = word('chartReliability', { n: bins.length });
  const most = Math.max(...bins.map((bin) => bin.n));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => [share, percent(share)]);
  return frame(label, word('axisConfidence'), ticks, (x, y) => [
    svg('line', { class: 'ideal', x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
    ...bins.map((bin) => svg('circle', { class: 'dot', cx: x(bin.confidence), cy: y(bin.right), r: 4 + 6 * Math.sqrt(bin.n / most) },
      svg('title', {}, `${percent(bin.confidence)} → ${percent(bin.right)} (${number(bin.n)})`)))
  ]);
}
