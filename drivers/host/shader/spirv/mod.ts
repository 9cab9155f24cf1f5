/** A builder of SPIR-V modules. @module */
export * from "./enums.ts";
export * from "./module.ts";
export { Words } from "./words.ts";
