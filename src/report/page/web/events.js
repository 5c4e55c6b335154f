// The list of events; a click, or the keys n and p, bring the axis to one.

const AROUND = 2;

/** The span that shows an event. */
function spanOf(event) {
  const until = event.until_s ?? event.at_s;
  const around = Math.max(AROUND, (until - event.at_s) / 4);
  return [event.at_s - around, until + around];
}

/** A list of events as buttons; `go` is called with the span of the one that is chosen. */
function makeEventList(events, go) {
  const items = events.map((event, place) => {
    const until = event.until_s == null ? '' : ` – ${event.until_s.toFixed(2)}`;
    const button = element('button', { type: 'button', class: 'event', 'data-type': event.type, click: () => choose(place) },
      element('span', { class: 'when' }, `${event.at_s.toFixed(2)}${until} s`),
      element('span', { class: 'type' }, [event.type, event.why ?? event.cause].filter(Boolean).join(': ')),
      element('span', { class: 'text' }, event.text));
    return element('li', {}, button);
  });
  let chosen = -1;

  function choose(place) {
    if (place < 0 || place >= events.length) return;
    items[chosen]?.firstChild.removeAttribute('aria-current');
    chosen = place;
    const button = items[chosen].firstChild;
    button.setAttribute('aria-current', 'true');
    button.scrollIntoView({ block: 'nearest' });
    go(...spanOf(events[place]));
  }

  const list = events.length > 0 ? element('ol', {}, ...items) : element('p', { class: 'quiet' }, 'Nothing to tell.');
  return { list, next: () => choose(chosen + 1), previous: () => choose(chosen - 1) };
}
