// What is drawn under and over the lines: states, pauses, losses, and where a curve leaves the range.

/** Shades over-use, under-use and pauses under everything else. */
function drawUnder(plot, { states, pauses }) {
  const { min, max } = plot.scales.x;
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const shade = (from, to, fill) => {
    if (to < min || from > max) return;
    const [begin, end] = [from, to].map((at) => Math.min(Math.max(plot.valToPos(at, 'x', true), left), left + width));
    ctx.fillStyle = fill;
    ctx.fillRect(begin, top, Math.max(end - begin, 1), height);
  };
  ctx.save();
  const [over, under, pause, outage] = ['overuse', 'underuse', 'pause', 'outage'].map((name) => colour(`${name}-shade`));
  for (const { from, to, state } of states) shade(from, to, state === OVERUSE ? over : under);
  for (const { from, to, type } of pauses) shade(from, to, type === 'outage' ? outage : pause);
  ctx.restore();
}

/** Marks at the lower edge where packets were lost, the higher the more in one row. */
function drawLosses(plot, place) {
  const [x, lost] = [plot.data[0], plot.data[place]];
  const [from, to] = plot.series[0].idxs;
  const { ctx } = plot;
  const { top, height } = plot.bbox;
  const unit = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colour('lost');
  for (let at = from; at <= to; at += 1) {
    if (!(lost[at] > 0)) continue;
    const tall = Math.min(8 + 3 * lost[at], 40) * unit;
    ctx.fillRect(plot.valToPos(x[at], 'x', true) - unit / 2, top + height - tall, unit, tall);
  }
  ctx.restore();
}

/** A small triangle where a curve is beyond the range, and how far the farthest goes. */
function drawClipped(plot, lines, format) {
  const { min, max } = plot.scales.y;
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const [from, to] = plot.series[0].idxs;
  const unit = devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * unit}px system-ui, sans-serif`;
  for (const [sign, edge, baseline] of [[1, top, 'top'], [-1, top + height, 'bottom']]) {
    let farthest = null;
    let before = -Infinity;
    lines.forEach(({ isCount, stroke }, place) => {
      if (isCount || !plot.series[place + 1].show) return;
      const values = plot.data[place + 1];
      for (let at = from; at <= to; at += 1) {
        const value = values[at];
        if (value == null || (sign > 0 ? value <= max : value >= min)) continue;
        const x = plot.valToPos(plot.data[0][at], 'x', true);
        if (farthest === null || value * sign > farthest.value * sign) farthest = { value, x, stroke };
        if (Math.abs(x - before) < 9 * unit) continue;
        before = x;
        ctx.fillStyle = stroke;
        ctx.beginPath();
        ctx.moveTo(x, edge);
        ctx.lineTo(x - 4 * unit, edge + sign * 7 * unit);
        ctx.lineTo(x + 4 * unit, edge + sign * 7 * unit);
        ctx.fill();
      }
    });
    if (farthest === null) continue;
    const right = farthest.x < left + width - 90 * unit;
    ctx.textAlign = right ? 'left' : 'right';
    ctx.textBaseline = baseline;
    ctx.fillStyle = colour('ink');
    ctx.fillText(format(farthest.value), farthest.x + (right ? 7 : -7) * unit, edge + sign * unit);
  }
  ctx.restore();
}
