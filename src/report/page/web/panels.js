// The panels: what is drawn in each, and within which range.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const stepped = uPlot.paths.stepped({ align: 1 });
const noLine = () => null;
/** With a value beyond so many times what most keep to, the range is clipped, and the clipping marked. */
const OUTLIER = 2.5;
const INCOMING_OUTLIER = 1.25;
const MAX_CLIPPED = 1.5;
const USUAL = 0.97;
const HEADROOM = 1.08;

/** The panels of a flow, from top to bottom, those without data left out. */
function panelsOf({ series, receivers }) {
  const has = (name) => series[name].some((value) => value != null);
  const line = (name, label, stroke, options = {}) => ({
    name, label, stroke: colour(stroke), width: 1.25, value: (_, value) => formatRate(value), points: { show: false }, ...options,
  });
  const ms = { value: (_, value) => formatMs(value) };
  const several = receivers.length > 1;
  const recorded = receivers.map((receiver, place) => line(
    `recorded${place}`, several ? `recorded REMB ${receiver.ssrcs.join(' ')}` : 'recorded REMB', `recorded${place % 4}`, { paths: stepped, width: 1.5 },
  ));
  const band = has('bandLow') ? [
    line('bandLow', 'all clock phases, from', 'band', { paths: stepped, width: 1 }),
    line('bandHigh', 'to', 'band', { paths: stepped, width: 1, bandBelow: true }),
  ] : [];
  const panels = [
    {
      title: 'bit rate', unit: rateUnit, height: 340, least: 1000, outlier: OUTLIER,
      lines: [
        ...band,
        line('incoming', 'incoming', 'incoming', { outlier: INCOMING_OUTLIER }),
        line('estimate', 'estimate', 'estimate', { paths: stepped, width: 2 }),
        ...recorded,
        line('replayed', 'replayed REMB', 'replayed', { paths: noLine, points: { show: true, size: 6, fill: colour('replayed') } }),
      ],
    },
    {
      title: 'queue delay', unit: msUnit, height: 170, least: 20, outlier: Infinity,
      lines: [
        line('queue', 'queue delay', 'queue', ms),
        line('lost', 'lost', 'lost', { paths: noLine, value: (_, value) => formatCount(value), isCount: true }),
      ],
    },
    {
      title: 'delay gradient', unit: msUnit, height: 190, least: 10, outlier: OUTLIER, isSigned: true,
      lines: [
        line('gradient', 'gradient', 'gradient', ms),
        line('threshold', 'threshold', 'threshold', { ...ms, width: 1.5 }),
        line('thresholdBelow', '− threshold', 'threshold', { ...ms, width: 1.5, isSilent: true }),
      ],
    },
    {
      title: 'RTT', unit: msUnit, height: 110, least: 10, outlier: Infinity,
      lines: [line('rtt', 'round trip time', 'rtt', { ...ms, paths: stepped })],
    },
  ];
  return panels.map((panel) => ({ ...panel, lines: panel.lines.filter(({ name }) => has(name)) }))
    .filter((panel) => panel.lines.length > 0);
}

/** What an axis counts in, by the greatest value on it. */
const rateUnit = (greatest) => (greatest >= 1.5e6 ? [1e6, 'Mbit/s'] : [1e3, 'kbit/s']);
const msUnit = () => [1, 'ms'];

/** The range of the values in view. One spike does not flatten the rest: what is beyond is in `clipped`. */
function rangeOf(panel, data, [from, to]) {
  let [high, low] = [panel.least, panel.isSigned ? panel.least : 0];
  panel.lines.forEach(({ outlier, isCount }, place) => {
    if (isCount) return;
    const values = data[place + 1];
    const [above, below] = [[], []];
    for (let at = from; at <= to; at += 1) {
      if (values[at] > 0) above.push(values[at]);
      else if (values[at] < 0) below.push(-values[at]);
    }
    high = Math.max(high, usual(above, outlier ?? panel.outlier));
    low = panel.isSigned ? Math.max(low, usual(below, outlier ?? panel.outlier)) : 0;
  });
  return [-low * HEADROOM, high * HEADROOM];
}

/** The greatest value, unless it stands far above most of the others. */
function usual(values, outlier) {
  if (values.length === 0) return 0;
  const sorted = Float64Array.from(values).sort();
  const [greatest, most] = [sorted[sorted.length - 1], sorted[Math.floor(sorted.length * USUAL)]];
  return greatest > outlier * most && most > 0 ? most * Math.min(outlier, MAX_CLIPPED) : greatest;
}
