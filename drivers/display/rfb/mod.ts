/**
 * VNC: a server of the RFB protocol, for any screen.
 * @module
 */

export { desEncrypt, vncResponse } from "./des.ts";
export { keyOfKeysym, keyOfScancode } from "./keys.ts";
export { RfbDisplay, type RfbDisplayOptions } from "./rfb_display.ts";
export { RFB_PORT, RfbServer, type RfbServerOptions } from "./server.ts";
export { RfbSession, type RfbSessionOptions } from "./session.ts";
export { RfbEnd, RfbError, type RfbTransport } from "./transport.ts";
export type { ScreenSource, ScreenViewer, ViewerCursor } from "../screen_source.ts";
export { InputSeat } from "../input_seat.ts";
