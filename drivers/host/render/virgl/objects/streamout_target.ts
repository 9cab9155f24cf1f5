/**
 * VIRGL_OBJECT_STREAMOUT_TARGET: a part of a buffer that transform feedback writes to. Mirrors pipe_stream_output_target.
 * @module
 */

import { VIRGL_OBJECT_STREAMOUT_TARGET } from "../../../../../uapi/virgl_protocol.ts";
import type { VirglContext } from "../context.ts";
import type { ObjectMakers } from "../handlers.ts";
import { VirglObject } from "../object.ts";
import { badCommand, badResource } from "../refusal.ts";
import type { VirglResource } from "../resource.ts";

/** A target. */
export class StreamoutTarget extends VirglObject {
  readonly type = VIRGL_OBJECT_STREAMOUT_TARGET;
  /** The buffer. */
  readonly resource: VirglResource;
  /** First byte, a multiple of 4. */
  readonly offset: number;
  /** Bytes, 1 at least. */
  readonly size: number;

  /** Keeps the resource. */
  constructor(resource: VirglResource, offset: number, size: number) {
    super();
    this.resource = resource;
    this.offset = offset;
    this.size = size;
    resource.ref();
  }

  protected override release(): void {
    this.resource.unref();
  }
}

function makeTarget(context: VirglContext, _handle: number, words: Uint32Array, at: number): StreamoutTarget {
  const resource = context.resource(words[at]), offset = words[at + 1], size = words[at + 2];
  if (!context.engine.gpu.has.transformFeedback) throw badCommand("Cannot make a streamout target: the GPU has none");
  if (resource.buffer === undefined) throw badResource("Cannot make a streamout target of a texture");
  const room = resource.buffer.size - offset;
  if (offset % 4 !== 0 || size === 0 || room <= 0) {
    throw badCommand(`Cannot make a streamout target of ${size} bytes at ${offset} of ${resource.buffer.size}`);
  }
  return new StreamoutTarget(resource, offset, Math.min(size, room));
}

/** Makers of targets. */
export const streamoutMakers: ObjectMakers = { [VIRGL_OBJECT_STREAMOUT_TARGET]: makeTarget };
