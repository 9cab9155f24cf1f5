/**
 * VIRGL_OBJECT_VERTEX_ELEMENTS: how vertices are fetched. Mirrors pipe_vertex_element.
 * @module
 */

import { VIRGL_OBJECT_VERTEX_ELEMENTS } from "../../../../../uapi/virgl_protocol.ts";
import { virglFormat } from "../../../../../uapi/virgl_format.ts";
import type { AttributeType } from "../../../shader/tgsi/mod.ts";
import type { Engine } from "../engine.ts";
import type { Numbering } from "../numbering.ts";
import { VirglObject } from "../object.ts";
import { badCommand, badVertexFormat } from "../refusal.ts";

/** Most elements that a client may name, as in Gallium. */
const MAX_ELEMENTS = 32;

/** Vertex elements. Each gets a Vulkan binding of its own, which takes any offset and divisor. */
export class VertexElements extends VirglObject {
  readonly type = VIRGL_OBJECT_VERTEX_ELEMENTS;
  /** How many. */
  readonly count: number;
  /** Byte offset of each in its buffer. */
  readonly offsets: Uint32Array;
  /** Vertex buffer slot of each. */
  readonly buffers: Uint8Array;
  /** VkFormat of each. */
  readonly formats: Uint32Array;
  /** VkFormat of what each has 16 bytes further, for the shader at a location 16 further; 0 for nothing. */
  readonly seconds: Uint32Array;
  /** Bytes less one of what has to be aligned in each: a component, or a packed word. */
  readonly alignments: Uint8Array;
  /** Bytes of each value. */
  readonly extents: Uint8Array;
  /** What a fourth component of each is to be, where the GPU fetches four and there are three; 0 where it fetches what is there. */
  readonly fills: Uint16Array;
  /** Instances a value of each; 0: a value a vertex. */
  readonly divisors: Uint32Array;
  /** What shaders see of each. */
  readonly types: readonly AttributeType[];
  /** A number for formats and divisors: equal ones need no other pipeline. */
  readonly layout: number;
  /** A number for `types`. */
  readonly typesKey: number;

  /** Reads them. @throws {VirglRefusal} for formats and divisors that the GPU lacks, slots that are none */
  constructor(engine: Engine, layouts: Numbering, words: Uint32Array, at: number, length: number) {
    super();
    const { gpu, formats } = engine;
    const count = this.count = length >>> 2;
    if (count > MAX_ELEMENTS || (length & 3) !== 0) throw badCommand(`Cannot make ${length / 4} vertex elements`);
    if (count > Math.min(gpu.limits.maxVertexInputBindings, gpu.limits.maxVertexInputAttributes)) {
      throw badCommand(`Cannot make ${count} vertex elements: the GPU has fewer`);
    }
    this.offsets = new Uint32Array(count);
    this.buffers = new Uint8Array(count);
    this.formats = new Uint32Array(count);
    this.seconds = new Uint32Array(count);
    this.divisors = new Uint32Array(count);
    this.alignments = new Uint8Array(count);
    this.extents = new Uint8Array(count);
    this.fills = new Uint16Array(count);
    const types: AttributeType[] = [];
    let key = "";
    for (let i = 0; i < count; i++) {
      const offset = words[at + i * 4], divisor = words[at + i * 4 + 1];
      const buffer = words[at + i * 4 + 2], format = words[at + i * 4 + 3];
      if (buffer >= MAX_ELEMENTS) throw badCommand(`Cannot make vertex element ${i}: buffer ${buffer} is none`);
      const fetch = formats.vertexFetch(format);
      if (fetch === undefined || (fetch.second !== 0 && i + 16 >= gpu.limits.maxVertexInputAttributes)) {
        throw badVertexFormat(
          `Cannot make vertex element ${i}: ${virglFormat(format)?.name ?? format} is no vertex format here`,
        );
      }
      if (divisor > 1 && (!gpu.has.vertexDivisor || divisor > engine.maxDivisor)) {
        throw badCommand(`Cannot make vertex element ${i}: the GPU has no divisor ${divisor}`);
      }
      this.offsets[i] = offset;
      this.buffers[i] = buffer;
      this.formats[i] = fetch.vk;
      this.seconds[i] = fetch.second;
      this.divisors[i] = divisor;
      this.alignments[i] = fetch.alignment;
      this.fills[i] = fetch.fill;
      this.extents[i] = virglFormat(format)?.blockBytes ?? 0;
      types.push(fetch.type);
      key += `${fetch.vk}/${fetch.second}/${divisor},`;
    }
    this.types = types;
    this.layout = layouts.number(key);
    this.typesKey = types.every((type) => type === "float") ? 0 : layouts.number(`types ${JSON.stringify(types)}`);
  }

  protected override release(): void {}
}
