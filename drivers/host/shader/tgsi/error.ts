/** The error of a shader that cannot be read or translated: EINVAL with the line of the text it comes from. */
import { DrmError } from "../../../../core/error.ts";

/** A shader was refused. Every wrong TGSI text ends in this and in nothing else. */
export class ShaderError extends DrmError {
  /** Line of the TGSI text, from 1; 0 when the fault has no line. */
  readonly line: number;

  /** A refusal. @param line line of the text from 1, or 0. @param sentence what is wrong, without a full stop. */
  constructor(line: number, sentence: string) {
    super("EINVAL", `Cannot translate the shader: ${line > 0 ? `line ${line}: ` : ""}${sentence}`);
    this.name = "ShaderError";
    this.line = line;
  }
}
