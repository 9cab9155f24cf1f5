import { assertEquals } from "@std/assert";
import { Semantic } from "./mod.ts";
import { DriverConstants } from "./layout.ts";
import { draw, type Drawing, withGpu } from "./testing_draw.ts";
import { semanticKey } from "./variant.ts";

/** A fragment shader whose TEMP[0].x is the pixel's number as an integer, and whose TEMP[1] is the result. */
function program(body: string, declarations = ""): string {
  const lines = body.trim().split("\n").map((line, i) => `${i + 2}: ${line.trim()}`);
  return `FRAG
DCL IN[0], POSITION, LINEAR
DCL OUT[0], COLOR
DCL TEMP[0..9]
DCL TEMP[10..19], ARRAY(1), LOCAL
DCL ADDR[0]
${declarations}
IMM[0] UINT32 {0, 1, 2, 3}
IMM[1] UINT32 {4, 5, 10, 100}
IMM[2] FLT32 {0.0, 1.0, 0.5, -1.0}
0: F2I TEMP[0].x, IN[0].xxxx
1: MOV TEMP[1], IMM[0].xxxx
${lines.join("\n")}
100: MOV OUT[0], TEMP[1]
101: END
`;
}

function rows(pixels: Uint32Array, component = 0): number[] {
  return Array.from({ length: pixels.length / 4 }, (_, i) => pixels[i * 4 + component]);
}

async function expect(fragment: string, want: number[], drawing: Partial<Drawing> = {}): Promise<void> {
  await withGpu((device) => {
    for (const opaqueBranches of [false, true]) {
      const fragmentVariant = { ...drawing.fragmentVariant, opaqueBranches };
      assertEquals(rows(draw(device, { fragment, width: want.length, ...drawing, fragmentVariant })), want);
    }
  });
}

const CLEAR = 0xdeadbeef;

Deno.test("IF and ELSE take one side", async () => {
  await expect(
    program(`
    USLT TEMP[2].x, TEMP[0].xxxx, IMM[0].zzzz
    UIF TEMP[2].xxxx :0
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[1].zzzz
    ELSE :0
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[1].wwww
    ENDIF
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[0].yyyy`),
    [11, 11, 101, 101],
  );
});

Deno.test("nested loops with BRK and CONT count right", async () => {
  // for i in 0..n { for j in 0..5 { if j == 2 continue; if j == 4 break; sum += 1 } sum += 10 }
  await expect(
    program(`
    MOV TEMP[2], IMM[0].xxxx
    BGNLOOP
    USGE TEMP[3].x, TEMP[2].xxxx, TEMP[0].xxxx
    UIF TEMP[3].xxxx
    BRK
    ENDIF
    UADD TEMP[2].x, TEMP[2].xxxx, IMM[0].yyyy
    UADD TEMP[4].x, IMM[0].xxxx, -IMM[0].yyyy
    BGNLOOP
    UADD TEMP[4].x, TEMP[4].xxxx, IMM[0].yyyy
    USEQ TEMP[3].x, TEMP[4].xxxx, IMM[0].zzzz
    UIF TEMP[3].xxxx
    CONT
    ENDIF
    USEQ TEMP[3].x, TEMP[4].xxxx, IMM[1].xxxx
    UIF TEMP[3].xxxx
    BRK
    ENDIF
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[0].yyyy
    ENDLOOP
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[1].zzzz
    ENDLOOP`),
    [0, 13, 26, 39, 52],
  );
});

Deno.test("SWITCH falls through, has its DEFAULT anywhere, and lets CONT reach the loop", async () => {
  await expect(
    program(`
    SWITCH TEMP[0].xxxx
    CASE IMM[0].yyyy
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[0].yyyy
    DEFAULT
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[1].zzzz
    CASE IMM[0].zzzz
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[1].wwww
    BRK
    CASE IMM[0].wwww
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[1].yyyy
    ENDSWITCH`),
    [110, 111, 100, 5, 110],
  );
  await expect(
    program(`
    MOV TEMP[2], IMM[0].xxxx
    BGNLOOP
    UADD TEMP[2].x, TEMP[2].xxxx, IMM[0].yyyy
    USLT TEMP[3].x, IMM[1].xxxx, TEMP[2].xxxx
    UIF TEMP[3].xxxx
    BRK
    ENDIF
    SWITCH TEMP[2].xxxx
    CASE IMM[0].zzzz
    CONT
    DEFAULT
    BRK
    ENDSWITCH
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[0].yyyy
    ENDLOOP`),
    [3, 3],
  );
});

Deno.test("CAL, RET in a subroutine and an early RET of the shader", async () => {
  const text = program(`
    USEQ TEMP[2].x, TEMP[0].xxxx, IMM[0].zzzz
    UIF TEMP[2].xxxx
    MOV OUT[0], IMM[1].wwww
    RET
    ENDIF
    CAL :13
    CAL :13`);
  const subroutine = `102: BGNSUB
103: USEQ TEMP[3].x, TEMP[0].xxxx, IMM[0].yyyy
104: UIF TEMP[3].xxxx
105: RET
106: ENDIF
107: UADD TEMP[1].x, TEMP[1].xxxx, IMM[1].yyyy
108: ENDSUB
`;
  // The label counts instructions, not the numbers in front of them.
  const at = text.split("\n").filter((line) => /^\d+:/.test(line)).length;
  await expect(text.replaceAll(":13", `:${at}`) + subroutine, [10, 0, 100, 10]);
});

Deno.test("KILL, KILL_IF and the alpha test leave the pixel alone", async () => {
  await expect(
    program(`
    U2F TEMP[2].x, TEMP[0].xxxx
    ADD TEMP[2].x, TEMP[2].xxxx, -IMM[2].yyyy
    KILL_IF TEMP[2].xxxx
    UIF TEMP[0].xxxx
    USEQ TEMP[3].x, TEMP[0].xxxx, IMM[0].wwww
    UIF TEMP[3].xxxx
    KILL
    ENDIF
    ENDIF
    MOV TEMP[1].x, TEMP[0].xxxx`),
    [CLEAR, 1, 2, CLEAR, 4],
  );
  const driver = new Uint32Array(DriverConstants.size / 4);
  new Float32Array(driver.buffer)[DriverConstants.alphaRef / 4] = 2;
  const alpha = program(`
    MOV TEMP[1].x, TEMP[0].xxxx
    U2F TEMP[1].w, TEMP[0].xxxx`);
  const want: [number, number[]][] = [
    [0, [CLEAR, CLEAR, CLEAR, CLEAR]],
    [1, [0, 1, CLEAR, CLEAR]],
    [2, [CLEAR, CLEAR, 2, CLEAR]],
    [3, [0, 1, 2, CLEAR]],
    [4, [CLEAR, CLEAR, CLEAR, 3]],
    [5, [0, 1, CLEAR, 3]],
    [6, [CLEAR, CLEAR, 2, 3]],
    [7, [0, 1, 2, 3]],
  ];
  for (const [alphaFunc, pixels] of want) await expect(alpha, pixels, { driver, fragmentVariant: { alphaFunc } });
});

Deno.test("an endless loop ends when its budget is spent", async () => {
  const text = program(`
    BGNLOOP
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[0].yyyy
    BGNLOOP
    UADD TEMP[1].x, TEMP[1].xxxx, IMM[0].yyyy
    ENDLOOP
    ENDLOOP`);
  await expect(text, [100, 100], { fragmentVariant: { loopLimit: 100 } });
});

Deno.test("indirectly addressed temporaries stay in their array", async () => {
  const declare = program(`
    UARL ADDR[0].x, TEMP[0].xxxx
    MOV TEMP[10], IMM[1].xxxx
    MOV TEMP[11], IMM[1].yyyy
    MOV TEMP[19], IMM[1].wwww
    MOV TEMP[ADDR[0].x+10](1).x, IMM[1].zzzz
    UADD TEMP[1].x, TEMP[10].xxxx, TEMP[ADDR[0].x+11](1).xxxx
    UADD TEMP[1].x, TEMP[1].xxxx, TEMP[9].xxxx`);
  // Pixel 20 is beyond the array: the last register is meant then.
  const pixels = Array.from({ length: 21 }, (_, i) => i);
  const model = pixels.map((i) => {
    const array = new Array<number>(10).fill(0);
    [array[0], array[1], array[9]] = [4, 5, 100];
    array[Math.min(i, 9)] = 10;
    return array[0] + array[Math.min(i + 1, 9)];
  });
  await expect(declare, model);
});

Deno.test("the fragment position has the origin and center that the properties ask for", async () => {
  const text = (properties: string): string =>
    program("F2I TEMP[1], IN[0].yyyy").replace("FRAG", `FRAG\n${properties}`);
  const column = { width: 1, height: 4 };
  const draws = async (properties: string, want: number[], variant = {}): Promise<void> => {
    await withGpu((device) => {
      const pixels = draw(device, { fragment: text(properties), fragmentVariant: variant, ...column });
      assertEquals(rows(pixels), want);
    });
  };
  await draws("", [0, 1, 2, 3]);
  await draws("PROPERTY FS_COORD_ORIGIN LOWER_LEFT", [3, 2, 1, 0]);
  await draws("PROPERTY FS_COORD_ORIGIN LOWER_LEFT", [0, 1, 2, 3], { fragCoordYInvert: true });
  await draws("PROPERTY FS_COORD_PIXEL_CENTER INTEGER", [0, 1, 2, 3]);
  const exact = program("MOV TEMP[1].x, IN[0].xxxx").replace("FRAG", "FRAG\nPROPERTY FS_COORD_PIXEL_CENTER INTEGER");
  await expect(exact, [0, 0x3f800000]);
});

Deno.test("two-sided colours take BCOLOR on the back, and a missing input reads (0, 0, 0, 1)", async () => {
  const vertex = `VERT
DCL SV[0], VERTEXID
DCL OUT[0], POSITION
DCL OUT[1], COLOR
DCL OUT[2], BCOLOR
DCL ADDR[0]
IMM[0] FLT32 {-1.0, -1.0, 0.5, 1.0}
IMM[1] FLT32 {3.0, -1.0, 0.5, 1.0}
IMM[2] FLT32 {-1.0, 3.0, 0.5, 1.0}
IMM[3] FLT32 {1.0, 2.0, 3.0, 4.0}
0: UARL ADDR[0].x, SV[0].xxxx
1: MOV OUT[0], IMM[ADDR[0].x]
2: MOV OUT[1], IMM[3].xxxx
3: MOV OUT[2], IMM[3].yyyy
4: END
`;
  const fragment = `FRAG
DCL IN[0], COLOR, COLOR
DCL IN[1], GENERIC[7], PERSPECTIVE
DCL IN[2], FACE, CONSTANT
DCL OUT[0], COLOR
DCL TEMP[0]
0: MOV TEMP[0], IN[1]
1: MOV TEMP[0].x, IN[0].xxxx
2: MOV TEMP[0].y, IN[2].xxxx
3: F2I OUT[0], TEMP[0]
4: END
`;
  await withGpu((device) => {
    const drawn = (
      twoSide: boolean,
    ): number[] => [...draw(device, { vertex, fragment, width: 1, fragmentVariant: { twoSide } })];
    const front = drawn(false), sided = drawn(true);
    assertEquals(front[0], 1);
    assertEquals([front[2], front[3]], [0, 1]);
    // The face's sign says which side this triangle shows.
    assertEquals(sided[0], (sided[1] | 0) === 1 ? 1 : 2);
    assertEquals(sided[1], front[1]);
  });
  assertEquals(semanticKey(Semantic.BCOLOR, 0), 0x20000);
});
