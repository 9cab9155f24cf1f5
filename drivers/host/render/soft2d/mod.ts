/**
 * The renderer on the CPU: the default for 2D without a GPU, and the reference in tests.
 * @module
 */

export { Soft2d, soft2d } from "./soft2d.ts";
