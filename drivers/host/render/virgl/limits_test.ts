/** What one context may make, in all its sub-contexts, and that others do not notice when it may not. */
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { DrmError } from "../../../../core/error.ts";
import { PIPE_BUFFER, PIPE_TEXTURE_2D } from "../../../../uapi/pipe.ts";
import { VIRGL_FORMAT_R8_UNORM, VIRGL_FORMAT_R8G8B8A8_UNORM } from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BEGIN_QUERY,
  VIRGL_CCMD_CREATE_OBJECT,
  VIRGL_CCMD_CREATE_SUB_CTX,
  VIRGL_CCMD_DESTROY_OBJECT,
  VIRGL_CCMD_DESTROY_SUB_CTX,
  VIRGL_CCMD_SET_SUB_CTX,
  VIRGL_CMD0,
  VIRGL_OBJECT_DSA,
  VIRGL_OBJECT_QUERY,
  VIRGL_OBJECT_SHADER,
} from "../../../../uapi/virgl_protocol.ts";
import { VIRTIO_GPU_CAPSET_VIRGL2 } from "../../../../uapi/virtio_gpu.ts";
import { Budget } from "./budget.ts";
import { virglContexts } from "./contexts.ts";
import { TestClient, withClient } from "./copies_testing.ts";
import { Engine } from "./engine.ts";
import { LIMITS } from "./limits.ts";
import { SamplerState } from "./objects/sampler_state.ts";
import { VirglRefusal } from "./refusal.ts";
import { withVirgl } from "./testing.ts";
import type { Virgl } from "./virgl.ts";

const SIZE = 4, FORMAT = VIRGL_FORMAT_R8G8B8A8_UNORM;

/** Draws white over a picture, and looks at it. */
function draws(virgl: Virgl): boolean {
  using client = new TestClient(virgl);
  const picture = client.make({ width: SIZE, height: SIZE, format: FORMAT });
  client.render([[picture, FORMAT]]);
  client.prepareDraws(SIZE, SIZE);
  client.draw([-1, -1], [3, -1], [-1, 3]);
  return client.read(picture).every((byte) => byte === 255);
}

/** Sends commands until one is refused. @returns how many were not */
function untilRefused(virgl: Virgl, most: number, words: (i: number) => readonly number[], kind: string): number {
  using context = virgl.createContext(VIRTIO_GPU_CAPSET_VIRGL2, "greedy");
  for (let i = 0; i < most; i++) {
    const command = Uint32Array.from(words(i));
    try {
      context.submit(command, command.length);
    } catch (error) {
      if (!(error instanceof DrmError) || error.code !== kind) throw error;
      assertThrows(() => context.submit(command, command.length), DrmError, "lost");
      return i;
    }
  }
  return most;
}

const options = { contexts: virglContexts, validation: false };

Deno.test("objects: a context that makes them without end is lost, whichever sub-context they are in", () =>
  withVirgl((virgl) => {
    // Some thousand with each submission, in sub-contexts that take turns.
    const batch = 4096,
      made = untilRefused(virgl, 100, (i) => {
        const words = [
          VIRGL_CMD0(VIRGL_CCMD_CREATE_SUB_CTX, 0, 1),
          i % 4,
          VIRGL_CMD0(VIRGL_CCMD_SET_SUB_CTX, 0, 1),
          i % 4,
        ];
        for (let k = 1; k <= batch; k++) {
          words.push(VIRGL_CMD0(VIRGL_CCMD_CREATE_OBJECT, VIRGL_OBJECT_DSA, 5), i * batch + k, 0, 0, 0, 0);
        }
        return words;
      }, "EINVAL");
    assertEquals(made, LIMITS.objects / batch);
    // Those that go make room.
    const again = untilRefused(virgl, 100, (i) => {
      const words: number[] = [];
      for (let k = 1; k <= batch; k++) {
        words.push(VIRGL_CMD0(VIRGL_CCMD_CREATE_OBJECT, VIRGL_OBJECT_DSA, 5), i * batch + k, 0, 0, 0, 0);
        words.push(VIRGL_CMD0(VIRGL_CCMD_DESTROY_OBJECT, VIRGL_OBJECT_DSA, 1), i * batch + k);
      }
      return words;
    }, "EINVAL");
    assertEquals(again, 100);
    assertEquals(draws(virgl), true);
  }, options));

Deno.test("shaders: their text is limited, each and all, complete or not", () =>
  withVirgl((virgl) => {
    const shader = (bytes: number, complete: boolean) => (i: number) => {
      const text = "FRAG\n  0: END\n", length = complete ? 65000 * 4 : 16, body = new Uint8Array(length).fill(10);
      new TextEncoder().encodeInto(text, body);
      if (complete) body[length - 1] = 0;
      const words = new Uint32Array(body.buffer), sub = i % 200;
      return [
        ...complete ? [] : [
          ...[VIRGL_CMD0(VIRGL_CCMD_CREATE_SUB_CTX, 0, 1), sub, VIRGL_CMD0(VIRGL_CCMD_SET_SUB_CTX, 0, 1), sub],
        ],
        VIRGL_CMD0(VIRGL_CCMD_CREATE_OBJECT, VIRGL_OBJECT_SHADER, 5 + words.length),
        ...[i + 1, 1, complete ? length : bytes, 300, 0],
        ...words,
      ];
    };
    const most = Math.floor(LIMITS.totalShaderBytes / (65000 * 4 - 1));
    assertEquals(untilRefused(virgl, 500, shader(0, true), "ENOMEM"), most);
    // Only begun: memory is kept for the rest.
    assertEquals(untilRefused(virgl, 100, shader(LIMITS.shaderBytes, false), "ENOMEM"), 32);
    assertEquals(untilRefused(virgl, 100, shader(LIMITS.shaderBytes + 1, false), "EINVAL"), 0);
    assertEquals(draws(virgl), true);
  }, options));

Deno.test("sub-contexts: so many, and those that go make room", () =>
  withVirgl((virgl) => {
    const make = (i: number) => [VIRGL_CMD0(VIRGL_CCMD_CREATE_SUB_CTX, 0, 1), i];
    assertEquals(untilRefused(virgl, 1000, make, "EINVAL"), LIMITS.subContexts);
    const both = (i: number) => [...make(i + 1), VIRGL_CMD0(VIRGL_CCMD_DESTROY_SUB_CTX, 0, 1), i + 1];
    assertEquals(untilRefused(virgl, 1000, both, "EINVAL"), 1000);
    assertEquals(draws(virgl), true);
  }, options));

Deno.test("queries: so many may be active at once", () =>
  withClient((client) => {
    const buffer = client.makeBuffer(16);
    const make = (handle: number) => client.create(VIRGL_OBJECT_QUERY, handle, 0, 0, buffer);
    for (let i = 1; i <= 64; i++) {
      make(i);
      client.run(VIRGL_CCMD_BEGIN_QUERY, i);
    }
    make(65);
    assertThrows(() => client.run(VIRGL_CCMD_BEGIN_QUERY, 65), VirglRefusal, "64 are active");
    assertEquals(draws(client.virgl), true);
  }, { validation: false }));

Deno.test("samplers: a context that wants one of each kind is refused, and others have theirs", async () => {
  let engine: Engine | undefined;
  await withVirgl(() => {
    if (engine === undefined) throw new Error("Cannot find the engine");
    const made: SamplerState[] = [], used = engine;
    const take = (budget: Budget, first: number, count: number) => {
      for (let i = 0; i < count; i++) {
        // Another bias each.
        const bias = new Uint32Array(Float32Array.of((first + i) / 4096).buffer)[0];
        const state = new SamplerState(used, budget, Uint32Array.of(0, bias, 0, 0, 0, 0, 0, 0), 0);
        made.push(state);
        state.sampler(0);
      }
    };
    const greedy = new Budget(), other = new Budget();
    take(greedy, 0, LIMITS.contextSamplers);
    assertThrows(() => take(greedy, 3000, 1), DrmError, "samplers");
    take(other, 4000, 10);
    for (const state of made) state.drop();
    assertEquals([greedy.used("samplers"), other.used("samplers")], [0, 0]);
  }, {
    validation: false,
    contexts: (parts) => {
      const made = engine = new Engine(parts);
      const create = () => {
        throw new TypeError("Cannot make a context here");
      };
      return { create, [Symbol.dispose]: () => made[Symbol.dispose]() };
    },
  });
});

Deno.test("Budget: what is too much is not counted, and what is given back is there again", () => {
  const budget = new Budget();
  for (const what of ["pipelines", "moduleBytes", "shaders"] as const) {
    const most = { pipelines: LIMITS.pipelines, moduleBytes: LIMITS.moduleBytes, shaders: LIMITS.shaders }[what];
    budget.take(what, most);
    assertEquals([budget.has(what, 0), budget.has(what, 1)], [true, false]);
    assertThrows(() => budget.take(what, 1), DrmError, what);
    assertEquals(budget.used(what), most);
    budget.give(what, 1);
    budget.take(what, 1);
  }
});

Deno.test("resources: memory has an end (ENOMEM), what is given back is there again, and the process stays as it is", () =>
  withVirgl((virgl) => {
    const texture = () =>
      virgl.createResource3d({
        ...{ target: PIPE_TEXTURE_2D, format: FORMAT, bind: 0, width: 1024, height: 1024, depth: 1, arraySize: 1 },
        ...{ lastLevel: 0, nrSamples: 0, flags: 0 },
      });
    const made: ReturnType<typeof virgl.createResource3d>[] = [];
    assertThrows(
      () => {
        for (let i = 0; i < 1000; i++) made.push(texture());
      },
      DrmError,
      "device memory",
    );
    assertEquals(made.length, 16);
    for (const resource of made) virgl.destroyResource(resource);
    virgl.submit();
    const before = Deno.memoryUsage().rss;
    for (let i = 0; i < 500; i++) {
      const resource = virgl.createResource3d({
        ...{ target: PIPE_BUFFER, format: VIRGL_FORMAT_R8_UNORM, bind: 0, width: 1 << 20, height: 1, depth: 1 },
        ...{ arraySize: 1, lastLevel: 0, nrSamples: 0, flags: 0 },
      });
      virgl.destroyResource(resource);
      if (i % 10 === 0) virgl.submit();
    }
    assertLess(Deno.memoryUsage().rss - before, 256 * 2 ** 20);
    assertEquals(draws(virgl), true);
  }, { ...options, maxBytes: 64 * 2 ** 20 }));
