// Numbers and elements for people. Whatever is shown goes in as text, never as markup.

const formatRate = (bps) => (bps == null ? '–' : `${(bps / 1000).toFixed(3)} kbit/s`);
const formatMs = (ms) => (ms == null ? '–' : `${ms.toFixed(2)} ms`);
const shortRate = (bps) => (bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${(bps / 1e3).toFixed(0)} kbit/s`);
const shortMs = (ms) => `${ms.toFixed(0)} ms`;
const formatTime = (seconds) => (seconds == null ? '–' : `${seconds.toFixed(3)} s`);
const formatCount = (count) => (count == null ? '–' : String(count));

/** An element with attributes and children; text is text. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(key, value);
    else if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** A table; cells that are numbers stand to the right, long texts may break. */
function table(heads, rows) {
  const cell = (value) => {
    const kind = typeof value === 'number' ? 'number' : String(value ?? '').length > 40 ? 'long' : undefined;
    return element('td', { class: kind }, value == null ? '' : String(value));
  };
  return element('div', { class: 'scroll' }, element('table', {},
    element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map(cell))))));
}
