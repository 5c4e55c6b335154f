// What stands below the charts: streams, inferences with their evidence, warnings, parameters.

function makeSections(content, flow) {
  const { summary } = content;
  const section = (title, ...children) => element('section', {}, element('h2', {}, title), ...children);
  const sections = [];
  if (flow) {
    sections.push(section('Streams', table(
      ['SSRC', 'kind', 'payload types', 'clock, Hz', 'packets', 'bytes', 'from, s', 'to, s', 'lost', 'reordered', 'duplicates', 'jitter, ms', 'drift, ppm', 'fed', 'why'],
      flow.streams.map((stream) => [
        stream.ssrc, stream.retransmits ? `${stream.kind} of ${stream.retransmits}` : stream.kind, stream.payload_types.join(' '),
        stream.clock_hz, stream.packets, stream.payload_bytes, thousandths(stream.first_s), thousandths(stream.last_s), stream.lost, stream.reordered,
        stream.duplicates, rounded(stream.jitter_ms), rounded(stream.drift_ppm), stream.packets_fed, stream.why,
      ]),
    )));
    const elements = flow.extensions.filter((extension) => extension.what);
    sections.push(section('Inferences', table(['what', 'value', 'by what'], [
      ...flow.inferences.map(({ what, value, evidence }) => [what, value, evidence]),
      ...elements.map(({ id, what, evidence }) => [`header extension ${id}`, what, evidence]),
      ['encrypted', { true: 'yes', false: 'no' }[flow.srtp.encrypted] ?? 'not known', flow.srtp.evidence],
      ['round trip time', flow.rtt.value_ms == null ? 'not known' : `${flow.rtt.value_ms} ms at the end`, `${flow.rtt.source}, ${flow.rtt.samples} samples`],
      ...(flow.captured_at ? [['captured at', flow.captured_at.end, flow.captured_at.evidence]] : []),
      [flow.verdict.fit ? 'fit for estimation' : 'not fit for estimation', '', flow.verdict.why],
    ])));
  }
  const warnings = summary.warnings.filter((warning) => !warning.flow || !flow || warning.flow === flow.flow);
  sections.push(section('Warnings', warnings.length > 0
    ? table(['code', 'what', 'count', 'first frame'], warnings.map(({ code, message, count, first_frame: first }) => [code, message, count, first || null]))
    : element('p', { class: 'quiet' }, 'None.')));
  const parameters = flatten(summary.parameters, '');
  sections.push(element('section', {}, element('details', {},
    element('summary', {}, `Parameters (profile ${summary.profile})`), table(['parameter', 'value'], parameters))));
  sections.push(element('footer', {}, `${summary.tool.name} ${summary.tool.version}; ${summary.tool.model}. The charts are drawn by uPlot 1.6.32, MIT.`));
  return sections;
}

const thousandths = (seconds) => Math.round(seconds * 1000) / 1000;
const rounded = (value) => (value == null ? null : Math.round(value * 100) / 100);

/** `stage.name` and value of a tree of parameters. */
function flatten(tree, prefix) {
  return Object.entries(tree).flatMap(([name, value]) =>
    (value !== null && typeof value === 'object' && !Array.isArray(value) ? flatten(value, `${prefix}${name}.`) : [[`${prefix}${name}`, String(value)]]));
}
