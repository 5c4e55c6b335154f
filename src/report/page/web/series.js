// A flow's tables (rows, REMBs, band), each with times of its own, on one time axis. `undefined` is "nothing new", `null` a gap.

const [NORMAL, OVERUSE, UNDERUSE] = [0, 1, 2];
const PAUSES = ['pause', 'outage'];
const ROW_SERIES = ['incoming', 'estimate', 'gradient', 'threshold', 'queue', 'rtt'];

/** All series of a flow: `x` in seconds, and the others by name. */
function seriesOf(flow, events, column) {
  const tables = readTables(flow, column);
  const pauses = events.filter((event) => PAUSES.includes(event.type)).map((event) => ({
    from: event.at_s, to: event.until_s ?? event.at_s, type: event.type,
  })).filter((pause) => pause.to > pause.from);
  const names = [...ROW_SERIES, 'lost', 'bandLow', 'bandHigh', 'replayed', ...tables.recorded.map((_, place) => `recorded${place}`)];
  const sources = [
    { times: tables.rows.time, put: (at, row) => putRow(at, tables.rows, row) },
    { times: tables.replayed.time, put: (at, row) => { series.replayed[at] = tables.replayed.rate[row]; } },
    ...tables.recorded.map((table, place) => ({
      times: table.time, put: (at, row) => { series[`recorded${place}`][at] = table.rate[row]; },
    })),
    { times: tables.band.from, put: (at, row) => putBand(at, tables.band.min[row], tables.band.max[row]) },
    { times: tables.band.to, put: (at) => putBand(at, null, null) },
    { times: pauses.map((pause) => pause.from + 1e-6), put: (at) => ROW_SERIES.forEach((name) => { series[name][at] = null; }) },
  ].filter((source) => source.times.length > 0);
  const length = sources.reduce((sum, source) => sum + source.times.length, 0);
  const series = { x: new Array(length) };
  for (const name of names) series[name] = new Array(length).fill(undefined);

  function putRow(at, rows, row) {
    for (const name of ROW_SERIES) {
      // The gradient is there at complete groups only, and a rate that is not known yet is no gap.
      if (rows[name][row] !== null) series[name][at] = rows[name][row];
    }
    series.lost[at] = rows.lost[row];
  }

  function putBand(at, min, max) {
    // A stretch that begins where another ends goes on.
    if (min === null && series.bandLow[at - 1] !== undefined && series.x[at - 1] === series.x[at]) return;
    series.bandLow[at] = min;
    series.bandHigh[at] = max;
  }

  merge(sources, series.x);
  series.thresholdBelow = series.threshold.map((value) => (value == null ? value : -value));
  const states = statesOf(tables.rows, pauses);
  const end = Math.max(series.x[length - 1] ?? 1, 0.001);
  return { series, states, pauses, receivers: tables.recorded, begin: series.x[0] ?? 0, end };
}

function readTables({ rows, replayed, recorded, band }, column) {
  const read = ({ count, columns }) =>
    Object.fromEntries(Object.entries(columns).map(([name, place]) => [name, column(place, count)]));
  return { rows: read(rows), replayed: read(replayed), band: read(band), recorded: recorded.map((table) => ({ ...read(table), ssrcs: table.ssrcs })) };
}

/** Takes from the sources in order of time, which never steps back on the axis. */
function merge(sources, x) {
  const next = sources.map(() => 0);
  let now = -Infinity;
  for (let at = 0; at < x.length; at += 1) {
    let first = -1;
    for (let place = 0; place < sources.length; place += 1) {
      const time = sources[place].times[next[place]];
      if (time !== undefined && (first < 0 || time < sources[first].times[next[first]])) first = place;
    }
    now = Math.max(now, sources[first].times[next[first]]);
    x[at] = now;
    sources[first].put(at, next[first]);
    next[first] += 1;
  }
}

/** Over-use and under-use: a state lasts until the next row that has one, but not over a pause. */
function statesOf(rows, pauses) {
  const spans = [];
  let open = null;
  const close = (at) => {
    const pause = pauses.find(({ from, to }) => from >= open.from - 1e-6 && from < at && to > open.from);
    open.to = pause ? Math.min(at, Math.max(pause.from, open.from)) : at;
    spans.push(open);
    open = null;
  };
  rows.usage.forEach((state, row) => {
    if (state === null || state === open?.state) return;
    if (open) close(rows.time[row]);
    if (state !== NORMAL) open = { from: rows.time[row], state };
  });
  if (open) close(rows.time[rows.time.length - 1]);
  return spans;
}

/** For each place the last one at or before it that has something, -1 where none has. */
function lastPlaces(values) {
  const places = new Int32Array(values.length);
  let last = -1;
  for (let at = 0; at < values.length; at += 1) {
    if (values[at] !== undefined) last = at;
    places[at] = last;
  }
  return places;
}
