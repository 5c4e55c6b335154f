// Puts the page together.

async function main() {
  const page = document.getElementById('page');
  const { content, column } = await readData();
  const state = { flow: 0, charts: null, events: null };
  const charts = element('div', { class: 'charts', tabindex: '0', 'aria-label': 'charts over time' });
  const status = element('p', { class: 'status', role: 'status' });
  const eventsBox = element('aside', { class: 'events' });
  const sections = element('div', { class: 'sections' });
  const subtitle = element('p', { class: 'subtitle' });
  const tabs = element('nav', { class: 'flows' }, ...(content.flows.length > 1 ? content.flows.map((flow, place) =>
    element('button', { type: 'button', click: () => choose(place) }, flow.name)) : []));
  page.replaceChildren(
    element('header', {}, element('h1', {}, content.title), subtitle, tabs),
    element('div', { class: 'main' }, element('div', { class: 'left' }, controls(), charts, status), eventsBox),
    sections,
  );

  function controls() {
    const button = (label, title, click) => element('button', { type: 'button', title, click }, label);
    return element('div', { class: 'controls' },
      button('all', 'the whole call (double click, or 0)', () => state.charts?.showAll()),
      button('back', 'the view before (Backspace)', () => state.charts?.back()),
      button('−', 'zoom out (-)', () => state.charts?.zoom(2)),
      button('+', 'zoom in (+)', () => state.charts?.zoom(0.5)),
      button('◂', 'earlier (←)', () => state.charts?.pan(-0.25)),
      button('▸', 'later (→)', () => state.charts?.pan(0.25)),
      element('span', { class: 'hint' }, 'drag to zoom, double click for all; n and p: next and previous event; a click on a name hides its line'));
  }

  function choose(place) {
    state.flow = place;
    [...tabs.children].forEach((tab, own) => tab.setAttribute('aria-pressed', String(own === place)));
    const flow = content.flows[place];
    const found = content.summary.flows.findIndex((own) => own.flow === flow?.name);
    const summary = content.summary.flows[Math.max(found, 0)];
    const events = (content.shown[found] ?? []).map((event) => summary.events[event]);
    state.data = flow ? seriesOf(flow, events, column) : null;
    state.events = makeEventList(events, (from, to) => state.charts?.show(from, to));
    eventsBox.replaceChildren(element('h2', {}, 'Events'), state.events.list);
    subtitle.textContent = flow ? flow.subtitle : 'No flow was estimated.';
    sections.replaceChildren(...makeSections(content, summary));
    draw(content.view);
  }

  /** Draws anew, as after a change of the colours, and keeps the view. */
  function draw(span) {
    state.charts?.remove();
    charts.replaceChildren();
    state.charts = null;
    if (!state.data || state.data.series.x.length === 0) {
      charts.append(element('p', { class: 'quiet' }, 'There is nothing to draw.'));
      return;
    }
    state.charts = makeCharts(charts, state.data, showStatus);
    if (span) state.charts.show(...span);
  }

  function showStatus({ min, max }, all) {
    const flow = content.flows[state.flow];
    const rows = flow.left_out > 0 ? `; ${flow.rows.count} rows, ${flow.left_out} left out that are no extremes${flow.lacks_near_events ? '' : ' and not near an event'}` : `; all ${flow.rows.count} rows`;
    const span = min === all.min && max === all.max ? 'the whole call, ' : '';
    status.textContent = `${span}${min.toFixed(3)} to ${max.toFixed(3)} s${rows}`;
  }

  const redraw = () => draw(state.charts ? [state.charts.view.min, state.charts.view.max] : null);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  addEventListener('beforeprint', () => {
    document.documentElement.dataset.print = '';
    redraw();
  });
  addEventListener('afterprint', () => {
    delete document.documentElement.dataset.print;
    redraw();
  });
  let width = 0;
  new ResizeObserver(() => {
    if (charts.clientWidth === width) return;
    width = charts.clientWidth;
    state.charts?.resize();
  }).observe(charts);

  const keys = {
    0: () => state.charts?.showAll(), Home: () => state.charts?.showAll(), Escape: () => state.charts?.showAll(),
    Backspace: () => state.charts?.back(),
    '+': () => state.charts?.zoom(0.5), '=': () => state.charts?.zoom(0.5), '-': () => state.charts?.zoom(2),
    ArrowLeft: () => state.charts?.pan(-0.25), ArrowRight: () => state.charts?.pan(0.25),
    n: () => state.events?.next(), p: () => state.events?.previous(),
  };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  choose(0);
  globalThis.rembReplayPage = state;
}

main().catch((error) => {
  document.getElementById('page').replaceChildren(element('p', { class: 'failed' }, `This page cannot be shown: ${error.message}`));
  throw error;
});
