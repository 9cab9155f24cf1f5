/** The tessellation control shader that Gallium implies when only an evaluation shader is bound. */
import { Semantic, SEMANTICS } from "./names.ts";
import type { ShaderInfo } from "./info.ts";

/**
 * TGSI of a control shader that passes all vertices on, with the levels of the driver's constants (SET_TESS_STATE).
 * @param producer what is known of the vertex shader
 * @param vertices vertices of a patch, 1 to 32
 */
export function passthroughControl(producer: ShaderInfo, vertices: number): string {
  const outputs = producer.outputs.filter(({ name }) => name !== Semantic.EDGEFLAG);
  const lines = ["TESS_CTRL", `PROPERTY TCS_VERTICES_OUT ${vertices}`];
  outputs.forEach(({ name, index }, i) => {
    lines.push(`DCL IN[][${i}], ${SEMANTICS[name]}[${index}]`, `DCL OUT[][${i}], ${SEMANTICS[name]}[${index}]`);
  });
  const n = outputs.length;
  lines.push(`DCL OUT[${n}], TESSOUTER`, `DCL OUT[${n + 1}], TESSINNER`);
  lines.push("DCL SV[0], INVOCATIONID", "DCL SV[1], TESSOUTER", "DCL SV[2], TESSINNER", "DCL ADDR[0]");
  lines.push("UARL ADDR[0].x, SV[0].xxxx");
  for (let i = 0; i < n; i++) lines.push(`MOV OUT[ADDR[0].x][${i}], IN[ADDR[0].x][${i}]`);
  lines.push(`MOV OUT[${n}], SV[1]`, `MOV OUT[${n + 1}].xy, SV[2]`, "END");
  return lines.join("\n") + "\n";
}
