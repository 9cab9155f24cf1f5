/**
 * A screen and an inspector in a browser.
 * @module
 */

export type { RfbSessionOptions } from "../rfb/session.ts";
export type { ScreenSource, ScreenViewer, ViewerCursor } from "../screen_source.ts";
export { TileSet } from "../board/tile_set.ts";
export { type InspectLimits, type InspectSource } from "./inspect_feed.ts";
export { type SocketLimits, SocketStream } from "./socket_stream.ts";
export { WebServer, type WebServerOptions } from "./web_server.ts";
