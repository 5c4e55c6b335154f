// Inflate (RFC 1951) for browsers without DecompressionStream. The data are this page's own: what is damaged throws.

const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577];
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A canonical Huffman code by the lengths of its symbols' codes: how many codes of each length, and the symbols in order. */
function huffman(lengths) {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length] += 1;
  counts[0] = 0;
  const places = new Uint16Array(16);
  for (let length = 1; length < 15; length += 1) places[length + 1] = places[length] + counts[length];
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length > 0) symbols[places[length]++] = symbol;
  });
  return { counts, symbols };
}

/** The bytes that raw deflate `input` unpacks to, of which there are `size`. */
function inflate(input, size) {
  const output = new Uint8Array(size);
  let [at, bit, written] = [0, 0, 0];

  function bits(count) {
    let value = 0;
    for (let place = 0; place < count; place += 1) {
      if (at >= input.length) throw new Error('the data end too early');
      value |= ((input[at] >> bit) & 1) << place;
      bit += 1;
      if (bit === 8) [at, bit] = [at + 1, 0];
    }
    return value;
  }

  function symbol({ counts, symbols }) {
    let [code, first, place] = [0, 0, 0];
    for (let length = 1; length < 16; length += 1) {
      code |= bits(1);
      const count = counts[length];
      if (code - first < count) return symbols[place + code - first];
      place += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new Error('no such code');
  }

  function stored() {
    if (bit > 0) [at, bit] = [at + 1, 0];
    const length = bits(16);
    bits(16);
    output.set(input.subarray(at, at + length), written);
    at += length;
    written += length;
  }

  function codesOfBlock() {
    const [literals, distances, lengths] = [bits(5) + 257, bits(5) + 1, bits(4) + 4];
    const ofLengths = new Uint8Array(19);
    for (let place = 0; place < lengths; place += 1) ofLengths[CODE_LENGTH_ORDER[place]] = bits(3);
    const code = huffman(ofLengths);
    const all = [];
    while (all.length < literals + distances) {
      const next = symbol(code);
      if (next < 16) all.push(next);
      else if (next === 16) all.push(...new Array(bits(2) + 3).fill(all[all.length - 1]));
      else all.push(...new Array(next === 17 ? bits(3) + 3 : bits(7) + 11).fill(0));
    }
    return [huffman(all.slice(0, literals)), huffman(all.slice(literals))];
  }

  function fixedCodes() {
    const lengths = Array.from({ length: 288 }, (_, place) => (place < 144 ? 8 : place < 256 ? 9 : place < 280 ? 7 : 8));
    return [huffman(lengths), huffman(new Array(30).fill(5))];
  }

  function compressed([literals, distances]) {
    for (let next = symbol(literals); next !== 256; next = symbol(literals)) {
      if (next < 256) {
        output[written++] = next;
        continue;
      }
      const length = LENGTH_BASE[next - 257] + bits(LENGTH_BITS[next - 257]);
      const code = symbol(distances);
      const distance = DISTANCE_BASE[code] + bits(code < 4 ? 0 : (code >> 1) - 1);
      for (let place = 0; place < length; place += 1, written += 1) output[written] = output[written - distance];
    }
  }

  for (let last = false; !last;) {
    last = bits(1) === 1;
    const kind = bits(2);
    if (kind === 0) stored();
    else compressed(kind === 1 ? fixedCodes() : codesOfBlock());
  }
  return output;
}
