// The page's data: base64 of raw deflate of: the length of a JSON text (4 bytes, the least first), the text, then columns.

/** The bytes of the element with the data, unpacked. */
async function unpackedBytes() {
  const element = document.getElementById('data');
  const text = atob(element.textContent.trim());
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) packed[at] = text.charCodeAt(at);
  const size = Number(element.dataset.size);
  element.remove();
  if (typeof DecompressionStream === 'undefined') return inflate(packed, size);
  let stream;
  try {
    stream = new DecompressionStream('deflate-raw');
  } catch {
    return inflate(packed, size);
  }
  return new Uint8Array(await new Response(new Blob([packed]).stream().pipeThrough(stream)).arrayBuffer());
}

/** The JSON, and a function that gives a table's column by its place as an array, null where a value is absent. */
async function readData() {
  const bytes = await unpackedBytes();
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const content = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const column = ({ at, digits }, count) => decode(bytes, 4 + length + at, count, digits);
  return { content, column };
}

/**
 * Integers with so many decimals. Each is one more than the zigzag of its difference from the last that was there, seven bits a
 * byte, the least first; 0 is none.
 */
function decode(bytes, at, count, digits) {
  const unit = 10 ** digits;
  const values = new Array(count);
  let last = 0;
  for (let place = 0; place < count; place += 1) {
    let [value, weight, byte] = [0, 1, 0];
    do {
      byte = bytes[at++];
      value += (byte & 127) * weight;
      weight *= 128;
    } while (byte > 127);
    if (value === 0) {
      values[place] = null;
      continue;
    }
    value -= 1;
    last += value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    values[place] = last / unit;
  }
  return values;
}
