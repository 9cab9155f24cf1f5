/** Geometry shaders have fewer inputs than other stages pass on: what they read is what counts. */
import { assertEquals, assertThrows } from "@std/assert";
import { VIRGL_FORMAT_B8G8R8A8_UNORM } from "udrm/uapi/virgl_format.ts";
import { VIRGL_CCMD_BIND_SHADER, VIRGL_OBJECT_SHADER } from "udrm/uapi/virgl_protocol.ts";
import { Semantic, semanticKey } from "../../shader/tgsi/mod.ts";
import { geometryLocations, POSITION_BUILTIN } from "../../shader/tgsi/variant.ts";
import { parseTgsi, shaderInfo } from "../../shader/tgsi/mod.ts";
import { type TestClient, withClient } from "./copies_testing.ts";
import { VirglRefusal } from "./refusal.ts";

const COVER = [[-1, -1], [3, -1], [-1, 3]] as const;
const VERTEX = 0, FRAGMENT = 1, GEOMETRY = 2;

function shader(client: TestClient, handle: number, stage: number, text: string): void {
  const bytes = new Uint8Array(Math.ceil((text.length + 1) / 4) * 4);
  new TextEncoder().encodeInto(text, bytes);
  client.create(VIRGL_OBJECT_SHADER, handle, stage, text.length + 1, 300, 0, ...new Uint32Array(bytes.buffer));
  client.run(VIRGL_CCMD_BIND_SHADER, handle, stage);
}

/** Writes the position and `count` varyings: number i is i / 100. */
function vertex(count: number): string {
  const lines = ["VERT", "DCL IN[0]", "DCL OUT[0], POSITION"];
  for (let i = 0; i < count; i++) lines.push(`DCL OUT[${i + 1}], GENERIC[${i}]`);
  for (let i = 0; i < count; i++) lines.push(`IMM[${i}] FLT32 {${(i / 100).toFixed(2)}, 0.0, 0.0, 1.0}`);
  let n = 0;
  lines.push(`${n++}: MOV OUT[0], IN[0]`);
  for (let i = 0; i < count; i++) lines.push(`${n++}: MOV OUT[${i + 1}], IMM[${i}]`);
  lines.push(`${n}: END`, "");
  return lines.join("\n");
}

/** Reads the position and some varyings, and passes the sum of those on. */
function geometry(varyings: readonly number[], position = true): string {
  const lines = [
    "GEOM",
    "PROPERTY GS_INPUT_PRIMITIVE TRIANGLES",
    "PROPERTY GS_OUTPUT_PRIMITIVE TRIANGLE_STRIP",
    "PROPERTY GS_MAX_OUTPUT_VERTICES 3",
    "PROPERTY GS_INVOCATIONS 1",
  ];
  if (position) lines.push("DCL IN[][0], POSITION");
  varyings.forEach((number, i) => lines.push(`DCL IN[][${i + 1}], GENERIC[${number}]`));
  lines.push(
    "DCL OUT[0], POSITION",
    "DCL OUT[1], GENERIC[0]",
    "DCL TEMP[0]",
    "IMM[0] INT32 {0, 1, 2, 3}",
    "IMM[1] FLT32 {-1.0, 3.0, 0.0, 1.0}",
  );
  let n = 0;
  const constants = ["IMM[1].xxzw", "IMM[1].yxzw", "IMM[1].xyzw"];
  for (let v = 0; v < 3; v++) {
    lines.push(`${n++}: MOV OUT[0], ${position ? `IN[${v}][0]` : constants[v]}`, `${n++}: MOV TEMP[0], IMM[1].zzzw`);
    varyings.forEach((_, i) => lines.push(`${n++}: ADD TEMP[0].x, TEMP[0].xxxx, IN[${v}][${i + 1}].xxxx`));
    lines.push(`${n++}: MOV OUT[1], TEMP[0]`, `${n++}: EMIT IMM[0].xxxx`);
  }
  lines.push(`${n++}: ENDPRIM IMM[0].xxxx`, `${n}: END`, "");
  return lines.join("\n");
}

const SHOW = `FRAG
DCL IN[0], GENERIC[0], CONSTANT
DCL OUT[0], COLOR
  0: MOV OUT[0], IN[0]
  1: END
`;

const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

const sum = (varyings: readonly number[]) =>
  Math.round(Math.min(1, varyings.reduce((sum, number) => sum + number / 100, 0)) * 255);

/** A client whose vertex shader writes more than a geometry shader may read. */
class Drawing {
  readonly #client: TestClient;
  readonly #picture: number;
  /** Locations of a geometry shader's inputs. */
  readonly most: number;
  /** Varyings that the vertex shader writes. */
  readonly written: number;
  #handle = 710;

  constructor(client: TestClient) {
    this.#client = client;
    this.#picture = client.make({ width: 1, height: 1, format: VIRGL_FORMAT_B8G8R8A8_UNORM });
    client.render([[this.#picture, VIRGL_FORMAT_B8G8R8A8_UNORM]]);
    client.prepareDraws(1, 1);
    this.most = client.virgl.gpu.geometryInputs / 4;
    this.written = Math.min(31, this.most + 10);
    shader(client, 700, VERTEX, vertex(this.written));
    shader(client, 701, FRAGMENT, SHOW);
  }

  /** Draws with a geometry shader that reads these. @returns red */
  through(varyings: readonly number[], position = true): number {
    shader(this.#client, this.#handle++, GEOMETRY, geometry(varyings, position));
    this.#client.draw(...COVER);
    return this.#client.read(this.#picture)[2];
  }

  /** Draws without one. @returns red */
  plain(varying: number): number {
    this.#client.run(VIRGL_CCMD_BIND_SHADER, 0, GEOMETRY);
    shader(this.#client, this.#handle++, FRAGMENT, SHOW.replace("GENERIC[0]", `GENERIC[${varying}]`));
    this.#client.draw(...COVER);
    return this.#client.read(this.#picture)[2];
  }
}

Deno.test("a geometry shader reads any of more varyings than it may have inputs, and refuses more than those", async () => {
  await withClient((client) => {
    const drawing = new Drawing(client), { most, written } = drawing;
    assertEquals(most * 4, client.virgl.gpu.limits.maxGeometryInputComponents);
    // Within the limit as they are, beyond it, and all that there may be; the vertex shader serves each in its own way.
    for (
      const list of [[0, 3], [written - 1], [written - 1, written - 2, 1], [2], range(written - most + 1, most - 1)]
    ) {
      assertEquals(drawing.through(list), sum(list));
    }
    const full = range(written - most, most);
    assertEquals(drawing.through(full, false), sum(full));
    assertEquals(drawing.plain(written - 1), sum([written - 1]));
    if (written > most) assertThrows(() => drawing.through(range(0, most + 1)), VirglRefusal, "reads more");
  });
});

Deno.test("the position comes beside as many varyings as there may be", async () => {
  // Builtins have no locations, which alone are limited (VUID-RuntimeSpirv-Location-06272); layers of 2023 count them all the same.
  await withClient((client) => {
    const drawing = new Drawing(client),
      full = range(Math.max(0, drawing.written - drawing.most), Math.min(drawing.most, 31));
    assertEquals(drawing.through(full), sum(full));
  }, { validation: false });
});

Deno.test("geometryLocations: what is read, the position last, as the builtin when there is no room", () => {
  const outputs = new Map(range(0, 20).map((i) => [semanticKey(Semantic.GENERIC, i), i]));
  const position = semanticKey(Semantic.POSITION, 0);
  outputs.set(position, 20);
  const read = (varyings: readonly number[], most: number) =>
    geometryLocations(outputs, shaderInfo(parseTgsi(geometry(varyings))), most);
  const generic = (i: number) => semanticKey(Semantic.GENERIC, i);
  assertEquals([...read([19, 3], 4) ?? []], [[generic(19), 0], [generic(3), 1], [position, 2]]);
  assertEquals([...read([19, 3], 2) ?? []], [[generic(19), 0], [generic(3), 1], [position, POSITION_BUILTIN]]);
  assertEquals(read([19, 3, 4], 2), undefined);
  // Nobody wrote it: it takes no room.
  assertEquals([...read([25, 3], 1) ?? []], [[generic(3), 0], [position, POSITION_BUILTIN]]);
});
