import { assert, assertEquals } from "@std/assert";
import { Op } from "../spirv/mod.ts";
import { compile, hasSpirvVal, spirvVal } from "./testing.ts";
import { STAGES } from "./testing_stages.ts";

/** A fragment shader with a branch, a loop, a switch and a kill that depend on constants alone. */
const UNIFORM = `FRAG
PROPERTY FS_COORD_ORIGIN UPPER_LEFT
DCL IN[0], POSITION, LINEAR
DCL OUT[0], COLOR
DCL SAMP[0..1]
DCL SVIEW[0..1], 2D, FLOAT
DCL CONST[0][0..1]
DCL TEMP[0..1]
DCL ADDR[0]
IMM[0] UINT32 {1, 0, 0, 0}
0: MOV OUT[0], IN[0]
1: UIF CONST[0][0].xxxx :0
2: MOV OUT[0], CONST[0][1]
3: ENDIF
4: BGNLOOP
5: USGE TEMP[0].x, TEMP[1].xxxx, CONST[0][0].yyyy
6: UIF TEMP[0].xxxx :0
7: BRK
8: ENDIF
9: UADD TEMP[1].x, TEMP[1].xxxx, IMM[0].xxxx
10: ENDLOOP
11: SWITCH CONST[0][0].zzzz
12: CASE IMM[0].xxxx
13: MOV OUT[0].x, CONST[0][1].xxxx
14: BRK
15: ENDSWITCH
16: UARL ADDR[0].x, CONST[0][0].wwww
17: TEX TEMP[0], IN[0], SAMP[ADDR[0].x], 2D
18: ADD OUT[0].y, TEMP[0].xxxx, IN[0].xxxx
19: KILL_IF CONST[0][1].wwww
20: END
`;

/** The opcodes of the conditions of all branches. */
function conditions(words: Uint32Array): number[] {
  const opcodes = new Map<number, number>(), branches: number[] = [];
  for (let at = 5; at < words.length; at += words[at] >>> 16) {
    const op = words[at] & 0xffff;
    if (op === Op.BranchConditional) branches.push(words[at + 1]);
    else if (op !== Op.Store && words[at] >>> 16 > 2) opcodes.set(words[at + 2], op);
  }
  return branches.map((id) => opcodes.get(id) ?? -1);
}

Deno.test("opaqueBranches: no branch depends on constants alone", () => {
  // The loop's budget and the switch's way back are variables of the loop, which no driver takes for constants.
  const plain = conditions(compile(UNIFORM)), opaque = conditions(compile(UNIFORM, { opaqueBranches: true }));
  assertEquals(plain.filter((op) => op === Op.LogicalAnd).length, 0);
  assertEquals(opaque.length, plain.length);
  assertEquals(opaque.filter((op) => op === Op.LogicalAnd).length, 6);
  assertEquals(opaque.filter((op) => op !== Op.LogicalAnd).length, 2);
});

Deno.test({ name: "opaqueBranches: modules of all stages are valid", ignore: !hasSpirvVal }, () => {
  for (const text of [UNIFORM, ...STAGES]) {
    const words = compile(text, { opaqueBranches: true });
    assertEquals(spirvVal(words), "", text);
    assert(words.length >= compile(text).length);
  }
});
