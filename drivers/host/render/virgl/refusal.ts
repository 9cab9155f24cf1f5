/**
 * The refusal of a virgl command: it loses the context that sent it. The numbers are enum virgl_ctx_errors of virgl_hw.h
 * (uapi/virgl_error.ts); hosts that report to a guest's log print them.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import {
  VIRGL_ERROR_CTX_ILLEGAL_CMD_BUFFER,
  VIRGL_ERROR_CTX_ILLEGAL_FORMAT,
  VIRGL_ERROR_CTX_ILLEGAL_HANDLE,
  VIRGL_ERROR_CTX_ILLEGAL_RESOURCE,
  VIRGL_ERROR_CTX_ILLEGAL_SHADER,
  VIRGL_ERROR_CTX_ILLEGAL_SURFACE,
  VIRGL_ERROR_CTX_ILLEGAL_VERTEX_FORMAT,
} from "../../../../uapi/virgl_error.ts";

/** Why a context was lost: EINVAL with virgl's own number. */
export class VirglRefusal extends DrmError {
  /** VIRGL_ERROR_CTX_*. */
  readonly virgl: number;

  /** A refusal. @param virgl VIRGL_ERROR_CTX_*. @param message "Cannot X: Y". */
  constructor(virgl: number, message: string) {
    super("EINVAL", message);
    this.virgl = virgl;
  }
}

/** A command that cannot be read, or whose numbers make no sense. */
export function badCommand(message: string): VirglRefusal {
  return new VirglRefusal(VIRGL_ERROR_CTX_ILLEGAL_CMD_BUFFER, message);
}

/** An object handle that names nothing, or something of another kind. */
export function badHandle(message: string): VirglRefusal {
  return new VirglRefusal(VIRGL_ERROR_CTX_ILLEGAL_HANDLE, message);
}

/** A resource that is none of the context's, or unfit for what is asked. */
export function badResource(message: string): VirglRefusal {
  return new VirglRefusal(VIRGL_ERROR_CTX_ILLEGAL_RESOURCE, message);
}

/** A surface that is none, or unfit for what is asked. */
export function badSurface(message: string): VirglRefusal {
  return new VirglRefusal(VIRGL_ERROR_CTX_ILLEGAL_SURFACE, message);
}

/** A format that is none, or that the GPU has not for this use. */
export function badFormat(message: string): VirglRefusal {
  return new VirglRefusal(VIRGL_ERROR_CTX_ILLEGAL_FORMAT, message);
}

/** A vertex format that is none, or that the GPU has not. */
export function badVertexFormat(message: string): VirglRefusal {
  return new VirglRefusal(VIRGL_ERROR_CTX_ILLEGAL_VERTEX_FORMAT, message);
}

/** A shader that cannot be read, translated or linked. */
export function badShader(message: string): VirglRefusal {
  return new VirglRefusal(VIRGL_ERROR_CTX_ILLEGAL_SHADER, message);
}
