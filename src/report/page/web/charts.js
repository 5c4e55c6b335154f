// The charts of one flow: panels with one time axis, one cursor and one zoom.

const AXIS_WIDTH = 74;
const TIME_AXIS = 46;
const MIN_SPAN = 0.002;

/** Draws a flow's panels into an element. `onView` hears of every zoom. */
function makeCharts(into, flow, onView) {
  const sync = uPlot.sync('time');
  const all = { min: Math.min(flow.begin > flow.end / 4 ? flow.begin : 0, flow.end), max: flow.end };
  const view = { ...all };
  const before = [];
  const plots = panelsOf(flow).map((panel, place, { length }) => makePlot(panel, place === 0, place === length - 1));

  function makePlot(panel, isFirst, isLast) {
    const data = [flow.series.x, ...panel.lines.map(({ name }) => flow.series[name])];
    const held = data.map((values) => lastPlaces(values));
    const unitOf = (plot) => panel.unit(plot.scales.y.max);
    const axis = { stroke: colour('ink'), grid: { stroke: colour('grid'), width: 1 }, ticks: { stroke: colour('grid'), width: 1 }, font: '12px system-ui, sans-serif' };
    const legends = element('div', { class: isFirst ? 'legend' : 'legend without-time' });
    into.append(legends);
    const options = {
      width: into.clientWidth,
      height: panel.height + (isLast ? TIME_AXIS : 0),
      padding: [8, 12, isLast ? 0 : 2, 0],
      scales: { x: { time: false }, y: { range: (plot) => rangeOf(panel, plot.data, plot.series[0].idxs) } },
      cursor: {
        sync: { key: sync.key, scales: ['x', null], filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => { showAll(); return null; } },
        dataIdx: (plot, place, closest, at) => {
          let last = closest;
          while (last > 0 && data[0][last] > at) last -= 1;
          while (last + 1 < data[0].length && data[0][last + 1] <= at) last += 1;
          const own = held[place][last];
          return own < 0 || data[0][own] > at ? null : own;
        },
        points: { size: 7 },
      },
      legend: { live: true, mount: (_, legend) => legends.append(legend) },
      axes: [
        { ...axis, size: isLast ? TIME_AXIS : 6, values: isLast ? undefined : () => [], label: isLast ? 'time [s]' : undefined, labelSize: 20, labelFont: axis.font },
        {
          ...axis, size: AXIS_WIDTH, labelSize: 20, labelFont: axis.font,
          label: (plot) => `${panel.title} [${unitOf(plot)[1]}]`,
          values: (plot, splits) => {
            const [unit] = unitOf(plot);
            const step = Math.abs((splits[1] ?? 0) - (splits[0] ?? 0)) / unit;
            const decimals = [0, 1, 2, 3].find((count) => Math.abs(step * 10 ** count - Math.round(step * 10 ** count)) < 1e-6) ?? 3;
            return splits.map((split) => (split / unit).toFixed(decimals));
          },
        },
      ],
      series: [
        { label: 'time', value: (plot) => formatTime(plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, 'x') : null) },
        ...panel.lines.map(({ name, outlier, isCount, isSilent, bandBelow, ...line }) => ({ ...line, spanGaps: false })),
      ],
      bands: panel.lines.flatMap(({ bandBelow }, place) => (bandBelow ? [{ series: [place + 1, place], fill: colour('band-shade') }] : [])),
      hooks: {
        drawClear: [(plot) => drawUnder(plot, flow)],
        draw: [(plot) => {
          const losses = panel.lines.findIndex(({ isCount }) => isCount);
          if (losses >= 0 && plot.series[losses + 1].show) drawLosses(plot, losses + 1);
          drawClipped(plot, panel.lines, panel.unit === rateUnit ? shortRate : shortMs);
        }],
        // Both sides of the threshold are one to whoever reads.
        setSeries: [(plot, place, options) => {
          if (panel.lines[place - 1]?.name === 'threshold' && options.show !== undefined) plot.setSeries(place + 1, { show: options.show });
        }],
        setSelect: [(plot) => {
          if (plot.select.width < 3) return;
          const [from, to] = [plot.select.left, plot.select.left + plot.select.width].map((at) => plot.posToVal(at, 'x'));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          show(from, to);
        }],
      },
    };
    const plot = new uPlot(options, data, into);
    plot.root.dataset.panel = panel.title;
    panel.lines.forEach(({ isSilent }, line) => {
      if (isSilent) legends.querySelectorAll('.u-series')[line + 1].hidden = true;
    });
    sync.sub(plot);
    return plot;
  }

  function apply(min, max) {
    view.min = min;
    view.max = max;
    plots.forEach((plot) => plot.batch(() => plot.setScale('x', { min, max })));
    onView({ ...view }, all);
  }

  /** Brings the axis to a span, as far as there is something. */
  function show(from, to, remembers = true) {
    const span = Math.min(Math.max(to - from, MIN_SPAN), all.max - all.min);
    const min = Math.min(Math.max((from + to - span) / 2, all.min), all.max - span);
    if (min === view.min && min + span === view.max) return;
    if (remembers) before.push([view.min, view.max]);
    apply(min, min + span);
  }

  const showAll = () => show(all.min, all.max);
  const back = () => {
    const last = before.pop();
    if (last) apply(...last);
  };
  const pan = (share) => {
    const by = (view.max - view.min) * share;
    show(view.min + by, view.max + by, false);
  };
  const zoom = (times) => {
    const [middle, half] = [(view.min + view.max) / 2, ((view.max - view.min) * times) / 2];
    show(middle - half, middle + half);
  };
  const resize = () => plots.forEach((plot) => plot.setSize({ width: into.clientWidth, height: plot.height }));
  const remove = () => plots.forEach((plot) => {
    sync.unsub(plot);
    plot.destroy();
  });
  apply(all.min, all.max);
  return { plots, view, show, showAll, back, pan, zoom, resize, remove };
}
