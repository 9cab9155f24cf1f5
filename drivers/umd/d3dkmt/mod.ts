/**
 * The D3DKMT calls over /dev/dxg.
 * @module
 */

export { D3dkmt } from "./d3dkmt.ts";
